-- about: drafted from us.csv
-- business date: day_field
-- key conflict: refuse
-- reject limit: 5 %
-- alias day_field: day
-- objects: us.csv{,.gz,.zst}
-- format day_field: %d/%m/%Y
-- format rate: 1,234

-- Nobody chose this: day: every 03/04/2025 fits both: %d/%m/%Y or %m/%d/%Y? taken: %d/%m/%Y

-- Nobody chose this: rate: every 1,234 may group thousands or have three decimals: thousands or decimals? taken: thousands
create or replace table raw_us (
  id        varchar not null,
  day_field date    not null,
  rate      integer not null,
  primary key (id)
);

/* seen:
us.csv: 2 records of 3 fields, comma, double quote, UTF-8
day_field: date written %d/%m/%Y
rate: integer written 1,234
business date: day_field
key: id
no control total: no decimal column is named like money
*/
