-- test of: transactions, on 2025-02-01

-- Every rule of the score alone, its boundary from both sides, all of them together; a Saturday is day 7.
create or replace table raw_transactions as
select
  id                 as transaction_id,
  date '2025-02-01'  as transaction_date,
  moment             as transaction_timestamp,
  customer           as customer_id,
  kind               as transaction_type,
  amount,
  currency,
  'COMPLETED'        as status,
  merchant           as merchant_id,
  fraud              as is_fraudulent
from (values
  ('calm',      timestamp '2025-02-01 06:00:00', 'c1', 'TRANSFER',         5000.00, 'EUR', 'UNKNOWN', false),
  ('large',     timestamp '2025-02-01 21:59:59', 'c2', 'TRANSFER',         5000.01, 'EUR', 'M1',      false),
  ('labelled',  timestamp '2025-02-01 12:00:00', 'c3', 'DEPOSIT',            10.00, 'EUR', 'M1',      true),
  ('late',      timestamp '2025-02-01 22:00:00', 'c4', 'DEPOSIT',            10.00, 'EUR', 'M1',      false),
  ('early',     timestamp '2025-02-01 05:59:59', 'c5', 'DEPOSIT',            10.00, 'EUR', 'M1',      false),
  ('nameless',  timestamp '2025-02-01 12:00:00', 'c6', 'ONLINE_PURCHASE',    10.00, 'EUR', 'UNKNOWN', false),
  ('abroad',    timestamp '2025-02-01 12:00:00', 'c7', 'DEPOSIT',            10.00, 'USD', 'M1',      false),
  ('all',       timestamp '2025-02-01 23:00:00', 'c8', 'MOBILE_PAYMENT',   9000.00, 'USD', 'UNKNOWN', true)
) as given (id, moment, customer, kind, amount, currency, merchant, fraud)
union all
-- twenty in a day are few enough, twenty-one are not
select 'few' || i, date '2025-02-01', timestamp '2025-02-01 12:00:00', 'c20', 'PAYMENT', 1.00, 'EUR', 'COMPLETED', 'M1', false
from range(20) as t (i)
union all
select 'many' || i, date '2025-02-01', timestamp '2025-02-01 12:00:00', 'c8', 'MOBILE_PAYMENT', 1.00, 'EUR', 'COMPLETED', 'M1', false
from range(20) as t (i)
union all
-- of n amounts of which one differs, it lies at (n - 1) / sqrt(n - 1) deviations: exactly 3 for ten, beyond for eleven
select 'ten' || i, date '2025-02-01', timestamp '2025-02-01 12:00:00', 'x' || i, 'CHECK',
       case i when 9 then 2.00 else 1.00 end,
       'EUR', 'COMPLETED', 'M1', false
from range(10) as t (i)
union all
select 'eleven' || i, date '2025-02-01', timestamp '2025-02-01 12:00:00', 'y' || i, 'WITHDRAWAL',
       case i when 10 then 1.01 else 1.00 end,
       'EUR', 'COMPLETED', 'UNKNOWN', false
from range(11) as t (i);

select *
from (values
  ('calm',     7, false,  0, '',                                   false),
  ('large',    7, false, 25, 'HIGH_AMOUNT',                        true),
  ('labelled', 7, false, 50, 'FRAUD_LABEL',                        true),
  ('late',     7, false, 10, 'NIGHT',                              false),
  ('early',    7, false, 10, 'NIGHT',                              false),
  ('nameless', 7, false, 10, 'UNKNOWN_MERCHANT',                   false),
  ('abroad',   7, false,  5, 'FOREIGN_CURRENCY',                   false),
  ('all',      7, true, 100,
   'FRAUD_LABEL,HIGH_AMOUNT,VELOCITY,OUTLIER,NIGHT,UNKNOWN_MERCHANT,FOREIGN_CURRENCY', true)
) as expected (transaction_id, day_of_week, is_outlier, risk_score, risk_reasons, is_high_risk)
union all
select 'few' || i, 7, false, 0, '', false
from range(20) as t (i)
union all
select 'many' || i, 7, false, 25, 'VELOCITY', true
from range(20) as t (i)
union all
select 'ten' || i, 7, false, 0, '', false
from range(10) as t (i)
union all
select 'eleven' || i, 7, i = 10, case i when 10 then 20 else 0 end, case i when 10 then 'OUTLIER' else '' end, false
from range(11) as t (i);
