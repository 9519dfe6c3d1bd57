-- +goose Up
create table public.card_events (
  booked_on date not null, booked_at timestamp not null, user_id integer not null, card smallint not null,
  amount numeric(18, 2) not null, is_refund boolean not null, use_chip text, merchant_id bigint not null, merchant_city text,
  merchant_state text, zip text, mcc text, failure text, is_successful boolean, is_fraud boolean,
  year smallint) partition by range (booked_on);
create index card_events_card on public.card_events (user_id, card, booked_at);
