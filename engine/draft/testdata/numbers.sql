-- about: drafted from numbers.csv
-- reject limit: 5 %
-- objects: numbers.csv{,.gz,.zst}
-- format a: 1234.56 | (1234.56)
-- format b: 1234.56-
-- format d: 1234.56, round
create or replace table raw_numbers (
  id varchar        not null,
  a  decimal(18, 4) not null,
  b  decimal(18, 4) not null,
  c  double         not null,
  d  decimal(18, 2) not null,
  e  bigint         not null
);

/* seen:
numbers.csv: 24 records of 6 fields, comma, double quote, UTF-8
a: decimal(18, 4) written 1234.56 | (1234.56)
b: decimal(18, 4) written 1234.56-
no business date: no column of dates that looks like one has a value in every record; the contract is whole
no key: no column names a record, so that nothing is removed
no control total: no decimal column is named like money
*/
