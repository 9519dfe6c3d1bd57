-- +goose Up
create table public.loans_fact (
  loan_no text not null, lent_on date not null, lent_at timestamp not null, desk text not null, book_no text not null,
  fee numeric(9, 2) not null, year smallint, month smallint, day smallint,
  primary key (loan_no, lent_on)) partition by range (lent_on);
create table public.desk_days (
  desk text not null, lent_on date not null, loans bigint not null, fees numeric(18, 2) not null,
  primary key (desk, lent_on)) partition by range (lent_on);
create table public.books_dim (book_no text primary key, title text not null, shelf text, closed_at timestamp);
create table public.desks_dim (desk text primary key, floor integer not null, closed_at timestamp);
