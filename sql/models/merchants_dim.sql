-- about: the merchants as their acquirers last described them
-- grain: merchant_id
-- publish: whole
-- load: merchants_dim
-- test: not null merchant_name, category

select
  merchant_id,
  merchant_name,
  category,
  country,
  mcc_code
from raw_merchants
