-- about: what each customer did on each date, whatever became of the transactions
-- about avg_amount: mean of all transactions, rounded half away from zero
-- about unique_merchants: different merchants, UNKNOWN counting as one
-- grain: customer_id, transaction_date
-- load: daily_transaction_summary
-- test: not null total_amount, avg_amount, min_amount, max_amount
-- test: customer_id in transactions.customer_id
-- test: transaction_count > 0 and total_amount > 0
-- test: completed_count + failed_count <= transaction_count and fraud_count <= transaction_count
-- test: avg_amount between min_amount and max_amount

select
  customer_id,
  transaction_date,
  cast(count(*) as bigint)             as transaction_count,
  cast(sum(amount) as decimal(18, 2))  as total_amount,
  -- to the cent: what gives no whole tenth of a cent to each is left out of the division, which so has three decimals at
  -- most and may be floating point, as it is in DuckDB
  cast(cast(
    (cast(sum(amount) as decimal(30, 3)) - cast(sum(amount) as decimal(30, 3)) % (0.001 * count(*))) / count(*)
    as decimal(18, 3)) as decimal(18, 2)) as avg_amount,
  cast(min(amount) as decimal(18, 2))  as min_amount,
  cast(max(amount) as decimal(18, 2))  as max_amount,
  cast(count(distinct merchant_id) as bigint)                       as unique_merchants,
  cast(count(case when is_fraudulent then 1 end) as bigint)         as fraud_count,
  cast(count(case when status = 'COMPLETED' then 1 end) as bigint)  as completed_count,
  cast(count(case when status = 'FAILED' then 1 end) as bigint)     as failed_count
from transactions
group by customer_id, transaction_date
