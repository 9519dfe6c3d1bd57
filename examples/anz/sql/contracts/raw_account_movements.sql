-- about: synthesised movements of 100 accounts, as a bank exported them; the date is the Australian one, extraction is UTC
-- business date: booked_on
-- control: sum(amount) by currency
-- reject limit: 0.1 %
-- private: account, first_name, long_lat, balance
-- alias booked_on: date
-- alias extracted_at: extraction
-- format booked_on: %m/%d/%y
-- format extracted_at: %Y-%m-%dT%H:%M:%S.%f%z
-- objects: *.csv
create or replace table raw_account_movements (
  transaction_id    varchar        not null,
  booked_on         date           not null,
  extracted_at      timestamp      not null,
  customer_id       varchar        not null,
  account           varchar        not null,
  movement          varchar        not null,
  amount            decimal(18, 2) not null,
  currency          varchar        not null,
  balance           decimal(18, 2) not null,
  status            varchar        not null,
  txn_description   varchar        not null,
  card_present_flag boolean,
  merchant_id       varchar,
  merchant_code     varchar, merchant_suburb varchar, merchant_state varchar, merchant_long_lat varchar,
  bpay_biller_code  varchar, first_name varchar, gender varchar, age smallint, long_lat varchar, country varchar,
  constraint amount_positive check (amount > 0),
  constraint movement_known  check (movement in ('debit', 'credit')),
  primary key (transaction_id)
);
