-- about: customers by the month of their first transaction, and how many of them are active in each month after it
-- on: both

with active as (
  select distinct
    customer_id,
    year * 12 + month - 1 as month_number
  from daily_transaction_summary
),

cohorts as (
  select
    customer_id,
    min(month_number) as first_month
  from active
  group by customer_id
),

counted as (
  select
    c.first_month,
    a.month_number - c.first_month as months_after,
    count(*)                       as customers
  from active as a
  inner join cohorts as c on a.customer_id = c.customer_id
  group by c.first_month, a.month_number - c.first_month
)

select
  cast(floor(first_month / 12) as integer)  as cohort_year,
  cast(mod(first_month, 12) + 1 as integer) as cohort_month,
  months_after,
  customers,
  -- allow division_by_zero: a cohort is there because it has a customer
  cast(cast(100.0 * customers / first_value(customers) over (partition by first_month order by months_after)
    as decimal(38, 10)) as decimal(5, 2)) as retained_percent
from counted
order by first_month, months_after
