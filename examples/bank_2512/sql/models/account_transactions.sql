-- about: account transactions with their sign; many log-in attempts are suspicious
-- grain: transaction_id
-- order: account_id, booked_at
-- preserves: raw_account_transactions
-- load: account_transactions
select transaction_id, booked_on, booked_at, account_id, amount, transaction_type, location, merchant_id, channel,
       cast(case transaction_type when 'Credit' then amount else -amount end as decimal(18, 2)) as signed_amount,
       transaction_duration, login_attempts, login_attempts >= /* $many_attempts */ 3 as is_suspicious
from raw_account_transactions
