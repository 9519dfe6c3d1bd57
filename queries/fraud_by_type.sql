-- about: labelled fraud by type and currency: how often, how much, and how often another rule of the score met it too
-- on: both

select
  transaction_type,
  currency,
  count(*)                                                                        as transaction_count,
  count(case when is_fraudulent then 1 end)                                       as fraud_count,
  cast(coalesce(sum(case when is_fraudulent then amount end), 0) as decimal(18, 2)) as fraud_amount,
  cast(cast(100.0 * count(case when is_fraudulent then 1 end) / count(*) as decimal(38, 10))
    as decimal(5, 2))                                                             as fraud_percent,
  count(case when is_fraudulent and risk_reasons <> 'FRAUD_LABEL' then 1 end)     as also_met_by_a_rule
from transactions_fact
group by transaction_type, currency
order by fraud_count desc, transaction_type collate "C", currency collate "C"
