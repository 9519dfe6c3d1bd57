-- about: the merchants that took most in one currency, by completed transactions
-- on: both

-- Customers are grouped first: PostgreSQL sorts every row for a count(distinct), and in one process.
with by_customer as (
  select
    merchant_id,
    customer_id,
    max(merchant_name collate "C")     as merchant_name,
    max(merchant_category collate "C") as merchant_category,
    count(*)                           as transaction_count,
    sum(amount)                        as revenue
  from transactions_fact
  where status = 'COMPLETED'
    and currency = /* $currency */ 'EUR'
    and merchant_id <> 'UNKNOWN'
  group by merchant_id, customer_id
)

select
  merchant_id,
  max(merchant_name collate "C")         as merchant_name,
  max(merchant_category collate "C")     as merchant_category,
  cast(sum(transaction_count) as bigint) as transaction_count,
  count(*)                               as customers,
  cast(sum(revenue) as decimal(18, 2))   as revenue
from by_customer
group by merchant_id
order by revenue desc, merchant_id collate "C"
limit /* $limit */ 50
