-- about: spending, refunds and fraud by year
-- on: both
select year, count(*) as events, cast(sum(amount) as decimal(18, 2)) as net_amount,
       count(case when is_refund then 1 end) as refunds, count(case when is_fraud then 1 end) as frauds
from card_events
group by year
order by year
