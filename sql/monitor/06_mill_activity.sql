-- about: who does what, what it waits for, and who blocks whom

-- panel: blocked
-- key: pid, by_pid
-- alarm: rows
-- sort: waits_seconds desc
-- metric waits_seconds: gauge ledgermill_blocked_seconds How long a session has been waiting for another one's lock.
select
  a.pid,
  b.by_pid,
  extract(epoch from clock_timestamp() - coalesce(l.since, a.query_start))::numeric(14, 1) as waits_seconds,
  a.usename                                            as role,
  h.usename                                            as blocker,
  h.state                                              as blocker_state,
  left(regexp_replace(a.query, '\s+', ' ', 'g'), 200)  as query,
  left(regexp_replace(h.query, '\s+', ' ', 'g'), 200)  as blocker_query
from pg_stat_activity a
cross join lateral unnest(pg_blocking_pids(a.pid)) as b(by_pid)
left join pg_stat_activity h on h.pid = b.by_pid
left join lateral (select min(waitstart) as since from pg_locks where pid = a.pid and not granted) l on true
where a.wait_event_type = 'Lock';

-- panel: sessions
-- key: pid
-- sort: transaction_seconds desc
-- absent state: other users' sessions show to members of pg_monitor
-- absent query: other users' sessions show to members of pg_monitor
select
  pid,
  usename                                              as role,
  datname,
  application_name                                     as program,
  state,
  coalesce(wait_event_type || ': ' || wait_event, '')  as waits_for,
  extract(epoch from clock_timestamp() - xact_start)::numeric(14, 1)  as transaction_seconds,
  extract(epoch from clock_timestamp() - query_start)::numeric(14, 1) as query_seconds,
  case when state is not null then left(regexp_replace(query, '\s+', ' ', 'g'), 200) end as query
from pg_stat_activity
where backend_type = 'client backend' and pid <> pg_backend_pid() and state is distinct from 'idle'
order by xact_start nulls last
limit 100;

-- panel: waits
-- key: type, event
-- sort: sessions desc
-- metric sessions: gauge ledgermill_wait_sessions Sessions by what they wait for.
select coalesce(wait_event_type, 'running') as type, coalesce(wait_event, '') as event, count(*) as sessions
from pg_stat_activity
where pid <> pg_backend_pid() and state = 'active'
group by 1, 2
order by 3 desc
limit 20;

-- panel: locks
-- key: datname, mode
-- sort: locks desc
-- metric locks: gauge pg_locks_count Number of locks
select coalesce(d.datname, '') as datname, l.mode, count(*) as locks
from pg_locks l
left join pg_database d on d.oid = l.database
where l.pid <> pg_backend_pid()
group by 1, 2
order by 3 desc
limit 50;
