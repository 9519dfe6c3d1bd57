-- about: what PostgreSQL counted in each unit, and where in its log the load stands

-- +goose Up
alter table ledgermill.loads add column controls jsonb not null default '[]';
alter table ledgermill.loads add column lsn pg_lsn;

comment on column ledgermill.loads.controls is 'Control totals by group, as PostgreSQL computed them.';
comment on column ledgermill.loads.lsn is 'Position in the write-ahead log when the unit was loaded: a replica that has not replayed it does not show the unit yet.';
