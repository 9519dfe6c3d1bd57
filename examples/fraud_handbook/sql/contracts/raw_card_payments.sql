-- about: simulated card payments of the Fraud Detection Handbook, an object a day
-- business date: tx_date
-- read tx_date: cast(substr(tx_datetime, 1, 10) as date)
-- key conflict: latest by tx_datetime
-- control: sum(tx_amount)
-- reject limit: 0.1 %
-- format tx_amount: 1234.56, round
-- objects: transactions_*.csv{,.gz}
create or replace table raw_card_payments (
  transaction_id    bigint         not null,
  tx_date           date           not null,
  tx_datetime       timestamp      not null,
  customer_id       integer        not null,
  terminal_id       integer        not null,
  tx_amount         decimal(18, 2) not null,
  tx_time_seconds   integer,
  tx_time_days      integer,
  tx_fraud          boolean        not null,
  tx_fraud_scenario smallint,
  constraint amount_positive check (tx_amount > 0),
  primary key (transaction_id)
);
