-- about: account transactions by merchant and channel; 11-04-2023 is the 11th of April
-- business date: booked_on
-- partition: month
-- read booked_on: booked_at
-- key conflict: refuse
-- control: sum(amount)
-- reject limit: 0.1 %
-- private: account_id, device_id, ip_address, balance
-- alias amount: TransactionAmount
-- alias booked_at: TransactionDate
-- alias balance: AccountBalance
-- alias previous_at: PreviousTransactionDate
-- format booked_on: %d-%m-%Y %H:%M
-- format booked_at: %d-%m-%Y %H:%M
-- format previous_at: %d-%m-%Y %H:%M
-- objects: *.csv
create or replace table raw_account_transactions (
  transaction_id       varchar        not null,
  booked_on            date           not null,
  booked_at            timestamp      not null,
  account_id           varchar        not null,
  amount               decimal(18, 2) not null,
  transaction_type     varchar        not null,
  location             varchar        not null,
  device_id            varchar        not null, ip_address varchar not null,
  merchant_id          varchar        not null, channel varchar not null,
  customer_age         smallint, customer_occupation varchar,
  transaction_duration smallint       not null,
  login_attempts       smallint       not null,
  balance              decimal(18, 2) not null,
  previous_at          timestamp,
  constraint amount_positive check (amount > 0),
  constraint type_known      check (transaction_type in ('Debit', 'Credit')),
  primary key (transaction_id)
);
