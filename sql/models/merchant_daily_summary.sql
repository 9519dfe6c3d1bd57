-- about: what each merchant took on each date, whatever became of the transactions; UNKNOWN gathers what names no merchant
-- about merchant_name: of several names on a date the last in the alphabet, UNKNOWN only without another
-- about merchant_category: likewise
-- about avg_transaction: mean of all transactions, rounded half away from zero
-- grain: merchant_id, transaction_date
-- load: merchant_daily_summary
-- test: not null merchant_name, merchant_category, total_revenue, avg_transaction
-- test: transaction_count > 0 and total_revenue > 0
-- test: unique_customers between 1 and transaction_count

-- A model: one SELECT over contracts and other models, made date by date. `grain` is what identifies a row, and is tested;
-- what a `test:` finds is not published. `load` names the warehouse's table. Edit it, then:
--   ledgermill preview merchant_daily_summary    the rows of the last date, as the file is now
--   ledgermill diff merchant_daily_summary       what that changes in what is published
--   ledgermill test --select merchant_daily_summary   its tests, and those of sql/tests
--   ledgermill run                               makes again what the edit touches, and nothing else
select
  merchant_id,
  transaction_date,
  coalesce(max(case when merchant_name <> 'UNKNOWN' then merchant_name end), 'UNKNOWN')         as merchant_name,
  coalesce(max(case when merchant_category <> 'UNKNOWN' then merchant_category end), 'UNKNOWN') as merchant_category,
  cast(count(*) as bigint)                     as transaction_count,
  cast(sum(amount) as decimal(18, 2))          as total_revenue,
  -- to the cent: as in daily_transaction_summary
  cast(cast(
    (cast(sum(amount) as decimal(30, 3)) - cast(sum(amount) as decimal(30, 3)) % (0.001 * count(*))) / count(*)
    as decimal(18, 3)) as decimal(18, 2)) as avg_transaction,
  cast(count(distinct customer_id) as bigint)  as unique_customers
from transactions
group by merchant_id, transaction_date
