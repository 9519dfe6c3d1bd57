-- test of: merchant_daily_summary, on 2025-01-31

-- One row a merchant and date, whatever it was called; a known name wins over UNKNOWN; the mean of large amounts is no cent less.
create or replace table transactions as
select
  id                 as transaction_id,
  date '2025-01-31'  as transaction_date,
  customer           as customer_id,
  amount,
  merchant           as merchant_id,
  name               as merchant_name,
  category           as merchant_category
from (values
  ('t1', 'ada',  10.00, 'M1',      'Alpha',   'GROCERY'),
  ('t2', 'ada',  10.01, 'M1',      'UNKNOWN', 'GROCERY'),
  ('t3', 'bob',   0.01, 'M1',      'Alfa',    'UNKNOWN'),
  ('t4', 'bob', 100.00, 'UNKNOWN', 'UNKNOWN', 'UNKNOWN'),
  ('t5', 'ada', 896675.81, 'M2',  'Beta',    'FUEL'),
  ('t6', 'ada', 896675.82, 'M2',  'Beta',    'FUEL')
) as given (id, customer, amount, merchant, name, category);

select *
from (values
  ('M1',      date '2025-01-31', 'Alpha',   'GROCERY', 3,  20.02,   6.67, 2),
  ('M2',      date '2025-01-31', 'Beta',    'FUEL',    2, 1793351.63, 896675.82, 1),
  ('UNKNOWN', date '2025-01-31', 'UNKNOWN', 'UNKNOWN', 1, 100.00, 100.00, 1)
) as expected (merchant_id, transaction_date, merchant_name, merchant_category, transaction_count, total_revenue,
               avg_transaction, unique_customers);
