-- about: what happens at which hour of the day over the last days
-- on: both

-- Customers are grouped first: PostgreSQL sorts every row for a count(distinct), and in one process.
with by_customer as (
  select
    hour,
    customer_id,
    count(*)                                      as transaction_count,
    count(case when status = 'FAILED' then 1 end) as failed_count,
    count(case when is_high_risk then 1 end)      as high_risk_count
  from transactions_fact
  where transaction_date >= cast(/* $as_of */ current_date as date) - /* $days */ 30 + 1
    and transaction_date <= cast(/* $as_of */ current_date as date)
  group by hour, customer_id
),

by_hour as (
  select
    hour,
    cast(sum(transaction_count) as bigint) as transaction_count,
    count(*)                               as customers,
    cast(sum(failed_count) as bigint)      as failed_count,
    cast(sum(high_risk_count) as bigint)   as high_risk_count
  from by_customer
  group by hour
)

select
  hour,
  transaction_count,
  customers,
  failed_count,
  high_risk_count,
  cast(cast(100.0 * transaction_count / nullif(sum(transaction_count) over (), 0) as decimal(38, 10)) as decimal(5, 2)) as share_percent
from by_hour
order by hour
