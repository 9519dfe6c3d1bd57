-- about: samples of the monitor, a partition a day, so that yesterday can be looked at

-- +goose Up
create schema monitor;
comment on schema monitor is 'What `ledgermill monitor --record` has seen.';

create table monitor.samples (
  at      timestamptz not null,
  view    text        not null,
  panel   text        not null,
  missing text,
  rows    json        not null default '[]'
) partition by range (at);

-- By panel and time: what was known of each at some time.
create index samples_panel on monitor.samples (view, panel, at desc);

comment on table monitor.samples is 'One row for each panel of a sample; partitions samples_20250131 are made and dropped by monitor.make_room.';
comment on column monitor.samples.at is 'When the panel was asked.';
comment on column monitor.samples.view is 'View of sql/monitor.';
comment on column monitor.samples.panel is 'Panel of the view.';
comment on column monitor.samples.missing is 'Why there are no rows; null where there are.';
comment on column monitor.samples.rows is 'Rows as objects, their columns in the order of the panel; of long panels the first 20. json and not jsonb: that keeps the order.';
comment on index monitor.samples_panel is 'The last rows of a panel before some time: monitor --at.';

create view monitor.figures as
select s.at, s.view, s.panel, r.number, r.row::jsonb as row
from monitor.samples s
cross join lateral json_array_elements(s.rows) with ordinality as r(row, number);

comment on view monitor.figures is 'The rows of the samples, one by one.';
comment on column monitor.figures.at is 'When the panel was asked.';
comment on column monitor.figures.view is 'View of sql/monitor.';
comment on column monitor.figures.panel is 'Panel of the view.';
comment on column monitor.figures.number is 'Counts the rows of a panel, from 1.';
comment on column monitor.figures.row is 'The row, by column.';

-- +goose StatementBegin
create function monitor.make_room(day date, days integer) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  wanted text := 'samples_' || to_char(day, 'YYYYMMDD');
  old    record;
begin
  -- Two monitors that begin a day together.
  perform pg_advisory_xact_lock(hashtext('monitor.samples'));
  if to_regclass('monitor.' || wanted) is null then
    execute format('create table monitor.%I partition of monitor.samples for values from (%L) to (%L)', wanted,
      day::timestamp at time zone 'UTC', (day + 1)::timestamp at time zone 'UTC');
    if pg_has_role(current_user, (select relowner from pg_class where oid = 'monitor.samples'::regclass), 'member') then
      execute format('alter table monitor.%I owner to %I', wanted, (select relowner::regrole::text from pg_class where oid = 'monitor.samples'::regclass));
    end if;
  end if;
  for old in
    select c.relname
    from pg_inherits i
    join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'monitor.samples'::regclass and c.relname ~ '^samples_\d{8}$'
      and to_date(right(c.relname, 8), 'YYYYMMDD') < day - days
  loop
    execute format('drop table monitor.%I', old.relname);
  end loop;
end
$$;
-- +goose StatementEnd

comment on function monitor.make_room(date, integer) is 'Makes the partition of a day and drops those of more days before it.';

-- +goose StatementBegin
do $$
begin
  if to_regrole('ledgermill_loader') is not null then
    grant usage, create on schema monitor to ledgermill_loader;
    if pg_has_role(current_user, 'ledgermill_loader', 'member') then
      alter table monitor.samples owner to ledgermill_loader;
      alter view monitor.figures owner to ledgermill_loader;
    end if;
  end if;
  if to_regrole('ledgermill_reader') is not null then
    grant usage on schema monitor to ledgermill_reader;
    grant select on monitor.samples, monitor.figures to ledgermill_reader;
  end if;
end
$$;
-- +goose StatementEnd
