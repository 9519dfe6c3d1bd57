-- about: drafted from euro.csv
-- control: sum(amount)
-- reject limit: 5 %
-- objects: euro.csv{,.gz,.zst}
-- csv: encoding windows-1252
-- format amount: 1234 €
create or replace table raw_euro (
  name   varchar        not null,
  amount decimal(18, 2) not null,
  primary key (name)
);

/* seen:
euro.csv: 2 records of 2 fields, encoding windows-1252
amount: decimal(18, 2) written 1234 €
no business date: no column of dates that looks like one has a value in every record; the contract is whole
key: name
control total: sum(amount)
*/
