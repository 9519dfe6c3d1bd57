-- about: what each terminal took on each date, and how much of it was fraud
-- grain: terminal_id, tx_date
-- load: terminal_daily_summary
select terminal_id, tx_date, count(*) as payments, cast(sum(tx_amount) as decimal(18, 2)) as total_amount,
       count(distinct customer_id) as customers, count(case when tx_fraud then 1 end) as frauds
from card_payments
group by terminal_id, tx_date
