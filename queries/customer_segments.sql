-- about: customers by what they spent in one currency, by completed transactions
-- on: both

-- The mean is exact as in top_customers.
with spending as (
  select
    customer_id,
    count(*)    as transaction_count,
    sum(amount) as spent
  from transactions_fact
  where status = 'COMPLETED'
    and currency = /* $currency */ 'EUR'
  group by customer_id
),

segmented as (
  select
    case
      when spent < 1000 then 1
      when spent < 10000 then 2
      when spent < 50000 then 3
      else 4
    end as step,
    transaction_count,
    spent
  from spending
)

select
  case step
    when 1 then 'Low Value'
    when 2 then 'Medium Value'
    when 3 then 'High Value'
    else 'VIP'
  end                                            as segment,
  count(*)                                       as customers,
  cast(sum(transaction_count) as bigint)         as transactions,
  cast(sum(spent) as decimal(18, 2))             as total_spent,
  cast(cast(
    (cast(sum(spent) as decimal(30, 3)) - cast(sum(spent) as decimal(30, 3)) % (0.001 * count(*))) / count(*)
    as decimal(18, 3)) as decimal(18, 2))        as avg_spent
from segmented
group by step
order by step
