with facts as (
  select transaction_date, count(*) as records, sum(amount) as total
  from transactions
  group by transaction_date
),

customers as (
  select transaction_date, sum(transaction_count) as records, sum(total_amount) as total
  from daily_transaction_summary
  group by transaction_date
),

merchants as (
  select transaction_date, sum(transaction_count) as records, sum(total_revenue) as total
  from merchant_daily_summary
  group by transaction_date
)

-- Both summaries hold every transaction and every cent of their date.
select
  f.transaction_date,
  f.records,
  c.records as customer_records,
  m.records as merchant_records,
  f.total,
  c.total   as customer_total,
  m.total   as merchant_total
from facts as f
left join customers as c on f.transaction_date = c.transaction_date
left join merchants as m on f.transaction_date = m.transaction_date
where c.records is distinct from f.records
  or m.records is distinct from f.records
  or c.total is distinct from f.total
  or m.total is distinct from f.total
