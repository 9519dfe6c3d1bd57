-- about: drafted from s.csv
-- business date: day_field
-- key conflict: refuse
-- reject limit: 5 %
-- alias day_field: day
-- objects: s.csv{,.gz,.zst}
-- format day_field: %d/%m/%Y
create or replace table raw_s (
  id        varchar not null,
  day_field date    not null,
  due       date    not null,
  primary key (id)
);

/* seen:
s.csv: 3 records of 3 fields, comma, double quote, UTF-8
day_field: date written %d/%m/%Y
business date: day_field; it could also be due
key: id
no control total: no decimal column is named like money
*/
