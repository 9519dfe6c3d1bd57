-- about: payments and refunds; vendors had no number before April 2010
-- grain: payment_id
-- order: paid_on, vendor
-- preserves: raw_payments
-- load: payments
select payment_id, paid_on, vendor_id, vendor, account_code, trim(account_description) as account_description, document,
       amount, amount < 0 as is_refund, source
from raw_payments
