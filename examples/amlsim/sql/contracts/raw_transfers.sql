-- about: transfers of IBM's AMLSim: no id, so equal transfers are all real and nothing is removed; step 1 is the first day of 2017
-- business date: booked_on
-- partition: month
-- read booked_on: cast(date '2016-12-31' + cast(step as int) as date)
-- control: sum(amount)
-- reject limit: 0.1 %
-- alias source_id: sourceNodeId
-- alias target_id: targetNodeId
-- alias amount: value
-- alias step: time
-- objects: transactions.csv
create or replace table raw_transfers (
  booked_on date           not null,
  step      smallint       not null,
  source_id integer        not null,
  target_id integer        not null,
  amount    decimal(18, 2) not null,
  constraint amount_positive check (amount > 0)
);
