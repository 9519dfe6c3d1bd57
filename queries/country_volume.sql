-- about: transactions and money by country and currency; a transaction without a country is counted as such
-- on: both

select
  coalesce(country, 'none')                 as country,
  currency,
  count(*)                                  as transaction_count,
  count(distinct customer_id)               as customers,
  cast(sum(amount) as decimal(18, 2))       as total_amount,
  count(case when is_fraudulent then 1 end) as fraud_count
from transactions_fact
group by coalesce(country, 'none'), currency
order by total_amount desc, coalesce(country, 'none') collate "C", currency collate "C"
