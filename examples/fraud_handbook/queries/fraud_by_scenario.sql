-- about: what each fraud scenario of the handbook took, and how much of it a look at the amount alone finds
-- on: both
select tx_fraud_scenario, count(*) as payments, cast(sum(tx_amount) as decimal(18, 2)) as total_amount,
       count(case when is_high_amount then 1 end) as found_by_amount
from card_payments
group by tx_fraud_scenario
order by tx_fraud_scenario
