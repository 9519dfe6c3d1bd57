-- about: what happens at which hour of the day over the last days
-- on: both

select
  hour,
  count(*)                                          as transaction_count,
  count(distinct customer_id)                       as customers,
  count(case when status = 'FAILED' then 1 end)     as failed_count,
  count(case when is_high_risk then 1 end)          as high_risk_count,
  cast(cast(100.0 * count(*) / sum(count(*)) over () as decimal(38, 10)) as decimal(5, 2)) as share_percent
from transactions_fact
where transaction_date >= cast(/* $as_of */ current_date as date) - /* $days */ 30 + 1
  and transaction_date <= cast(/* $as_of */ current_date as date)
group by hour
order by hour
