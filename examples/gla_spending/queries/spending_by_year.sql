-- about: payments, refunds and vendors without a number by calendar year
-- on: both
select year, count(*) as payments, cast(sum(amount) as decimal(18, 2)) as total_amount,
       count(case when is_refund then 1 end) as refunds,
       cast(sum(case when is_refund then amount else 0 end) as decimal(18, 2)) as refunded_amount,
       count(case when vendor_id is null then 1 end) as without_vendor_id
from payments
group by year
order by year
