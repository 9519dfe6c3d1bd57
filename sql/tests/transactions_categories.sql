-- test of: transactions, on 2025-01-31

-- Every boundary of amount_category and time_of_day, both sides; a Friday is day 6.
create or replace table raw_transactions as
select
  id                 as transaction_id,
  date '2025-01-31'  as transaction_date,
  moment             as transaction_timestamp,
  id                 as customer_id,
  'PAYMENT'          as transaction_type,
  amount,
  'EUR'              as currency,
  'COMPLETED'        as status,
  'M1'               as merchant_id,
  false              as is_fraudulent
from (values
  ('t1', timestamp '2025-01-31 00:00:00',            0.01),
  ('t2', timestamp '2025-01-31 05:59:59.999999',     9.99),
  ('t3', timestamp '2025-01-31 06:00:00',           10.00),
  ('t4', timestamp '2025-01-31 11:59:59',           99.99),
  ('t5', timestamp '2025-01-31 12:00:00',          100.00),
  ('t6', timestamp '2025-01-31 17:59:59',          999.99),
  ('t7', timestamp '2025-01-31 18:00:00',         1000.00),
  ('t8', timestamp '2025-01-31 21:59:59',         9999.99),
  ('t9', timestamp '2025-01-31 22:00:00',        10000.00)
) as given (id, moment, amount);

select *
from (values
  ('t1', 6,  0, 'MICRO',      'NIGHT'),
  ('t2', 6,  5, 'MICRO',      'NIGHT'),
  ('t3', 6,  6, 'SMALL',      'MORNING'),
  ('t4', 6, 11, 'SMALL',      'MORNING'),
  ('t5', 6, 12, 'MEDIUM',     'AFTERNOON'),
  ('t6', 6, 17, 'MEDIUM',     'AFTERNOON'),
  ('t7', 6, 18, 'LARGE',      'EVENING'),
  ('t8', 6, 21, 'LARGE',      'EVENING'),
  ('t9', 6, 22, 'VERY_LARGE', 'NIGHT')
) as expected (transaction_id, day_of_week, hour, amount_category, time_of_day);
