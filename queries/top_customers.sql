-- about: the 100 customers who spent most in one currency, by completed transactions
-- on: both

-- A named query: `ledgermill query top_customers`, `--set limit=10`, `--on lake`, `--format csv`. What stands behind
-- /* $name */ is a parameter and its default, so the file runs unchanged in psql too.

-- The mean is exact: what gives no whole tenth of a cent to each is left out of the division, which then has three
-- decimals at most. DuckDB divides in floating point, and would be a cent below PostgreSQL in some means.
select
  customer_id,
  count(*)                                as transaction_count,
  cast(sum(amount) as decimal(18, 2))     as total_spent,
  cast(cast(
    (cast(sum(amount) as decimal(30, 3)) - cast(sum(amount) as decimal(30, 3)) % (0.001 * count(*))) / count(*)
    as decimal(18, 3)) as decimal(18, 2)) as avg_spent,
  min(transaction_date)                   as first_date,
  max(transaction_date)                   as last_date
from transactions_fact
where status = 'COMPLETED'
  and currency = /* $currency */ 'EUR'
group by customer_id
order by total_spent desc, customer_id collate "C"
limit /* $limit */ 100
