-- about: the mill's own tables: what is loaded, and below which date nothing is loaded any more

-- Runs by psql as it is. There is no way down: a file that psql runs whole must not undo itself at its end.

-- +goose Up
create schema if not exists ledgermill;

create table ledgermill.loads (
  table_name   text      not null,
  unit         text      not null,
  leaf         text,
  from_date    date,
  to_date      date,
  fingerprint  text      not null,
  content_hash text      not null,
  definition   text      not null,
  rows         bigint    not null,
  sums         jsonb     not null default '{}',
  run_id       text      not null,
  loaded_at    timestamp not null,
  constraint loads_pkey primary key (table_name, unit),
  constraint loads_bounds check ((from_date is null) = (to_date is null) and from_date < to_date)
);

comment on schema ledgermill is 'Ledgermill''s own tables; the bank''s are in public.';
comment on table ledgermill.loads is 'The truth about the warehouse: one row for each unit of a table that is loaded, written in the transaction that shows the unit to readers.';
comment on column ledgermill.loads.table_name is 'Table in schema public.';
comment on column ledgermill.loads.unit is 'Day 2025-01-31, month 2025-01, year 2025, or the name of a whole dataset''s only unit.';
comment on column ledgermill.loads.leaf is 'Partition that holds the unit; null for a table that is merged by key.';
comment on column ledgermill.loads.from_date is 'First business date of the unit; null for a whole dataset.';
comment on column ledgermill.loads.to_date is 'Business date after the last of the unit; null for a whole dataset.';
comment on column ledgermill.loads.fingerprint is 'What decided the content of the unit in the lake.';
comment on column ledgermill.loads.content_hash is 'Content of the unit in the lake; another one means load again.';
comment on column ledgermill.loads.definition is 'Hash of the columns of dataset and table; another one means load again.';
comment on column ledgermill.loads.rows is 'Records, counted in PostgreSQL.';
comment on column ledgermill.loads.sums is 'Exact sum of each numeric column, as PostgreSQL computed it.';
comment on column ledgermill.loads.run_id is 'Run that loaded the unit.';
comment on column ledgermill.loads.loaded_at is 'When readers first saw it, UTC.';

create table ledgermill.floors (
  table_name text      not null,
  floor      date      not null,
  set_at     timestamp not null default (now() at time zone 'utc'),
  constraint floors_pkey primary key (table_name)
);

comment on table ledgermill.floors is 'Business date below which a table is not loaded again: what retention removed stays removed.';
comment on column ledgermill.floors.table_name is 'Table in schema public.';
comment on column ledgermill.floors.floor is 'First business date that may be loaded.';
comment on column ledgermill.floors.set_at is 'When the floor was set, UTC.';
