-- about: drafted from nulls.csv
-- control: sum(amount)
-- reject limit: 5 %
-- alias day_field: day
-- objects: nulls.csv{,.gz,.zst}
-- null amount: - | n/a
-- null day_field: NULL
-- null city: NULL
create or replace table raw_nulls (
  id        varchar        not null,
  amount    decimal(18, 2),
  day_field date,
  city      varchar,
  primary key (id)
);

/* seen:
nulls.csv: 4 records of 4 fields, comma, double quote, UTF-8
no business date: no column of dates that looks like one has a value in every record; the contract is whole
key: id
control total: sum(amount)
*/
