-- about: the star schema: facts by month and day, daily summaries, dimensions

-- Indexes stand on the parents only; the loader builds them on each leaf after its rows have come.
-- Timestamps are UTC. The names are qualified because a schema called like the user would come before public.

-- +goose Up
create table public.transactions_fact (
  transaction_id          text           not null,
  transaction_date        date           not null,
  transaction_timestamp   timestamp,
  customer_id             text           not null,
  transaction_type        text,
  amount                  numeric(18, 2) not null,
  currency                text,
  status                  text,
  merchant_id             text,
  merchant_name           text,
  merchant_category       text,
  country                 text,
  channel                 text,
  card_type               text,
  is_fraudulent           boolean,
  processing_time_ms      integer,
  year                    smallint,
  month                   smallint,
  day                     smallint,
  day_of_week             smallint,
  hour                    smallint,
  amount_category         text,
  time_of_day             text,
  daily_transaction_count integer,
  daily_cumulative_amount numeric(18, 2),
  risk_score              smallint,
  risk_reasons            text,
  is_high_risk            boolean,
  is_outlier              boolean,
  etl_job_id              text,
  etl_processed_timestamp timestamp,
  constraint transactions_fact_pkey primary key (transaction_id, transaction_date),
  constraint transactions_fact_risk_score check (risk_score between 0 and 100)
) partition by range (transaction_date);

create index transactions_fact_customer on public.transactions_fact (customer_id, transaction_timestamp);
create index transactions_fact_merchant on public.transactions_fact (merchant_id, transaction_date);
create index transactions_fact_high_risk on public.transactions_fact (transaction_date, risk_score) where is_high_risk;
create index transactions_fact_not_completed on public.transactions_fact (status, transaction_date) where status <> 'COMPLETED';
create index transactions_fact_time on public.transactions_fact using brin (transaction_timestamp);

comment on index public.transactions_fact_pkey is 'One transaction by its id.';
comment on index public.transactions_fact_customer is 'A customer''s history in time.';
comment on index public.transactions_fact_merchant is 'A merchant''s days.';
comment on index public.transactions_fact_high_risk is 'High-risk transactions of the last days.';
comment on index public.transactions_fact_not_completed is 'What is pending, failed or cancelled.';
comment on index public.transactions_fact_time is 'Time ranges within months that are one leaf.';

comment on table public.transactions_fact is 'One row for each accepted transaction.';
comment on column public.transactions_fact.transaction_id is 'The bank''s id of the transaction; unique within a business date.';
comment on column public.transactions_fact.transaction_date is 'Business date.';
comment on column public.transactions_fact.transaction_timestamp is 'When it happened, UTC.';
comment on column public.transactions_fact.customer_id is 'Who pays; see customers_dim.';
comment on column public.transactions_fact.transaction_type is 'See transaction_types_dim.';
comment on column public.transactions_fact.amount is 'Amount in currency, above zero.';
comment on column public.transactions_fact.currency is 'ISO 4217 code.';
comment on column public.transactions_fact.status is 'COMPLETED, PENDING, FAILED or CANCELLED.';
comment on column public.transactions_fact.merchant_id is 'See merchants_dim; UNKNOWN where none was sent.';
comment on column public.transactions_fact.merchant_name is 'As sent with the transaction.';
comment on column public.transactions_fact.merchant_category is 'As sent with the transaction.';
comment on column public.transactions_fact.country is 'Where it happened.';
comment on column public.transactions_fact.channel is 'ONLINE, POS, ATM, MOBILE or BRANCH.';
comment on column public.transactions_fact.card_type is 'UNKNOWN where none was sent.';
comment on column public.transactions_fact.is_fraudulent is 'Flagged by the sender.';
comment on column public.transactions_fact.processing_time_ms is 'Time that the sender took, milliseconds.';
comment on column public.transactions_fact.year is 'Year of the business date.';
comment on column public.transactions_fact.month is 'Month of the business date, 1 to 12.';
comment on column public.transactions_fact.day is 'Day of the business date, 1 to 31.';
comment on column public.transactions_fact.day_of_week is '1 is Sunday, 7 is Saturday.';
comment on column public.transactions_fact.hour is 'Hour of transaction_timestamp, 0 to 23.';
comment on column public.transactions_fact.amount_category is 'MICRO below 10, SMALL below 100, MEDIUM below 1,000, LARGE below 10,000, VERY_LARGE.';
comment on column public.transactions_fact.time_of_day is 'MORNING 6-11, AFTERNOON 12-17, EVENING 18-21, else NIGHT.';
comment on column public.transactions_fact.daily_transaction_count is 'Transactions of the customer on the business date.';
comment on column public.transactions_fact.daily_cumulative_amount is 'The customer''s amounts of the business date up to and with this one.';
comment on column public.transactions_fact.risk_score is '0 to 100.';
comment on column public.transactions_fact.risk_reasons is 'What the score is made of.';
comment on column public.transactions_fact.is_high_risk is 'Worth a look by a person.';
comment on column public.transactions_fact.is_outlier is 'Amount statistically out of the usual.';
comment on column public.transactions_fact.etl_job_id is 'Run that loaded the row.';
comment on column public.transactions_fact.etl_processed_timestamp is 'When that run loaded it, UTC.';

