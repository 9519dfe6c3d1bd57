-- about: what a project may say about its tables to the mill, by rows: roles, storage of leaves, keys of dimensions

-- Numbers up to 00009 are the mill's, but for 00002; a project's own migrations go on from 00010.

-- +goose Up
create table ledgermill.shared_tables (
  table_name text   not null,
  hidden     text[] not null default '{}',
  constraint shared_tables_pkey primary key (table_name)
);

comment on table ledgermill.shared_tables is 'Tables and views that ledgermill.grant_roles() gives to the roles: ledgermill_loader owns them, ledgermill_reader reads them.';
comment on column ledgermill.shared_tables.table_name is 'Table or view in schema public.';
comment on column ledgermill.shared_tables.hidden is 'Columns that ledgermill_reader may not read.';

create table ledgermill.leaf_options (
  table_name text not null,
  option     text not null,
  value      text not null,
  reason     text not null,
  constraint leaf_options_pkey primary key (table_name, option)
);

comment on table ledgermill.leaf_options is 'Storage parameters of new leaves: PostgreSQL refuses them on the partitioned table itself.';
comment on column ledgermill.leaf_options.table_name is 'Partitioned table in schema public.';
comment on column ledgermill.leaf_options.option is 'Storage parameter, such as parallel_workers; or cluster, whose value is the index by which leaves are sorted again.';
comment on column ledgermill.leaf_options.value is 'Its value.';
comment on column ledgermill.leaf_options.reason is 'Why.';

create table ledgermill.dimension_keys (
  table_name       text   not null,
  column_name      text   not null,
  dimension        text   not null,
  dimension_column text   not null,
  ignored          text[] not null default '{}',
  constraint dimension_keys_pkey primary key (table_name, column_name)
);

comment on table ledgermill.dimension_keys is 'Columns whose values must be in a dimension: a value that is not gets an inferred member, a row with its key alone and is_inferred, until the dimension''s own data has it.';
comment on column ledgermill.dimension_keys.table_name is 'Table with units by date, in schema public.';
comment on column ledgermill.dimension_keys.column_name is 'Its column.';
comment on column ledgermill.dimension_keys.dimension is 'Dimension with a column is_inferred, in schema public.';
comment on column ledgermill.dimension_keys.dimension_column is 'The dimension''s key.';
comment on column ledgermill.dimension_keys.ignored is 'Values that stand for no member.';

create schema ledgermill_detached;
comment on schema ledgermill_detached is 'Months that `ledgermill warehouse retain --detach` took out of their tables.';

-- Roles belong to the server and outlive a database, and not everybody may make them.
-- +goose StatementBegin
do $$
declare
  wanted text;
begin
  foreach wanted in array array['ledgermill_loader', 'ledgermill_reader'] loop
    begin
      if to_regrole(wanted) is null then
        execute format('create role %I nologin', wanted);
        if wanted = 'ledgermill_loader' and not (select rolsuper from pg_roles where rolname = current_user) then
          execute format('grant %I to %I', wanted, current_user);
        end if;
      end if;
    exception
      when insufficient_privilege then
        raise notice 'role % is not there and % may not create it; an administrator can: create role %, grant ledgermill_loader to %, then: select ledgermill.grant_roles()',
          wanted, current_user, wanted, current_user;
      when duplicate_object or unique_violation then
        null; -- another database's migration was faster
    end;
  end loop;
end
$$;
-- +goose StatementEnd

-- +goose StatementBegin
create function ledgermill.grant_roles() returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  shared record;
  part   regclass;
  seen   text;
begin
  if to_regrole('ledgermill_loader') is not null then
    grant usage on schema ledgermill, ledgermill_detached to ledgermill_loader;
    grant create on schema ledgermill_detached to ledgermill_loader;
    grant select, insert, update, delete on all tables in schema ledgermill to ledgermill_loader;
    if pg_has_role(current_user, (select nspowner from pg_namespace where nspname = 'public'), 'usage') then
      grant usage, create on schema public to ledgermill_loader;
    end if;
  end if;
  if to_regrole('ledgermill_reader') is not null then
    grant usage on schema ledgermill to ledgermill_reader;
    grant select on all tables in schema ledgermill to ledgermill_reader;
  end if;
  for shared in
    select c.oid::regclass as name, c.oid, c.relkind, s.hidden
    from ledgermill.shared_tables s
    join pg_class c on c.relname = s.table_name and c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v')
  loop
    if to_regrole('ledgermill_loader') is not null and pg_has_role(current_user, 'ledgermill_loader', 'member') then
      for part in
        select c.oid from pg_class c
        where (c.oid = shared.oid or c.oid in (select relid from pg_partition_tree(shared.oid)))
          and c.relowner <> to_regrole('ledgermill_loader') and pg_has_role(current_user, c.relowner, 'usage')
      loop
        execute format('alter table %s owner to ledgermill_loader', part);
      end loop;
    end if;
    if to_regrole('ledgermill_reader') is not null then
      select string_agg(quote_ident(attname), ', ' order by attnum) into seen
      from pg_attribute where attrelid = shared.oid and attnum > 0 and not attisdropped and attname <> all (shared.hidden);
      execute format('revoke select on %s from ledgermill_reader', shared.name);
      execute format('grant select %s on %s to ledgermill_reader', case when shared.hidden = '{}' then '' else '(' || seen || ')' end, shared.name);
    end if;
  end loop;
end
$$;
-- +goose StatementEnd

comment on function ledgermill.grant_roles() is 'Gives the tables of ledgermill.shared_tables to the roles that are there; may be called again at any time.';

select ledgermill.grant_roles();
