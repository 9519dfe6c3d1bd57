-- +goose Up
create table public.account_transactions (
  transaction_id text, booked_on date, booked_at timestamp not null, account_id text not null, amount numeric(18, 2) not null,
  transaction_type text not null, location text not null, merchant_id text not null, channel text not null,
  signed_amount numeric(18, 2) not null, transaction_duration smallint not null, login_attempts smallint not null,
  is_suspicious boolean not null, year smallint, month smallint,
  primary key (transaction_id, booked_on)) partition by range (booked_on);
