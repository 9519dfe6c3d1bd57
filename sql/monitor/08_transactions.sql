-- about: the last business date's transactions: volume, value, high risk and failed, by hour, channel and category

-- panel: day
-- figures: the last business date that is loaded
-- every: 1min
-- spark: by_hour, usual_by_hour
-- absent by_hour: nothing is loaded
-- absent usual_by_hour: no earlier date of the same weekday is loaded
-- absent usual_transactions: no earlier date of the same weekday is loaded
-- metric transactions: gauge ledgermill_transactions_day Transactions of the last business date that is loaded.
-- metric high_risk: gauge ledgermill_transactions_high_risk_day High-risk transactions of the last business date that is loaded.
-- metric failed: gauge ledgermill_transactions_failed_day Transactions of the last business date that is loaded that have failed.
with last as (
  -- The ledger of loads knows the date; the fact would be read whole for it.
  select max(to_date) - 1 as day from ledgermill.loads where table_name = 'transactions_fact'
),
hours as (
  select f.transaction_date = last.day as today, f.transaction_date, f.hour, count(*) as n,
         count(*) filter (where f.is_high_risk) as high_risk, count(*) filter (where f.status = 'FAILED') as failed
  from last
  join transactions_fact f on f.transaction_date in (last.day, last.day - 7, last.day - 14, last.day - 21, last.day - 28)
  group by f.transaction_date, f.hour, last.day
),
curve as (
  -- The usual hour is the median of the same hour on the same weekday.
  select h.hour,
         coalesce(sum(n) filter (where today), 0) as today,
         percentile_disc(0.5) within group (order by n) filter (where not today) as usual
  from generate_series(0, 23) as h(hour)
  left join hours using (hour)
  group by h.hour
)
select
  (select day from last)                                                  as business_date,
  (select coalesce(sum(n) filter (where today), 0)::bigint from hours)    as transactions,
  (select percentile_disc(0.5) within group (order by n) from (select sum(n) as n from hours where not today group by transaction_date) d)::bigint as usual_transactions,
  (select coalesce(sum(high_risk) filter (where today), 0)::bigint from hours) as high_risk,
  (select coalesce(sum(failed) filter (where today), 0)::bigint from hours) as failed,
  (select case when bool_or(today) then (select string_agg(today::text, ',' order by hour) from curve) end from hours) as by_hour,
  (select string_agg(coalesce(usual, 0)::text, ',' order by hour) from curve having count(usual) > 0) as usual_by_hour;

-- panel: value
-- key: currency
-- sort: transactions desc
-- every: 1min
-- metric amount: gauge ledgermill_transactions_amount_day Value of the last business date that is loaded.
select currency, count(*) as transactions, sum(amount) as amount, coalesce(sum(amount) filter (where is_high_risk), 0.00) as high_risk_amount
from transactions_fact
where transaction_date = (select max(to_date) - 1 from ledgermill.loads where table_name = 'transactions_fact')
group by currency
order by 2 desc
limit 20;

-- panel: channels
-- key: channel
-- sort: transactions desc
-- every: 1min
-- absent amounts: no record has a currency
with day as (
  -- Money of two currencies has no sum: the amounts stand side by side, the most frequent currency first.
  select coalesce(channel, 'none') as channel, currency, count(*) as n, sum(amount) as amount,
         count(*) filter (where is_high_risk) as high_risk, count(*) filter (where status = 'FAILED') as failed
  from transactions_fact
  where transaction_date = (select max(to_date) - 1 from ledgermill.loads where table_name = 'transactions_fact')
  group by 1, 2
)
select channel, sum(n)::bigint as transactions, sum(high_risk)::bigint as high_risk, sum(failed)::bigint as failed,
       string_agg(currency || ' ' || to_char(amount, 'FM999,999,999,999,990.00'), ' | ' order by n desc) as amounts
from day
group by channel
order by 2 desc
limit 20;

-- panel: categories
-- key: category
-- sort: transactions desc
-- every: 1min
-- absent amounts: no record has a currency
with day as (
  select coalesce(merchant_category, 'none') as category, currency, count(*) as n, sum(amount) as amount,
         count(*) filter (where is_high_risk) as high_risk, count(*) filter (where status = 'FAILED') as failed
  from transactions_fact
  where transaction_date = (select max(to_date) - 1 from ledgermill.loads where table_name = 'transactions_fact')
  group by 1, 2
)
select category, sum(n)::bigint as transactions, sum(high_risk)::bigint as high_risk, sum(failed)::bigint as failed,
       string_agg(currency || ' ' || to_char(amount, 'FM999,999,999,999,990.00'), ' | ' order by n desc) as amounts
from day
group by category
order by 2 desc
limit 20;

-- panel: hours
-- key: hour
-- every: 1min
-- absent amounts: no record has a currency
with day as (
  select hour, currency, count(*) as n, sum(amount) as amount,
         count(*) filter (where is_high_risk) as high_risk, count(*) filter (where status = 'FAILED') as failed
  from transactions_fact
  where transaction_date = (select max(to_date) - 1 from ledgermill.loads where table_name = 'transactions_fact')
  group by 1, 2
)
select hour, sum(n)::bigint as transactions, sum(high_risk)::bigint as high_risk, sum(failed)::bigint as failed,
       string_agg(currency || ' ' || to_char(amount, 'FM999,999,999,999,990.00'), ' | ' order by n desc) as amounts
from day
group by hour
order by 1;
