-- about: card events of IBM's TabFormer: no id, the date in four columns, refunds below zero
-- business date: booked_on
-- partition: year
-- control: sum(amount)
-- reject limit: 0.1 %
-- read booked_on: "Year" || '-' || "Month" || '-' || "Day"
-- read booked_at: "Year" || '-' || "Month" || '-' || "Day" || ' ' || "Time"
-- alias user_id: User
-- alias merchant_id: Merchant Name
-- alias failure: Errors?
-- alias is_fraud: Is Fraud?
-- format booked_on: %Y-%m-%d
-- format booked_at: %Y-%m-%d %H:%M
-- format amount: $1234.56 | $-1234.56
-- objects: *.csv
create or replace table raw_card_events (
  booked_on      date           not null,
  booked_at      timestamp      not null,
  user_id        integer        not null,
  card           smallint       not null,
  amount         decimal(18, 2) not null,
  use_chip       varchar        not null,
  merchant_id    bigint         not null,
  merchant_city  varchar,
  merchant_state varchar,
  zip            varchar,
  mcc            varchar        not null,
  failure        varchar,
  is_fraud       boolean        not null,
  constraint amount_not_zero check (amount <> 0)
);
