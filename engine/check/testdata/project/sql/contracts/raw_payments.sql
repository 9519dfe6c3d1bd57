-- about: payments as the till sends them
-- business date: booked_on
-- control: sum(amount) by currency
-- objects: payments/*.csv
create or replace table raw_payments (
  payment_id varchar        not null,
  booked_on  date           not null,
  booked_at  timestamp      not null,
  account    varchar        not null,
  amount     decimal(18, 2) not null,
  rate       decimal(18, 8) not null,
  currency   varchar        not null,
  note       varchar,
  _object    varchar        not null,
  constraint amount_not_zero check (amount <> 0),
  primary key (payment_id)
);
