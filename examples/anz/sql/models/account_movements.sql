-- about: movements with their sign: what they did to the balance
-- grain: transaction_id
-- order: customer_id, extracted_at
-- preserves: raw_account_movements
-- load: account_movements
select transaction_id, booked_on, extracted_at, customer_id, movement, amount, currency, balance, status, txn_description,
       cast(case movement when 'credit' then amount else -amount end as decimal(18, 2)) as signed_amount,
       coalesce(card_present_flag, false) as is_card_present, merchant_id, merchant_suburb, merchant_state
from raw_account_movements
