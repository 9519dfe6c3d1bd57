-- about: the view customers masks whatever stands in the column of e-mails, an address or not

-- What is not one address has no domain that could be shown: a name, a telephone number, two addresses.

-- +goose Up
create or replace view public.customers with (security_barrier) as
select
  customer_id,
  first_name,
  last_name,
  case
    when email ~ '^[^@[:space:]]+@[^@[:space:],;]+$' then left(email, 1) || '***' || substring(email from '@.*$')
    when email is not null then '***'
  end                      as email,
  '***' || right(phone, 2) as phone,
  country,
  city,
  account_created,
  account_type,
  risk_score,
  closed_at,
  is_inferred
from public.customers_dim;

comment on column public.customers.email is 'E-mail address: its first letter and its domain; *** for what is not one address.';