create table public.daily_transaction_summary (
  customer_id             text           not null,
  transaction_date        date           not null,
  year                    smallint,
  month                   smallint,
  day                     smallint,
  transaction_count       bigint         not null,
  total_amount            numeric(18, 2),
  avg_amount              numeric(18, 2),
  min_amount              numeric(18, 2),
  max_amount              numeric(18, 2),
  unique_merchants        bigint,
  fraud_count             bigint,
  completed_count         bigint,
  failed_count            bigint,
  etl_job_id              text,
  etl_processed_timestamp timestamp,
  constraint daily_transaction_summary_pkey primary key (customer_id, transaction_date)
) partition by range (transaction_date);

comment on index public.daily_transaction_summary_pkey is 'A customer''s days.';
comment on table public.daily_transaction_summary is 'One row for each customer and business date with transactions.';
comment on column public.daily_transaction_summary.customer_id is 'See customers_dim.';
comment on column public.daily_transaction_summary.transaction_date is 'Business date.';
comment on column public.daily_transaction_summary.year is 'Year of the business date.';
comment on column public.daily_transaction_summary.month is 'Month of the business date, 1 to 12.';
comment on column public.daily_transaction_summary.day is 'Day of the business date, 1 to 31.';
comment on column public.daily_transaction_summary.transaction_count is 'Transactions, of every status.';
comment on column public.daily_transaction_summary.total_amount is 'Sum of the amounts, whatever the currency.';
comment on column public.daily_transaction_summary.avg_amount is 'Mean amount, rounded half away from zero.';
comment on column public.daily_transaction_summary.min_amount is 'Smallest amount.';
comment on column public.daily_transaction_summary.max_amount is 'Largest amount.';
comment on column public.daily_transaction_summary.unique_merchants is 'Different merchants.';
comment on column public.daily_transaction_summary.fraud_count is 'Transactions flagged fraudulent by the sender.';
comment on column public.daily_transaction_summary.completed_count is 'Transactions of status COMPLETED.';
comment on column public.daily_transaction_summary.failed_count is 'Transactions of status FAILED.';
comment on column public.daily_transaction_summary.etl_job_id is 'Run that loaded the row.';
comment on column public.daily_transaction_summary.etl_processed_timestamp is 'When that run loaded it, UTC.';

create table public.merchant_daily_summary (
  merchant_id             text           not null,
  transaction_date        date           not null,
  merchant_name           text,
  merchant_category       text,
  transaction_count       bigint         not null,
  total_revenue           numeric(18, 2),
  avg_transaction         numeric(18, 2),
  unique_customers        bigint,
  etl_job_id              text,
  etl_processed_timestamp timestamp,
  constraint merchant_daily_summary_pkey primary key (merchant_id, transaction_date)
) partition by range (transaction_date);

comment on index public.merchant_daily_summary_pkey is 'A merchant''s days.';
comment on table public.merchant_daily_summary is 'One row for each merchant and business date with transactions.';
comment on column public.merchant_daily_summary.merchant_id is 'See merchants_dim; UNKNOWN where none was sent.';
comment on column public.merchant_daily_summary.transaction_date is 'Business date.';
comment on column public.merchant_daily_summary.merchant_name is 'As sent with the transactions.';
comment on column public.merchant_daily_summary.merchant_category is 'As sent with the transactions.';
comment on column public.merchant_daily_summary.transaction_count is 'Transactions, of every status.';
comment on column public.merchant_daily_summary.total_revenue is 'Sum of the amounts, whatever the currency.';
comment on column public.merchant_daily_summary.avg_transaction is 'Mean amount, rounded half away from zero.';
comment on column public.merchant_daily_summary.unique_customers is 'Different customers.';
comment on column public.merchant_daily_summary.etl_job_id is 'Run that loaded the row.';
comment on column public.merchant_daily_summary.etl_processed_timestamp is 'When that run loaded it, UTC.';

