-- about: how transactions end on each channel
-- on: both

select
  channel,
  count(*)                                            as transaction_count,
  count(case when status = 'COMPLETED' then 1 end)    as completed_count,
  count(case when status = 'PENDING' then 1 end)      as pending_count,
  count(case when status = 'FAILED' then 1 end)       as failed_count,
  count(case when status = 'CANCELLED' then 1 end)    as cancelled_count,
  cast(cast(100.0 * count(case when status = 'COMPLETED' then 1 end) / count(*) as decimal(38, 10))
    as decimal(5, 2))                                 as success_percent
from transactions_fact
group by channel
order by success_percent desc, channel collate "C"
