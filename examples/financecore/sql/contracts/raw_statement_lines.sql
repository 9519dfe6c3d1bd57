-- about: a French statement in five currencies; four columns stay as sent beside what is read of them, so that their spellings can be counted
-- business date: booked_on
-- partition: year
-- read booked_on: date_transaction
-- read booked_at: date_transaction
-- read amount: montant
-- read currency: upper(devise)
-- read balance: solde_avant
-- control: sum(amount) by currency
-- reject limit: 0.1 %
-- private: client_id
-- format booked_on: %Y-%m-%d %H:%M:%S | %d/%m/%Y %H:%M
-- format booked_at: %Y-%m-%d %H:%M:%S | %d/%m/%Y %H:%M
-- format amount: 1234.56 | 1234,56
-- format balance: 1234.56 | 1234.56 EUR
-- objects: *.csv

-- No PRIMARY KEY: 60 ids come twice, seconds apart, and either line may be the wrong one. Both stay; the model marks the second.
-- Lower-case currencies are no error, so that `read` raises them and nothing is rejected; the model marks those 20 too.
create or replace table raw_statement_lines (
  transaction_id varchar not null, client_id varchar not null, date_transaction varchar not null,
  booked_on date not null, booked_at timestamp not null, montant varchar not null, amount decimal(18, 2) not null,
  devise varchar not null, currency varchar not null, taux_change_eur decimal(9, 4) not null, montant_eur decimal(18, 2) not null,
  categorie varchar not null, produit varchar not null, agence varchar, type_operation varchar not null, statut varchar not null,
  score_credit_client decimal(5, 1), segment_client varchar, solde_avant varchar, balance decimal(18, 2) not null, taux_interet decimal(9, 4),
  constraint currency_known  check (currency in ('EUR', 'USD', 'GBP', 'CHF', 'MAD')),
  constraint operation_known check (type_operation in ('Debit', 'Credit')),
  constraint rate_positive   check (taux_change_eur > 0)
);
