-- about: processing time in milliseconds by channel and type: half, 95 and 99 of 100 transactions take no longer than this
-- on: both

select
  channel,
  transaction_type,
  count(processing_time_ms)                                        as measured,
  percentile_disc(0.50) within group (order by processing_time_ms) as p50_ms,
  percentile_disc(0.95) within group (order by processing_time_ms) as p95_ms,
  percentile_disc(0.99) within group (order by processing_time_ms) as p99_ms,
  max(processing_time_ms)                                          as slowest_ms
from transactions_fact
group by channel, transaction_type
order by p95_ms desc nulls last, channel collate "C", transaction_type collate "C"
