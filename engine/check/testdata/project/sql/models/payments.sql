-- about: payments with their place in the day
-- grain: payment_id
-- preserves: raw_payments
-- test: amount <> 0

select payment_id, booked_on, booked_at, account, amount, currency, note
from raw_payments
