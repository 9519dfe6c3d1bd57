-- about: drafted from fr/x.csv, uk/x.csv, de/x.csv
-- business date: date
-- key conflict: refuse
-- control: sum(montant)
-- reject limit: 5 %
-- alias reference: Référence | Referenz
-- alias date: Day | Tag
-- alias montant: Amount | Betrag
-- objects: fr/x.csv{,.gz,.zst}
-- csv: delimiter ';'
-- format date: %d.%m.%Y | %d/%m/%Y
-- format montant: 1 234,56 | 1.234,56
-- objects: de/x.csv{,.gz,.zst}
-- csv: delimiter ';'
-- format date: %d.%m.%Y | %d/%m/%Y
-- format montant: 1 234,56 | 1.234,56
-- objects: uk/x.csv{,.gz,.zst}
-- format date: %d/%m/%Y
-- format montant: 1,234.56
create or replace table raw_x (
  reference varchar        not null,
  date      date           not null,
  montant   decimal(18, 2) not null,
  primary key (reference)
);

/* seen:
fr/x.csv: 1 records of 3 fields, delimiter ';'
uk/x.csv: "Reference" stands where others have "Référence": an alias, if that is right
uk/x.csv: "Day" stands where others have "Date": an alias, if that is right
uk/x.csv: "Amount" stands where others have "Montant": an alias, if that is right
uk/x.csv: 1 records of 3 fields, comma, double quote, UTF-8
de/x.csv: "Referenz" stands where others have "Référence": an alias, if that is right
de/x.csv: "Tag" stands where others have "Date": an alias, if that is right
de/x.csv: "Betrag" stands where others have "Montant": an alias, if that is right
de/x.csv: 1 records of 3 fields, delimiter ';'
date: date written %d.%m.%Y | %d/%m/%Y
date: date written %d/%m/%Y
montant: decimal(18, 2) written 1 234,56 | 1.234,56
montant: decimal(18, 2) written 1,234.56
business date: date
key: reference
control total: sum(montant)
*/
