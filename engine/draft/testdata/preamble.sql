-- about: drafted from p.csv
-- business date: day_field
-- key conflict: refuse
-- control: sum(amount)
-- reject limit: 5 %
-- alias day_field: day
-- objects: p.csv{,.gz,.zst}
-- csv: header within 3
create or replace table raw_p (
  id        varchar        not null,
  day_field date           not null,
  amount    decimal(18, 2) not null,
  primary key (id)
);

/* seen:
p.csv: 3 records of 3 fields, header within 3
business date: day_field
key: id
control total: sum(amount)
*/
