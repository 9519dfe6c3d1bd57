-- about: the customers as the master last described them
-- grain: customer_id
-- publish: whole
-- load: customers_dim
-- test: accepted account_type: STANDARD, PREMIUM, BUSINESS

select
  customer_id,
  first_name,
  last_name,
  email,
  phone,
  country,
  city,
  account_created,
  account_type,
  risk_score
from raw_customers
