-- +goose Up
create table public.statement_lines (
  transaction_id text, booked_on date, booked_at timestamp not null, client_id text not null, amount numeric(18, 2) not null,
  currency text not null, rate numeric(9, 4) not null, amount_eur numeric(18, 2) not null, category text not null, product text not null,
  branch text, operation text not null, status text not null, credit_score numeric(5, 1), segment text, balance numeric(18, 2) not null,
  occurrence integer, is_off_rate boolean not null, is_french_date boolean not null, is_decimal_comma boolean not null,
  is_balance_with_currency boolean not null, is_lower_case boolean not null, year smallint,
  primary key (transaction_id, booked_on, occurrence)) partition by range (booked_on);
