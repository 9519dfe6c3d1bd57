-- +goose Up
create table public.card_payments (
  transaction_id bigint, tx_date date, tx_datetime timestamp not null, customer_id integer not null,
  terminal_id integer not null, tx_amount numeric(18, 2) not null, tx_fraud boolean not null, tx_fraud_scenario smallint,
  hour smallint, is_high_amount boolean, primary key (transaction_id, tx_date)) partition by range (tx_date);
create index card_payments_customer on public.card_payments (customer_id, tx_datetime);
create table public.terminal_daily_summary (
  terminal_id integer, tx_date date, payments bigint not null, total_amount numeric(18, 2) not null,
  customers bigint not null, frauds bigint not null, primary key (terminal_id, tx_date)) partition by range (tx_date);
