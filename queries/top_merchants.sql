-- about: the merchants that took most in one currency, by completed transactions
-- on: both

select
  merchant_id,
  max(merchant_name collate "C")                 as merchant_name,
  max(merchant_category collate "C")             as merchant_category,
  count(*)                            as transaction_count,
  count(distinct customer_id)         as customers,
  cast(sum(amount) as decimal(18, 2)) as revenue
from transactions_fact
where status = 'COMPLETED'
  and currency = /* $currency */ 'EUR'
  and merchant_id <> 'UNKNOWN'
group by merchant_id
order by revenue desc, merchant_id collate "C"
limit /* $limit */ 50
