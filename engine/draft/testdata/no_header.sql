-- about: drafted from n.csv
-- business date: field_2
-- key conflict: refuse
-- reject limit: 5 %
-- objects: n.csv{,.gz,.zst}
-- csv: header none
create or replace table raw_n (
  field_1 integer        not null,
  field_2 date           not null,
  field_3 decimal(18, 4) not null,
  primary key (field_1)
);

/* seen:
n.csv: 2 records of 3 fields, header none
business date: field_2
key: field_1
no control total: no decimal column is named like money
*/
