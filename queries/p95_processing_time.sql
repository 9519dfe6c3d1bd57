-- about: processing time in milliseconds by channel and type: half, 95 and 99 of 100 transactions take no longer than this
-- on: both

-- There are far fewer times than transactions, so equal ones are counted first; percentile_disc would sort every row. Its
-- answer is the first time up to which there are that many. What was not measured is counted as 0, and has no time.
with by_time as (
  select
    channel,
    transaction_type,
    processing_time_ms,
    count(processing_time_ms) as measured
  from transactions_fact
  group by channel, transaction_type, processing_time_ms
),

ranked as (
  select
    channel,
    transaction_type,
    processing_time_ms,
    sum(measured) over (partition by channel, transaction_type order by processing_time_ms nulls last) as up_to,
    sum(measured) over (partition by channel, transaction_type)                                        as of_all
  from by_time
)

select
  channel,
  transaction_type,
  cast(max(of_all) as bigint)                                       as measured,
  min(case when up_to >= 0.50 * of_all then processing_time_ms end) as p50_ms,
  min(case when up_to >= 0.95 * of_all then processing_time_ms end) as p95_ms,
  min(case when up_to >= 0.99 * of_all then processing_time_ms end) as p99_ms,
  max(processing_time_ms)                                           as slowest_ms
from ranked
group by channel, transaction_type
order by p95_ms desc nulls last, channel collate "C", transaction_type collate "C"
