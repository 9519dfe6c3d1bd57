-- about: the 100 customers who spent most in one currency, by completed transactions
-- on: both

-- A named query: `ledgermill query top_customers`, `--set limit=10`, `--on lake`, `--format csv`. What stands behind
-- /* $name */ is a parameter and its default, so the file runs unchanged in psql too.
select
  customer_id,
  count(*)                                as transaction_count,
  cast(sum(amount) as decimal(18, 2))     as total_spent,
  cast(cast(sum(amount) / count(*) as decimal(38, 10)) as decimal(18, 2)) as avg_spent,
  min(transaction_date)                   as first_date,
  max(transaction_date)                   as last_date
from transactions_fact
where status = 'COMPLETED'
  and currency = /* $currency */ 'EUR'
group by customer_id
order by total_spent desc, customer_id collate "C"
limit /* $limit */ 100
