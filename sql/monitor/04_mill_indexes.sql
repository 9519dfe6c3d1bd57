-- about: indexes: size, scans, those that nobody uses, that are there twice, that are not valid

-- panel: indexes
-- key: schema, table, index
-- rate: scans
-- sort: size_bytes desc
-- every: 30s
-- metric size_bytes: gauge ledgermill_index_size_bytes Bytes of an index with those of its partitions.
-- metric scans: counter ledgermill_index_scans_total Scans of an index with those of its partitions.
with recursive roots as (
  -- An index of a partitioned table and those of its leaves are one to people.
  select i.indexrelid as root, i.indexrelid as index, i.indrelid
  from pg_index i
  join pg_class c on c.oid = i.indexrelid
  join pg_namespace n on n.oid = c.relnamespace
  where not c.relispartition and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
  union all
  select r.root, h.inhrelid, r.indrelid
  from roots r
  join pg_inherits h on h.inhparent = r.index
)
select
  n.nspname                                     as schema,
  t.relname                                     as "table",
  c.relname                                     as index,
  sum(pg_relation_size(r.index))::bigint        as size_bytes,
  coalesce(sum(s.idx_scan), 0)::bigint          as scans,
  case
    when i.indisprimary then 'primary key'
    when i.indisunique then 'unique'
    when coalesce(sum(s.idx_scan), 0) = 0 then 'unused'
    else ''
  end                                           as note,
  count(*) filter (where s.indexrelid is not null) as leaves
from roots r
join pg_class c on c.oid = r.root
join pg_index i on i.indexrelid = r.root
join pg_class t on t.oid = r.indrelid
join pg_namespace n on n.oid = t.relnamespace
left join pg_stat_all_indexes s on s.indexrelid = r.index
where not exists (select from pg_locks l where l.relation = r.index and l.mode = 'AccessExclusiveLock' and l.granted)
group by n.nspname, t.relname, c.relname, i.indisprimary, i.indisunique
order by 4 desc nulls last
limit 200;

-- panel: faults
-- key: schema, index, fault
-- alarm: rows
-- every: 30s
-- metric found: gauge ledgermill_index_fault Indexes that are not valid, or the same as another.
select n.nspname as schema, t.relname as "table", c.relname as index, 'invalid' as fault, 1 as found, 'drop and create it again, or attach an index of each partition' as try
from pg_index i
join pg_class c on c.oid = i.indexrelid
join pg_class t on t.oid = i.indrelid
join pg_namespace n on n.oid = t.relnamespace
where not i.indisvalid
union all
select n.nspname, t.relname, c.relname, 'duplicate', 1, 'the same as ' || o.relname
from pg_index i
join pg_index other
  on other.indrelid = i.indrelid and other.indexrelid < i.indexrelid
 and other.indkey = i.indkey and other.indclass = i.indclass and other.indoption = i.indoption and other.indcollation = i.indcollation
 and coalesce(pg_get_expr(other.indexprs, other.indrelid), '') = coalesce(pg_get_expr(i.indexprs, i.indrelid), '')
 and coalesce(pg_get_expr(other.indpred, other.indrelid), '') = coalesce(pg_get_expr(i.indpred, i.indrelid), '')
join pg_class c on c.oid = i.indexrelid
join pg_class o on o.oid = other.indexrelid
join pg_class t on t.oid = i.indrelid
join pg_namespace n on n.oid = t.relnamespace
-- Those of leaves follow the index above them, which is named once.
where not c.relispartition and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_toast'
order by 1, 2, 3
limit 100;
