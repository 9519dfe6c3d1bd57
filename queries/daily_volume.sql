-- about: transactions and money by date and currency over the last days, and the change since the last of these that had any
-- on: both

-- A currency has a row on dates with transactions alone: its change is from the last such date of the window, whatever days
-- lie between, and its first one there has none.
with volume as (
  select
    transaction_date,
    currency,
    count(*)                                        as transaction_count,
    count(case when status = 'COMPLETED' then 1 end) as completed_count,
    sum(amount)                                     as total_amount
  from transactions_fact
  where transaction_date >= cast(/* $as_of */ current_date as date) - /* $days */ 30 + 1
    and transaction_date <= cast(/* $as_of */ current_date as date)
  group by transaction_date, currency
)

select
  transaction_date,
  currency,
  transaction_count,
  completed_count,
  cast(total_amount as decimal(18, 2)) as total_amount,
  cast(total_amount - lag(total_amount) over (partition by currency order by transaction_date) as decimal(18, 2)) as change
from volume
order by transaction_date, currency collate "C"
