-- about: COPY, CREATE INDEX, VACUUM and ANALYZE under way, beside the loader's own counters

-- panel: loader
-- source: loader
-- key: run, stage
-- growth: rows, bytes

-- panel: copy
-- key: pid
-- rate: rows, bytes
-- metric rows: gauge ledgermill_copy_rows Rows that a COPY under way has taken.
-- metric bytes: gauge ledgermill_copy_bytes Bytes that a COPY under way has taken.
-- absent done_percent: who sends the rows has not said how many there are
select
  p.pid,
  coalesce(c.relname, p.relid::text)                                  as "table",
  p.command,
  p.type,
  p.tuples_processed                                                  as rows,
  p.bytes_processed                                                   as bytes,
  round(100.0 * p.bytes_processed / nullif(p.bytes_total, 0), 1)      as done_percent,
  extract(epoch from clock_timestamp() - a.query_start)::numeric(14, 1) as seconds
from pg_stat_progress_copy p
left join pg_class c on c.oid = p.relid
left join pg_stat_activity a on a.pid = p.pid
order by 6 desc;

-- panel: index_builds
-- key: pid
-- absent done_percent: this phase does not say how far it is
-- metric done_percent: gauge ledgermill_index_build_percent How far the phase of an index build is.
select
  p.pid,
  coalesce(t.relname, p.relid::text)                                  as "table",
  coalesce(i.relname, '')                                             as index,
  p.command,
  p.phase,
  round(100.0 * coalesce(nullif(p.blocks_done, 0), p.tuples_done) / nullif(coalesce(nullif(p.blocks_total, 0), p.tuples_total), 0), 1) as done_percent,
  extract(epoch from clock_timestamp() - a.query_start)::numeric(14, 1) as seconds
from pg_stat_progress_create_index p
left join pg_class t on t.oid = p.relid
left join pg_class i on i.oid = p.index_relid
left join pg_stat_activity a on a.pid = p.pid
order by 7 desc nulls last;

-- panel: vacuums
-- key: pid
-- absent done_percent: the table has no pages
-- metric blocks: gauge pg_stat_progress_vacuum_heap_blks Total number of heap blocks in the table being vacuumed.
-- metric scanned: gauge pg_stat_progress_vacuum_heap_blks_scanned Number of heap blocks scanned so far.
select
  p.pid,
  coalesce(c.relname, p.relid::text)                                  as "table",
  p.phase,
  p.heap_blks_total                                                   as blocks,
  p.heap_blks_scanned                                                 as scanned,
  round(100.0 * p.heap_blks_scanned / nullif(p.heap_blks_total, 0), 1) as done_percent,
  extract(epoch from clock_timestamp() - a.query_start)::numeric(14, 1) as seconds
from pg_stat_progress_vacuum p
left join pg_class c on c.oid = p.relid
left join pg_stat_activity a on a.pid = p.pid
order by 7 desc nulls last;

-- panel: analyzes
-- key: pid
-- absent done_percent: the table has no pages
select
  p.pid,
  coalesce(c.relname, p.relid::text)                                  as "table",
  p.phase,
  p.sample_blks_total                                                 as blocks,
  p.sample_blks_scanned                                               as scanned,
  round(100.0 * p.sample_blks_scanned / nullif(p.sample_blks_total, 0), 1) as done_percent,
  extract(epoch from clock_timestamp() - a.query_start)::numeric(14, 1) as seconds
from pg_stat_progress_analyze p
left join pg_class c on c.oid = p.relid
left join pg_stat_activity a on a.pid = p.pid
order by 7 desc nulls last;
