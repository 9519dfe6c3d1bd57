-- about: drafted from q.csv
-- reject limit: 5 %
-- objects: q.csv{,.gz,.zst}
-- csv: delimiter '|', quote ''''
create or replace table raw_q (
  id   varchar not null,
  name varchar not null,
  primary key (id)
);

/* seen:
q.csv: 2 records of 2 fields, delimiter '|', quote ''''
no business date: no column of dates that looks like one has a value in every record; the contract is whole
key: id
no control total: no decimal column is named like money
*/