create table public.customers_dim (
  customer_id     text not null,
  first_name      text,
  last_name       text,
  email           text,
  phone           text,
  country         text,
  city            text,
  account_created date,
  account_type    text,
  risk_score      numeric(7, 2),
  closed_at       timestamp,
  constraint customers_dim_pkey primary key (customer_id)
);

comment on index public.customers_dim_pkey is 'One customer by id.';
comment on table public.customers_dim is 'One row for each customer ever sent.';
comment on column public.customers_dim.customer_id is 'The bank''s id of the customer.';
comment on column public.customers_dim.first_name is 'First name.';
comment on column public.customers_dim.last_name is 'Last name.';
comment on column public.customers_dim.email is 'E-mail address.';
comment on column public.customers_dim.phone is 'Telephone number.';
comment on column public.customers_dim.country is 'Country of residence.';
comment on column public.customers_dim.city is 'City of residence.';
comment on column public.customers_dim.account_created is 'When the account was opened.';
comment on column public.customers_dim.account_type is 'STANDARD, PREMIUM or BUSINESS.';
comment on column public.customers_dim.risk_score is 'The bank''s own score of the customer.';
comment on column public.customers_dim.closed_at is 'When the customer was first missing from the dataset, UTC; null while it is there.';

create table public.merchants_dim (
  merchant_id   text not null,
  merchant_name text,
  category      text,
  country       text,
  mcc_code      text,
  closed_at     timestamp,
  constraint merchants_dim_pkey primary key (merchant_id)
);

create index merchants_dim_words on public.merchants_dim using gin (to_tsvector('simple', merchant_name));

-- Search by parts of a word needs pg_trgm, which some servers do not offer; words are found without it.
-- +goose StatementBegin
do $$
begin
  create extension if not exists pg_trgm with schema public;
  create index merchants_dim_letters on public.merchants_dim using gin (merchant_name public.gin_trgm_ops);
  comment on index public.merchants_dim_letters is 'Merchants by a part of the name, or by a name misspelt.';
exception
  when insufficient_privilege or undefined_file or feature_not_supported or undefined_object then
    raise notice 'no search by parts of merchant names: %', sqlerrm;
end
$$;
-- +goose StatementEnd

comment on index public.merchants_dim_pkey is 'One merchant by id.';
comment on index public.merchants_dim_words is 'Merchants by words of the name.';
comment on table public.merchants_dim is 'One row for each merchant ever sent.';
comment on column public.merchants_dim.merchant_id is 'The bank''s id of the merchant.';
comment on column public.merchants_dim.merchant_name is 'Name; searched by words and by letters.';
comment on column public.merchants_dim.category is 'Line of business.';
comment on column public.merchants_dim.country is 'Country of the merchant.';
comment on column public.merchants_dim.mcc_code is 'ISO 18245 merchant category code.';
comment on column public.merchants_dim.closed_at is 'When the merchant was first missing from the dataset, UTC; null while it is there.';

create table public.transaction_types_dim (
  transaction_type text not null,
  description      text not null,
  category         text not null,
  risk_level       text not null,
  constraint transaction_types_dim_pkey primary key (transaction_type),
  constraint transaction_types_dim_risk_level check (risk_level in ('LOW', 'MEDIUM', 'HIGH'))
);

comment on index public.transaction_types_dim_pkey is 'One type by name.';
comment on table public.transaction_types_dim is 'The types of transaction, seeded here.';
comment on column public.transaction_types_dim.transaction_type is 'As in transactions_fact.';
comment on column public.transaction_types_dim.description is 'What it is.';
comment on column public.transaction_types_dim.category is 'PURCHASE, TRANSFER or CASH.';
comment on column public.transaction_types_dim.risk_level is 'LOW, MEDIUM or HIGH.';

insert into public.transaction_types_dim (transaction_type, description, category, risk_level) values
  ('PAYMENT',         'Card payment at a merchant',               'PURCHASE', 'LOW'),
  ('ONLINE_PURCHASE', 'Purchase in an online shop',               'PURCHASE', 'MEDIUM'),
  ('MOBILE_PAYMENT',  'Payment by telephone or watch',            'PURCHASE', 'MEDIUM'),
  ('DIRECT_DEBIT',    'Amount drawn by a creditor under mandate', 'TRANSFER', 'LOW'),
  ('TRANSFER',        'Transfer to another account',              'TRANSFER', 'HIGH'),
  ('CHECK',           'Cheque drawn on the account',              'TRANSFER', 'MEDIUM'),
  ('WITHDRAWAL',      'Cash taken out',                           'CASH',     'HIGH'),
  ('DEPOSIT',         'Cash or cheque paid in',                   'CASH',     'LOW');
