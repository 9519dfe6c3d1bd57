-- about: payments and transfers as the channels report them: one object a day, late rows of earlier days among them
-- business date: transaction_date
-- key conflict: latest by transaction_timestamp
-- control: sum(amount) by currency
-- reject limit: 5 %
-- alias transaction_id: txn_id
-- alias transaction_timestamp: transaction_time
-- alias processing_time_ms: processing_ms
-- objects: transactions/*.{csv,ndjson,parquet}{,.gz,.zst}

-- DEFAULT fills what a channel leaves empty, before NOT NULL and CHECK look at it: a cash withdrawal has no merchant, a
-- transfer no card. The names of the CHECKs are the reasons under which a refused record is found.
create or replace table raw_transactions (
  transaction_id        varchar        not null,
  transaction_date      date           not null,
  transaction_timestamp timestamp      not null,
  customer_id           varchar        not null,
  transaction_type      varchar        not null,
  amount                decimal(18, 2) not null,
  currency              varchar        default 'EUR',
  status                varchar        not null,
  merchant_id           varchar        default 'UNKNOWN',
  merchant_name         varchar        default 'UNKNOWN',
  merchant_category     varchar        default 'UNKNOWN',
  country               varchar,
  channel               varchar        not null,
  card_type             varchar        default 'UNKNOWN',
  is_fraudulent         boolean        default false,
  processing_time_ms    integer,
  constraint amount_positive   check (amount > 0),
  constraint amount_limit      check (amount <= 1000000),
  constraint type_known        check (transaction_type in ('PAYMENT', 'TRANSFER', 'WITHDRAWAL', 'DEPOSIT',
                                                           'MOBILE_PAYMENT', 'DIRECT_DEBIT', 'CHECK', 'ONLINE_PURCHASE')),
  constraint status_known      check (status in ('COMPLETED', 'PENDING', 'FAILED', 'CANCELLED')),
  constraint channel_known     check (channel in ('ONLINE', 'POS', 'ATM', 'MOBILE', 'BRANCH')),
  -- the whole text and not only its beginning; said so because engines differ in what $ lets pass
  constraint currency_known    check (regexp_extract(currency, '^[A-Z]{3}$', 0) = currency),
  constraint timestamp_on_date check (cast(transaction_timestamp as date) = transaction_date),
  primary key (transaction_id)
);
