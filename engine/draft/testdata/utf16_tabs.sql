-- about: drafted from wide.txt
-- control: sum(paid)
-- reject limit: 5 %
-- objects: wide.txt{,.gz,.zst}
-- csv: delimiter '\t', encoding utf-16
-- format paid: $-1,234.56
create or replace table raw_wide (
  id   varchar        not null,
  paid decimal(18, 2) not null,
  note varchar,
  primary key (id)
);

/* seen:
wide.txt: 2 records of 3 fields, delimiter '\t', encoding utf-16
paid: decimal(18, 2) written $-1,234.56
no business date: no column of dates that looks like one has a value in every record; the contract is whole
key: id
control total: sum(paid)
*/
