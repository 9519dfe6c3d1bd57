-- about: what each vendor was paid on each date
-- grain: vendor, paid_on
-- load: vendor_daily_spending
select vendor, paid_on, count(*) as payments, cast(sum(amount) as decimal(18, 2)) as total_amount,
       cast(sum(case when amount < 0 then amount else 0 end) as decimal(18, 2)) as refunded_amount
from raw_payments
group by vendor, paid_on
