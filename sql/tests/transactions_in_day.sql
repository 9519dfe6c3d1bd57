-- test of: transactions, on 2025-02-02

-- Count and running amount per customer; a tie in time runs by id, whatever order it came in; a Sunday is day 1.
create or replace table raw_transactions as
select
  id                 as transaction_id,
  date '2025-02-02'  as transaction_date,
  moment             as transaction_timestamp,
  customer           as customer_id,
  'TRANSFER'         as transaction_type,
  amount,
  'EUR'              as currency,
  'COMPLETED'        as status,
  'UNKNOWN'          as merchant_id,
  false              as is_fraudulent
from (values
  ('t3', timestamp '2025-02-02 09:00:00', 'ada', 0.30),
  ('t2', timestamp '2025-02-02 09:00:00', 'ada', 0.20),
  ('t1', timestamp '2025-02-02 12:00:00', 'ada', 0.10),
  ('t4', timestamp '2025-02-02 09:00:00', 'bob', 5.00)
) as given (id, moment, customer, amount);

select *
from (values
  ('t2', 1, 3, 0.20),
  ('t3', 1, 3, 0.50),
  ('t1', 1, 3, 0.60),
  ('t4', 1, 1, 5.00)
) as expected (transaction_id, day_of_week, daily_transaction_count, daily_cumulative_amount);
