-- about: drafted from cards/export_2024-12-31.csv
-- business date: date_operation
-- key conflict: refuse
-- control: sum(montant_ht) by devise
-- reject limit: 5 %
-- alias reference: Référence
-- alias date_operation: Date opération
-- objects: cards/export_*.csv{,.gz,.zst}
-- csv: delimiter ';', encoding latin-1
-- format date_operation: %d.%m.%Y
-- format montant_ht: 1.234,56
create or replace table raw_export (
  reference      varchar        not null,
  date_operation date           not null,
  montant_ht     decimal(18, 2) not null,
  devise         varchar        not null,
  primary key (reference)
);

/* seen:
cards/export_2024-12-31.csv: 2 records of 4 fields, delimiter ';', encoding latin-1
date_operation: date written %d.%m.%Y
montant_ht: decimal(18, 2) written 1.234,56
business date: date_operation
key: reference
control total: sum(montant_ht) by devise
*/
