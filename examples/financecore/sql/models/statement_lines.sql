-- about: statement lines, each fault of the sender marked; the two that need a person are warned of: 60 repeated ids, 30 wrong conversions
-- grain: transaction_id, occurrence
-- order: client_id, booked_at
-- preserves: raw_statement_lines
-- load: statement_lines
-- test: unique transaction_id, warn
-- test: not is_off_rate, warn
select transaction_id, booked_on, booked_at, client_id, amount, currency, taux_change_eur as rate, montant_eur as amount_eur,
       categorie as category, produit as product, agence as branch, type_operation as operation, statut as status,
       score_credit_client as credit_score, upper(segment_client) as segment, balance,
       cast(row_number() over (partition by transaction_id order by booked_at, date_transaction) as integer) as occurrence,
       abs(montant_eur * taux_change_eur - amount) > /* $cent */ 0.01 * taux_change_eur as is_off_rate,
       date_transaction like '%/%' as is_french_date, montant like '%,%' as is_decimal_comma,
       solde_avant like '%EUR' as is_balance_with_currency, devise <> currency as is_lower_case
from raw_statement_lines
