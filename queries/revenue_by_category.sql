-- about: what merchants took by category and currency, by completed transactions
-- on: both

select
  merchant_category,
  currency,
  count(*)                            as transaction_count,
  count(distinct merchant_id)         as merchants,
  cast(sum(amount) as decimal(18, 2)) as revenue,
  cast(cast(sum(amount) / count(*) as decimal(38, 10)) as decimal(18, 2)) as avg_transaction
from transactions_fact
where status = 'COMPLETED'
group by merchant_category, currency
order by revenue desc, merchant_category collate "C", currency collate "C"
