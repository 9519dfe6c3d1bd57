-- about: what the indexes of customers and of their days really serve

-- Their comments named customer_segments, which reads transactions_fact alone, and monthly_cohorts, which reads all days
-- and takes columns that its index does not hold.

-- +goose Up
comment on index public.daily_transaction_summary_pkey is 'One row a customer and business date; lookups of one customer''s days. No named query uses it.';
comment on index public.customers_dim_pkey is 'One customer by id: lookups, the merge, and whether a day''s customers are all known. No named query uses it.';
comment on index public.customers_dim_history_current is 'At most one current version a customer, which the merge ends and begins; lookups of what is known now. No named query uses it.';
