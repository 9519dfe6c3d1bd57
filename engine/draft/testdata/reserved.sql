-- about: drafted from r.csv
-- reject limit: 5 %
-- alias order_field: Order
-- alias user_field: User
-- alias year_field: Year
-- alias andern: Ändern
-- alias is_fraud: Is Fraud?
-- alias field_2nd: 2nd
-- objects: r.csv{,.gz,.zst}
create or replace table raw_r (
  order_field integer not null,
  user_field  integer not null,
  year_field  integer not null,
  andern      varchar not null,
  is_fraud    boolean not null,
  field_2nd   varchar not null
);

/* seen:
r.csv: 1 records of 6 fields, comma, double quote, UTF-8
no business date: no column of dates that looks like one has a value in every record; the contract is whole
order_field: no key: 0 of 1 records repeat a value; with a key all but one of each would go
no key: no column names a record, so that nothing is removed
no control total: no decimal column is named like money
*/
