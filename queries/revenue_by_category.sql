-- about: what merchants took by category and currency, by completed transactions
-- on: both

-- Merchants are grouped first: PostgreSQL sorts every row for a count(distinct), and in one process.
-- The mean is exact as in top_customers.
with by_merchant as (
  select
    merchant_category,
    currency,
    merchant_id,
    count(*)    as transaction_count,
    sum(amount) as revenue
  from transactions_fact
  where status = 'COMPLETED'
  group by merchant_category, currency, merchant_id
),

by_category as (
  select
    merchant_category,
    currency,
    cast(sum(transaction_count) as bigint) as transaction_count,
    count(merchant_id)                     as merchants,
    cast(sum(revenue) as decimal(30, 3))   as revenue
  from by_merchant
  group by merchant_category, currency
)

select
  merchant_category,
  currency,
  transaction_count,
  merchants,
  cast(revenue as decimal(18, 2)) as revenue,
  cast(cast(
    (revenue - revenue % nullif(0.001 * transaction_count, 0)) / nullif(transaction_count, 0)
    as decimal(18, 3)) as decimal(18, 2)) as avg_transaction
from by_category
order by revenue desc, merchant_category collate "C", currency collate "C"
