-- about: transactions and money by country and currency; a transaction without a country is counted as such
-- on: both

-- Customers are grouped first: PostgreSQL sorts every row for a count(distinct), and in one process.
with by_customer as (
  select
    coalesce(country, 'none')                 as country,
    currency,
    customer_id,
    count(*)                                  as transaction_count,
    sum(amount)                               as total_amount,
    count(case when is_fraudulent then 1 end) as fraud_count
  from transactions_fact
  group by coalesce(country, 'none'), currency, customer_id
)

select
  country,
  currency,
  cast(sum(transaction_count) as bigint)    as transaction_count,
  count(*)                                  as customers,
  cast(sum(total_amount) as decimal(18, 2)) as total_amount,
  cast(sum(fraud_count) as bigint)          as fraud_count
from by_customer
group by country, currency
order by total_amount desc, country collate "C", currency collate "C"
