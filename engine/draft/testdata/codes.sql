-- about: drafted from codes.csv
-- reject limit: 5 %
-- objects: codes.csv{,.gz,.zst}
-- format price: 1234.56 EUR
-- format fee: 1234 %
create or replace table raw_codes (
  booking varchar        not null,
  article varchar        not null,
  price   decimal(18, 4) not null,
  fee     integer        not null,
  primary key (booking)
);

/* seen:
codes.csv: 2 records of 4 fields, comma, double quote, UTF-8
price: decimal(18, 4) written 1234.56 EUR
fee: integer written 1234 %
no business date: no column of dates that looks like one has a value in every record; the contract is whole
key: booking
no control total: no decimal column is named like money
*/
