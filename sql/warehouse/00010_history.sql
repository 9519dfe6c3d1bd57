-- about: the history of the customers, members inferred from facts, and the search for facts by the merchant's name

-- The mill knows a history by its name, <dimension>_history, and its columns valid_from, valid_to, is_current and
-- attribute_hash. The columns that it shares with the dimension are what is tracked: contact data are not, since nothing
-- is evaluated by them and what is not kept need not be erased.

-- +goose Up
alter table public.customers_dim add column is_inferred boolean not null default false;
alter table public.merchants_dim add column is_inferred boolean not null default false;

comment on column public.customers_dim.is_inferred is 'Known from facts alone; the next load of the customers that has the key fills the rest.';
comment on column public.merchants_dim.is_inferred is 'Known from facts alone; the next load of the merchants that has the key fills the rest.';

create table public.customers_dim_history (
  customer_id     text    not null,
  valid_from      date    not null default date '1900-01-01',
  valid_to        date    not null default date '9999-12-31',
  is_current      boolean not null default true,
  attribute_hash  text    not null,
  first_name      text,
  last_name       text,
  country         text,
  city            text,
  account_created date,
  account_type    text,
  risk_score      numeric(7, 2),
  is_inferred     boolean not null default false,
  constraint customers_dim_history_pkey primary key (customer_id, valid_from),
  constraint customers_dim_history_valid check (valid_from < valid_to),
  constraint customers_dim_history_open check (is_current = (valid_to = date '9999-12-31'))
) with (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02);

create unique index customers_dim_history_current on public.customers_dim_history (customer_id) where is_current;

comment on index public.customers_dim_history_pkey is 'The version of a customer at a date: facts joined by customer_id and transaction_date.';
comment on index public.customers_dim_history_current is 'One current version a customer; segments of today (customer_segments).';
comment on table public.customers_dim_history is 'What was known of each customer, and from which business date to which: valid_from <= transaction_date < valid_to finds the one version for a fact.';
comment on column public.customers_dim_history.customer_id is 'See customers_dim.';
comment on column public.customers_dim_history.valid_from is 'First business date of the version; 1900-01-01 for the first that is known.';
comment on column public.customers_dim_history.valid_to is 'Business date after its last; 9999-12-31 for the current version.';
comment on column public.customers_dim_history.is_current is 'The last version. It stays current when a customer is closed: nothing newer is known.';
comment on column public.customers_dim_history.attribute_hash is 'SHA-256 of the tracked columns; another one begins a version.';
comment on column public.customers_dim_history.first_name is 'First name.';
comment on column public.customers_dim_history.last_name is 'Last name.';
comment on column public.customers_dim_history.country is 'Country of residence.';
comment on column public.customers_dim_history.city is 'City of residence.';
comment on column public.customers_dim_history.account_created is 'When the account was opened.';
comment on column public.customers_dim_history.account_type is 'STANDARD, PREMIUM or BUSINESS.';
comment on column public.customers_dim_history.risk_score is 'The bank''s own score of the customer.';
comment on column public.customers_dim_history.is_inferred is 'Stands for a customer known from facts alone; overwritten, not followed, when the customer''s data come.';

-- The daily summaries hold every customer and merchant of the day's facts, in far fewer rows.
insert into ledgermill.dimension_keys (table_name, column_name, dimension, dimension_column, ignored) values
  ('daily_transaction_summary', 'customer_id', 'customers_dim', 'customer_id', '{}'),
  ('merchant_daily_summary',    'merchant_id', 'merchants_dim', 'merchant_id', '{UNKNOWN}');

-- Inlined into the query around it, so that its dates prune and its join may use the index on (merchant_id, transaction_date).
-- +goose StatementBegin
create function public.search_transactions(words text, first_date date default '-infinity', last_date date default 'infinity')
returns setof public.transactions_fact
language sql stable
as $$
  select f.*
  from public.merchants_dim m
  join public.transactions_fact f on f.merchant_id = m.merchant_id
  where to_tsvector('simple', m.merchant_name) @@ websearch_to_tsquery('simple', words)
    and f.transaction_date between first_date and last_date
$$;
-- +goose StatementEnd

comment on function public.search_transactions(text, date, date) is
  'Transactions of merchants whose name holds the words, as in a web search: "quotes", or, -not. Give dates: months outside are not read.';
