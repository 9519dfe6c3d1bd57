-- about: card events with a usable zip code, sign and state of success
-- order: user_id, card, booked_at
-- preserves: raw_card_events
-- load: card_events
select booked_on, booked_at, user_id, card, amount, amount < 0 as is_refund, use_chip, merchant_id, merchant_city,
       merchant_state, lpad(split_part(zip, '.', 1), 5, '0') as zip, mcc, failure, failure is null as is_successful, is_fraud
from raw_card_events
