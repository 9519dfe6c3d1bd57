-- +goose Up
create table public.payments (
  payment_id integer, paid_on date, vendor_id bigint, vendor text not null, account_code integer, account_description text,
  document text, amount numeric(18, 2) not null, is_refund boolean not null, source text not null, year smallint, month smallint,
  primary key (payment_id, paid_on)) partition by range (paid_on);
create index payments_vendor on public.payments (vendor, paid_on);
create table public.vendor_daily_spending (
  vendor text, paid_on date, payments bigint not null, total_amount numeric(18, 2) not null, refunded_amount numeric(18, 2) not null,
  primary key (vendor, paid_on)) partition by range (paid_on);
