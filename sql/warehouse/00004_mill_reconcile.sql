-- about: what PostgreSQL counted in each unit, and how far the warehouse has come, for replicas to be compared with

-- +goose Up
alter table ledgermill.loads add column controls jsonb not null default '[]';

comment on column ledgermill.loads.controls is 'Control totals by group, as PostgreSQL computed them.';

create table ledgermill.progress (
  one    boolean   not null default true,
  number bigint    not null,
  lsn    pg_lsn    not null,
  at     timestamp not null,
  constraint progress_pkey primary key (one),
  constraint progress_one check (one)
);

comment on table ledgermill.progress is 'One row, changed in every transaction that changes ledgermill.loads: a replica that shows it has replayed that transaction.';
comment on column ledgermill.progress.one is 'There is one row.';
comment on column ledgermill.progress.number is 'Counts the changes.';
comment on column ledgermill.progress.lsn is 'Position in the write-ahead log at the change.';
comment on column ledgermill.progress.at is 'When it was, UTC.';

insert into ledgermill.progress (number, lsn, at) values (0, pg_current_wal_insert_lsn(), now() at time zone 'utc');

-- Whoever may change loads moves progress on, and cannot otherwise write to it.
-- +goose StatementBegin
create function ledgermill.note_progress() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  update ledgermill.progress set number = number + 1, lsn = pg_current_wal_insert_lsn(), at = now() at time zone 'utc';
  return null;
end
$$;
-- +goose StatementEnd

comment on function ledgermill.note_progress() is 'Moves ledgermill.progress on.';

create trigger loads_progress after insert or update or delete or truncate on ledgermill.loads
  for each statement execute function ledgermill.note_progress();

-- +goose StatementBegin
do $$
begin
  if to_regrole('ledgermill_reader') is not null then
    grant select on ledgermill.progress to ledgermill_reader;
  end if;
end
$$;
-- +goose StatementEnd
