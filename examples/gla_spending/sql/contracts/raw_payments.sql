-- about: payments of the Greater London Authority to its suppliers, 2008 to 2013; refunds are below zero
-- business date: paid_on
-- partition: month
-- key conflict: refuse
-- control: sum(amount)
-- reject limit: 0.1 %
-- alias payment_id: ID
-- alias paid_on: Date
-- alias document: DocNo
-- objects: *.csv
create or replace table raw_payments (
  payment_id          integer        not null,
  paid_on             date           not null,
  vendor_id           bigint,
  vendor              varchar        not null,
  account_code        integer, account_description varchar,
  document            varchar,
  amount              decimal(18, 2) not null,
  source              varchar        not null,
  constraint amount_not_zero check (amount <> 0),
  primary key (payment_id)
);
