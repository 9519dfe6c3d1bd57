-- about: high-risk transactions of the last 7 days, the riskiest first
-- on: both

select
  transaction_id,
  transaction_timestamp,
  customer_id,
  transaction_type,
  amount,
  currency,
  merchant_name,
  country,
  risk_score,
  risk_reasons
from transactions_fact
where is_high_risk
  and transaction_date >= cast(/* $as_of */ current_date as date) - 6
  and transaction_date <= cast(/* $as_of */ current_date as date)
order by risk_score desc, amount desc, transaction_timestamp desc, transaction_id collate "C"
limit /* $limit */ 1000
