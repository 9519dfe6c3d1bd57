-- about: what merchants took by category and currency, by completed transactions
-- on: both

-- Merchants are grouped first: PostgreSQL sorts every row for a count(distinct), and in one process.
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
)

select
  merchant_category,
  currency,
  cast(sum(transaction_count) as bigint) as transaction_count,
  count(merchant_id)                     as merchants,
  cast(sum(revenue) as decimal(18, 2))   as revenue,
  cast(cast(sum(revenue) / nullif(sum(transaction_count), 0) as decimal(38, 10)) as decimal(18, 2)) as avg_transaction
from by_merchant
group by merchant_category, currency
order by revenue desc, merchant_category collate "C", currency collate "C"
