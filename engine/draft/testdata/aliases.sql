-- about: drafted from in/a_20250101.csv, in/b_20250102.csv.gz.csv
-- business date: booked_on
-- key conflict: refuse
-- control: sum(amount)
-- reject limit: 5 %
-- alias amount: Net amount
-- objects: in/*.csv{,.gz,.zst}
create or replace table raw_a (
  event_id  varchar        not null,
  booked_on date           not null,
  amount    decimal(18, 2) not null,
  primary key (event_id)
);

/* seen:
in/a_20250101.csv: 1 records of 3 fields, comma, double quote, UTF-8
in/b_20250102.csv.gz.csv: "Net amount" stands where others have "Amount": an alias, if that is right
in/b_20250102.csv.gz.csv: 1 records of 3 fields, comma, double quote, UTF-8
business date: booked_on
key: event_id
control total: sum(amount)
*/
