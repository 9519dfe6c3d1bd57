-- +goose Up
create table public.account_movements (
  transaction_id text, booked_on date, extracted_at timestamp not null, customer_id text not null, movement text not null,
  amount numeric(18, 2) not null, currency text not null, balance numeric(18, 2) not null, status text not null,
  txn_description text not null, signed_amount numeric(18, 2) not null, is_card_present boolean not null, merchant_id text,
  merchant_suburb text, merchant_state text, year smallint, month smallint,
  primary key (transaction_id, booked_on)) partition by range (booked_on);
