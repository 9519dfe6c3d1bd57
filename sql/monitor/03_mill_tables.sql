-- about: tables and their partitions: size, rows live and dead, vacuum, analyze, cache hit, run

-- panel: tables
-- key: schema, table
-- sort: size_bytes desc
-- growth: size_bytes
-- every: 30s
-- absent cache_hit_percent: no block was asked for yet
-- metric size_bytes: gauge ledgermill_table_size_bytes Bytes of a table with its partitions, indexes and TOAST.
-- metric leaves: gauge ledgermill_table_leaves Partitions of a table that hold rows.
-- metric live: gauge ledgermill_table_live_rows Rows that are live, estimated.
-- metric dead: gauge ledgermill_table_dead_rows Rows that are dead, estimated.
with leaves as (
  -- What somebody has locked exclusively is left out: asking for its size would wait for him.
  select c.oid, coalesce(pg_partition_root(c.oid)::oid, c.oid) as root, c.reltuples
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'm')
    and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
    and not exists (select from pg_locks l where l.relation = c.oid and l.mode = 'AccessExclusiveLock' and l.granted)
)
select
  n.nspname                                    as schema,
  r.relname                                    as "table",
  sum(pg_total_relation_size(l.oid))::bigint   as size_bytes,
  count(*)                                     as leaves,
  sum(greatest(l.reltuples, 0))::bigint        as rows,
  sum(s.n_live_tup)::bigint                    as live,
  sum(s.n_dead_tup)::bigint                    as dead,
  round(100.0 * sum(io.heap_blks_hit) / nullif(sum(io.heap_blks_hit + io.heap_blks_read), 0), 2) as cache_hit_percent,
  max(greatest(s.last_vacuum, s.last_autovacuum))::timestamptz(0)   as vacuumed_at,
  max(greatest(s.last_analyze, s.last_autoanalyze))::timestamptz(0) as analyzed_at
from leaves l
join pg_class r on r.oid = l.root
join pg_namespace n on n.oid = r.relnamespace
left join pg_stat_all_tables s on s.relid = l.oid
left join pg_statio_all_tables io on io.relid = l.oid
group by n.nspname, r.relname
order by 3 desc nulls last
limit 200;

-- panel: partitions
-- key: schema, partition
-- rate: inserted
-- sort: size_bytes desc
-- every: 30s
-- absent run: nothing was loaded into it by the mill
-- absent units: nothing was loaded into it by the mill
-- absent cache_hit_percent: no block was asked for yet
-- metric size_bytes: gauge pg_stat_user_tables_table_size_bytes Total disk space used by this table, in bytes, excluding indexes
-- metric live: gauge pg_stat_user_tables_n_live_tup Estimated number of live rows
-- metric dead: gauge pg_stat_user_tables_n_dead_tup Estimated number of dead rows
-- metric seq_scans: counter pg_stat_user_tables_seq_scan Number of sequential scans initiated on this table
-- metric index_scans: counter pg_stat_user_tables_idx_scan Number of index scans initiated on this table
-- metric inserted: counter pg_stat_user_tables_n_tup_ins Number of rows inserted
-- label schema: schemaname
-- label partition: relname
with largest as (
  -- relpages is what the last load or vacuum has counted: near enough to say which are the largest.
  select c.oid, c.relname, c.relnamespace
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  where c.relkind = 'r' and c.relispartition
    and n.nspname not in ('pg_catalog', 'information_schema')
    and not exists (select from pg_locks l where l.relation = c.oid and l.mode = 'AccessExclusiveLock' and l.granted)
  order by c.relpages desc
  limit 200
)
select
  n.nspname                                as schema,
  c.relname                                as partition,
  pg_table_size(c.oid)                     as size_bytes,
  s.n_live_tup                             as live,
  s.n_dead_tup                             as dead,
  l.units,
  l.run,
  round(100.0 * io.heap_blks_hit / nullif(io.heap_blks_hit + io.heap_blks_read, 0), 2) as cache_hit_percent,
  s.seq_scan                               as seq_scans,
  s.idx_scan                               as index_scans,
  s.n_tup_ins                              as inserted,
  greatest(s.last_vacuum, s.last_autovacuum)::timestamptz(0)   as vacuumed_at,
  greatest(s.last_analyze, s.last_autoanalyze)::timestamptz(0) as analyzed_at
from largest c
join pg_namespace n on n.oid = c.relnamespace
left join pg_stat_all_tables s on s.relid = c.oid
left join pg_statio_all_tables io on io.relid = c.oid
left join (
  select leaf, count(*) as units, (array_agg(run_id order by loaded_at desc))[1] as run
  from ledgermill.loads
  where leaf is not null
  group by leaf
) l on l.leaf = c.relname and n.nspname = 'public'
order by 3 desc nulls last;
