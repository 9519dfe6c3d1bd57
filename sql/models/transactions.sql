-- about: every accepted transaction with its calendar, its place in the customer's day, and what makes it a risk
-- about daily_transaction_count: transactions of this customer on this date
-- about daily_cumulative_amount: what the customer had moved on this date up to and with this transaction
-- about is_outlier: amount above mean + 3 standard deviations of its type on this date
-- about risk_score: points of the rules that hold, 100 at most
-- about risk_reasons: names of the rules that hold, heaviest first; empty without one
-- about is_high_risk: a large amount, a fraud label, or too many transactions in a day
-- grain: transaction_id
-- order: customer_id, transaction_timestamp
-- preserves: raw_transactions
-- load: transactions_fact
-- test: accepted amount_category: MICRO, SMALL, MEDIUM, LARGE, VERY_LARGE
-- test: accepted time_of_day: MORNING, AFTERNOON, EVENING, NIGHT
-- test: not null day_of_week, hour, daily_transaction_count, daily_cumulative_amount, is_outlier, risk_score, is_high_risk
-- test: day_of_week between 1 and 7
-- test: daily_cumulative_amount >= amount
-- test: risk_score between 0 and 100
-- test: (risk_score = 0) = (risk_reasons = '')

-- Mean and deviation of a type on a date, kept as exact sums: a floating-point sum depends on the order in which threads
-- add, and a flag must not. With n records, sum s and sum of squares q,
--   amount > s/n + 3 * sqrt(q/n - (s/n)^2)   is   n*amount > s  and  (n*amount - s)^2 > 9 * (n*q - s^2).
-- 38 digits hold this for 10 million records of a million each.
with usual as (
  select
    transaction_date,
    transaction_type,
    records,
    total,
    cast(9 * (records * squares - total * total) as decimal(38, 4)) as bound
  from (
    select
      transaction_date,
      transaction_type,
      cast(count(*) as decimal(18, 0))              as records,
      cast(sum(amount) as decimal(38, 2))           as total,
      -- allow money_overflow: the contract lets no amount above a million pass
      cast(sum(amount * amount) as decimal(38, 4))  as squares
    from raw_transactions
    group by transaction_date, transaction_type
  ) as sums
),

-- One sort serves both windows. The id makes its order total, so that a tie in time always runs the same way.
in_day as (
  select
    *,
    hour(transaction_timestamp) as hour,
    count(*) over (
      partition by customer_id, transaction_date
    ) as daily_transaction_count,
    sum(amount) over (
      partition by customer_id, transaction_date
      order by transaction_timestamp, transaction_id
      rows between unbounded preceding and current row
    ) as daily_cumulative_amount
  from raw_transactions
),

-- What the rules ask, each once. The square is taken only of amounts above the mean.
ruled as (
  select
    t.*,
    t.is_fraudulent                                as fraud_label,
    t.amount > /* $high_amount */ 5000.00          as high_amount,
    t.daily_transaction_count > /* $velocity */ 20 as velocity,
    case
      when t.amount * u.records > u.total
        then cast(t.amount * u.records - u.total as decimal(19, 2))
          * cast(t.amount * u.records - u.total as decimal(19, 2)) > u.bound
      else false
    end                                            as outlier,
    t.hour >= 22 or t.hour < 6                     as night,
    t.merchant_id = 'UNKNOWN'
      and t.transaction_type in ('PAYMENT', 'ONLINE_PURCHASE', 'MOBILE_PAYMENT') as unknown_merchant,
    t.currency <> /* $home_currency */ 'EUR'       as foreign_currency
  from in_day as t
  inner join usual as u
    on t.transaction_date = u.transaction_date
    and t.transaction_type = u.transaction_type
),

scored as (
  select
    *,
    case when fraud_label        then 50 else 0 end
    + case when high_amount      then 25 else 0 end
    + case when velocity         then 25 else 0 end
    + case when outlier          then 20 else 0 end
    + case when night            then 10 else 0 end
    + case when unknown_merchant then 10 else 0 end
    + case when foreign_currency then  5 else 0 end as points
  from ruled
)

select
  transaction_id,
  transaction_date,
  transaction_timestamp,
  customer_id,
  transaction_type,
  amount,
  currency,
  status,
  merchant_id,
  merchant_name,
  merchant_category,
  country,
  channel,
  card_type,
  is_fraudulent,
  processing_time_ms,
  -- DuckDB counts 0-6 from Sunday and Spark 1-7: both count on from the Sunday that is subtracted
  cast(dayofweek(transaction_date) - dayofweek(date '2023-01-01') + 1 as smallint) as day_of_week,
  cast(hour as smallint) as hour,
  case
    when amount < 10 then 'MICRO'
    when amount < 100 then 'SMALL'
    when amount < 1000 then 'MEDIUM'
    when amount < 10000 then 'LARGE'
    else 'VERY_LARGE'
  end as amount_category,
  case
    when hour between 6 and 11 then 'MORNING'
    when hour between 12 and 17 then 'AFTERNOON'
    when hour between 18 and 21 then 'EVENING'
    else 'NIGHT'
  end as time_of_day,
  cast(daily_transaction_count as integer) as daily_transaction_count,
  cast(daily_cumulative_amount as decimal(18, 2)) as daily_cumulative_amount,
  outlier as is_outlier,
  cast(least(points, 100) as smallint) as risk_score,
  case
    when points = 0 then ''
    else concat_ws(',',
      case when fraud_label      then 'FRAUD_LABEL' end,
      case when high_amount      then 'HIGH_AMOUNT' end,
      case when velocity         then 'VELOCITY' end,
      case when outlier          then 'OUTLIER' end,
      case when night            then 'NIGHT' end,
      case when unknown_merchant then 'UNKNOWN_MERCHANT' end,
      case when foreign_currency then 'FOREIGN_CURRENCY' end)
  end as risk_reasons,
  fraud_label or high_amount or velocity as is_high_risk
from scored
