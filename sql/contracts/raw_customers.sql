-- about: the customer master, sent whole or as changes; of a customer sent twice the later object counts
-- reject limit: 1 %
-- private: first_name, last_name, email, phone
-- alias account_created: created_at | created
-- objects: customers/*.{csv,ndjson,parquet}{,.gz,.zst}

-- No business date: all objects together are one whole dataset, which a model publishes as the dimension.
create or replace table raw_customers (
  customer_id     varchar  not null,
  first_name      varchar,
  last_name       varchar,
  email           varchar,
  phone           varchar,
  country         varchar,
  city            varchar,
  account_created date,
  account_type    varchar  default 'STANDARD',
  risk_score      decimal(7, 2),
  constraint account_type_known  check (account_type in ('STANDARD', 'PREMIUM', 'BUSINESS')),
  constraint risk_score_in_range check (risk_score between 0 and 100),
  primary key (customer_id)
);
