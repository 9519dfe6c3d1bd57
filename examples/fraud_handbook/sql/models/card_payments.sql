-- about: accepted card payments; above 220 the first fraud scenario of the handbook begins
-- grain: transaction_id
-- order: customer_id, tx_datetime
-- preserves: raw_card_payments
-- load: card_payments
select transaction_id, tx_date, tx_datetime, customer_id, terminal_id, tx_amount, tx_fraud, tx_fraud_scenario,
       cast(hour(tx_datetime) as smallint) as hour, tx_amount > /* $high_amount */ 220.00 as is_high_amount
from raw_card_payments
