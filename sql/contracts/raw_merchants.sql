-- about: the merchants that accept the bank's cards; of a merchant sent twice the later object counts
-- reject limit: 1 %
-- alias merchant_name: name
-- alias category: merchant_category
-- alias mcc_code: mcc
-- objects: merchants/*.{csv,ndjson,parquet}{,.gz,.zst}

-- A contract: what a raw feed must look like. The lines above are directives, up to the first that is no comment. A record
-- that breaks a type, a NOT NULL or a CHECK is refused, kept and counted under that name (`ledgermill rejects ls`). No
-- `business date` here, so all objects together are one unit, and of two records with one key the later object's counts.
create or replace table raw_merchants (
  merchant_id   varchar not null,
  merchant_name varchar not null,
  category      varchar default 'UNKNOWN',
  country       varchar,
  mcc_code      varchar,
  -- a merchant category code is four digits and may begin with 0: text, not a number
  constraint mcc_code_digits check (regexp_extract(mcc_code, '^[0-9]{4}$', 0) = mcc_code),
  primary key (merchant_id)
);
