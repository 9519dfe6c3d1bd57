-- about: statements by the time that they have taken, as pg_stat_statements counts them

-- panel: statements
-- key: queryid, role, datname
-- rate: calls, total_ms, blocks_read
-- sort: total_ms desc
-- extension: pg_stat_statements
-- every: 10s
-- absent p95_ms: pg_stat_statements keeps the mean and the deviation, and no percentile
-- absent query: other users' statements show to members of pg_read_all_stats
-- absent queryid: other users' statements show to members of pg_read_all_stats
-- metric calls: counter pg_stat_statements_calls_total Number of times executed
-- metric seconds: counter pg_stat_statements_seconds_total Total time spent in the statement, in seconds
-- metric rows: counter pg_stat_statements_rows_total Total number of rows retrieved or affected by the statement
-- label role: user
select
  s.queryid::text                                      as queryid,
  r.rolname                                            as role,
  d.datname,
  s.calls,
  s.total_exec_time::numeric(20, 1)                    as total_ms,
  s.mean_exec_time::numeric(20, 2)                     as mean_ms,
  null::numeric                                        as p95_ms,
  s.stddev_exec_time::numeric(20, 2)                   as deviation_ms,
  s.max_exec_time::numeric(20, 1)                      as max_ms,
  s.rows,
  s.shared_blks_hit                                    as blocks_hit,
  s.shared_blks_read                                   as blocks_read,
  s.temp_blks_written                                  as temp_blocks,
  (s.total_exec_time / 1000)::numeric(20, 3)           as seconds,
  case when s.queryid is not null then left(regexp_replace(s.query, '\s+', ' ', 'g'), 300) end as query
from pg_stat_statements s
left join pg_roles r on r.oid = s.userid
left join pg_database d on d.oid = s.dbid
order by s.total_exec_time desc
limit 100;
