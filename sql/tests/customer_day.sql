-- test of: daily_transaction_summary, on 2025-01-31

-- A unit test: tables named like the model's inputs are what is given, columns left out are null; the last SELECT is what is
-- expected of the model. `ledgermill test` runs it without any data, `test --create MODEL --date DATE` writes one of real rows.

-- Sums and counts by status; the mean of 0.14 and 0.15 is 0.15, and that of large amounts
-- is no cent less; an unknown merchant counts as one.
create or replace table transactions as
select
  id                 as transaction_id,
  date '2025-01-31'  as transaction_date,
  customer           as customer_id,
  amount,
  status,
  merchant           as merchant_id,
  fraud              as is_fraudulent
from (values
  ('t1', 'ada',    0.14, 'COMPLETED', 'M1',      false),
  ('t2', 'ada',    0.15, 'COMPLETED', 'M1',      true),
  ('t3', 'bob',    1.00, 'FAILED',    'M1',      false),
  ('t4', 'bob',    1.00, 'PENDING',   'M2',      false),
  ('t5', 'bob',  998.00, 'CANCELLED', 'UNKNOWN', true),
  ('t6', 'bob', 1000.00, 'COMPLETED', 'UNKNOWN', true),
  ('t7', 'cyd', 896675.81, 'COMPLETED', 'M1',   false),
  ('t8', 'cyd', 896675.82, 'COMPLETED', 'M1',   false)
) as given (id, customer, amount, status, merchant, fraud);

select *
from (values
  ('ada', date '2025-01-31', 2,    0.29,   0.15, 0.14,    0.15, 1, 1, 2, 0),
  ('bob', date '2025-01-31', 4, 2000.00, 500.00, 1.00, 1000.00, 3, 2, 1, 1),
  ('cyd', date '2025-01-31', 2, 1793351.63, 896675.82, 896675.81, 896675.82, 1, 0, 2, 0)
) as expected (customer_id, transaction_date, transaction_count, total_amount, avg_amount, min_amount, max_amount,
               unique_merchants, fraud_count, completed_count, failed_count);
