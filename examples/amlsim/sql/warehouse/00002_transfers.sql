-- +goose Up
create table public.transfers (
  booked_on date, step smallint not null, source_id integer, target_id integer, amount numeric(18, 2), is_to_itself boolean not null,
  occurrence integer, year smallint, month smallint,
  primary key (booked_on, source_id, target_id, amount, occurrence)) partition by range (booked_on);
create index transfers_target on public.transfers (target_id, booked_on);
create table public.accounts (
  account_id integer primary key, is_fraud boolean not null, initial_balance numeric(18, 2) not null, fraud_step smallint);
