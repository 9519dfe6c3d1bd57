-- about: who may do what: ledgermill_loader owns the tables, ledgermill_reader reads all but e-mail and telephone

-- Column privileges rather than a schema that hides public: a role's search_path is not inherited by the logins that are
-- its members, a privilege is. A reader's unqualified names are everybody's; email and phone, and select * on
-- customers_dim, are refused, and the view customers shows them masked.

-- +goose Up
create view public.customers with (security_barrier) as
select
  customer_id,
  first_name,
  last_name,
  regexp_replace(email, '^(.).*(@.*)$', '\1***\2') as email,
  '***' || right(phone, 2)                         as phone,
  country,
  city,
  account_created,
  account_type,
  risk_score,
  closed_at,
  is_inferred
from public.customers_dim;

comment on view public.customers is 'customers_dim for readers: email and phone are masked.';
comment on column public.customers.customer_id is 'The bank''s id of the customer.';
comment on column public.customers.first_name is 'First name.';
comment on column public.customers.last_name is 'Last name.';
comment on column public.customers.email is 'E-mail address: its first letter and its domain.';
comment on column public.customers.phone is 'Telephone number: its last two digits.';
comment on column public.customers.country is 'Country of residence.';
comment on column public.customers.city is 'City of residence.';
comment on column public.customers.account_created is 'When the account was opened.';
comment on column public.customers.account_type is 'STANDARD, PREMIUM or BUSINESS.';
comment on column public.customers.risk_score is 'The bank''s own score of the customer.';
comment on column public.customers.closed_at is 'When the customer was first missing from the dataset, UTC; null while it is there.';
comment on column public.customers.is_inferred is 'Known from facts alone.';

insert into ledgermill.shared_tables (table_name, hidden) values
  ('transactions_fact',         '{}'),
  ('daily_transaction_summary', '{}'),
  ('merchant_daily_summary',    '{}'),
  ('customers_dim',             '{email,phone}'),
  ('customers_dim_history',     '{}'),
  ('customers',                 '{}'),
  ('merchants_dim',             '{}'),
  ('transaction_types_dim',     '{}');

select ledgermill.grant_roles();
