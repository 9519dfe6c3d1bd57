-- about: the server, its database and the machine at a glance

-- panel: server
-- figures: server
-- metric up_seconds: gauge ledgermill_server_up_seconds Seconds since the server was started.
-- metric started_at: gauge pg_postmaster_start_time_seconds Time at which postmaster started
-- metric connections_max: gauge pg_settings_max_connections Server parameter max_connections.
-- metric is_replica: gauge pg_replication_is_replica Indicates if the server is a replica
select
  current_setting('server_version')                              as version,
  extract(epoch from now() - pg_postmaster_start_time())::bigint as up_seconds,
  pg_postmaster_start_time()::timestamptz(0)                     as started_at,
  current_database()                                             as database,
  pg_is_in_recovery()::int                                       as is_replica,
  current_setting('max_connections')::int                        as connections_max,
  (select count(*) from pg_stat_activity where backend_type = 'client backend') as connections;

-- panel: warnings
-- source: warnings
-- alarm: rows
-- key: about, what
-- every: 10s
-- metric score: gauge ledgermill_anomaly_score Distance of the newest figure from the median of the same weekday, in median absolute deviations.

-- panel: machine
-- figures: this machine
-- source: machine
-- rate: disk_read_bytes, disk_write_bytes, network_in_bytes, network_out_bytes
-- metric cpu_percent: gauge ledgermill_machine_cpu_percent Share of all cores that is busy.
-- metric load_1: gauge ledgermill_machine_load1 Load average of the last minute.
-- metric memory_used_bytes: gauge ledgermill_machine_memory_used_bytes Memory in use.
-- metric memory_bytes: gauge ledgermill_machine_memory_bytes Memory of the machine.
-- metric swap_used_bytes: gauge ledgermill_machine_swap_used_bytes Swap in use.
-- metric disk_read_bytes: counter ledgermill_machine_disk_read_bytes_total Bytes read from disks.
-- metric disk_write_bytes: counter ledgermill_machine_disk_write_bytes_total Bytes written to disks.
-- metric network_in_bytes: counter ledgermill_machine_network_in_bytes_total Bytes received.
-- metric network_out_bytes: counter ledgermill_machine_network_out_bytes_total Bytes sent.

-- panel: databases
-- key: datname
-- rate: commits, rollbacks, inserted, updated, deleted, blocks_read, temp_bytes, deadlocks
-- growth: size_bytes
-- sort: size_bytes desc
-- every: 5s
-- absent size_bytes: this login may not connect to the database, nor is it a member of pg_read_all_stats
-- absent cache_hit_percent: no block was asked for yet
-- metric size_bytes: gauge pg_database_size_bytes Disk space used by the database
-- metric connections: gauge pg_stat_database_numbackends Number of backends currently connected to this database
-- metric commits: counter pg_stat_database_xact_commit Number of transactions in this database that have been committed
-- metric rollbacks: counter pg_stat_database_xact_rollback Number of transactions in this database that have been rolled back
-- metric blocks_hit: counter pg_stat_database_blks_hit Number of times disk blocks were found already in the buffer cache
-- metric blocks_read: counter pg_stat_database_blks_read Number of disk blocks read in this database
-- metric inserted: counter pg_stat_database_tup_inserted Number of rows inserted by queries in this database
-- metric updated: counter pg_stat_database_tup_updated Number of rows updated by queries in this database
-- metric deleted: counter pg_stat_database_tup_deleted Number of rows deleted by queries in this database
-- metric temp_files: counter pg_stat_database_temp_files Number of temporary files created by queries in this database
-- metric temp_bytes: counter pg_stat_database_temp_bytes Total amount of data written to temporary files by queries in this database
-- metric deadlocks: counter pg_stat_database_deadlocks Number of deadlocks detected in this database
select
  d.datname,
  -- Asked for a database that it may not see, the server would refuse the whole statement.
  case when has_database_privilege(d.oid, 'connect') or pg_has_role('pg_read_all_stats', 'usage') then pg_database_size(d.oid) end as size_bytes,
  s.numbackends                                                  as connections,
  s.xact_commit                                                  as commits,
  s.xact_rollback                                                as rollbacks,
  round(100.0 * s.blks_hit / nullif(s.blks_hit + s.blks_read, 0), 2) as cache_hit_percent,
  s.tup_inserted                                                 as inserted,
  s.tup_updated                                                  as updated,
  s.tup_deleted                                                  as deleted,
  s.blks_hit                                                     as blocks_hit,
  s.blks_read                                                    as blocks_read,
  s.temp_files,
  s.temp_bytes,
  s.deadlocks
from pg_database d
join pg_stat_database s on s.datid = d.oid
where not d.datistemplate
order by 2 desc nulls last
limit 50;

-- panel: connections
-- key: datname, state
-- sort: connections desc
-- absent state: other users' sessions show to members of pg_monitor
-- metric connections: gauge pg_stat_activity_count number of connections in this state
-- metric longest_seconds: gauge pg_stat_activity_max_tx_duration max duration in seconds any active transaction has been running
select
  datname,
  state,
  count(*)                                                       as connections,
  count(*) filter (where wait_event_type = 'Lock')               as waiting,
  coalesce(max(extract(epoch from clock_timestamp() - xact_start)), 0)::numeric(14, 1) as longest_seconds
from pg_stat_activity
where backend_type = 'client backend'
group by datname, state
order by 3 desc;

-- panel: wal
-- figures: write-ahead log
-- rate: records, wal_bytes
-- metric records: counter ledgermill_wal_records_total Records of the write-ahead log.
-- metric wal_bytes: counter ledgermill_wal_bytes_total Bytes of the write-ahead log.
select wal_records as records, wal_fpi as full_pages, wal_bytes, wal_buffers_full as buffers_full
from pg_stat_wal;

-- panel: wal_files
-- figures: files of the write-ahead log
-- every: 10s
-- metric segments: gauge pg_wal_segments Number of WAL segments.
-- metric size_bytes: gauge pg_wal_size_bytes Total size of WAL segments.
select count(*) as segments, sum(size)::bigint as size_bytes
from pg_ls_waldir();

-- panel: checkpoints
-- figures: checkpoints
-- from version: 17
-- every: 5s
-- metric timed: counter pg_stat_checkpointer_num_timed_total Number of scheduled checkpoints due to timeout
-- metric requested: counter pg_stat_checkpointer_num_requested_total Number of requested checkpoints that have been performed
-- metric write_ms: counter pg_stat_checkpointer_write_time_total Total amount of time that has been spent in the portion of processing checkpoints and restartpoints where files are written to disk, in milliseconds
-- metric sync_ms: counter pg_stat_checkpointer_sync_time_total Total amount of time that has been spent in the portion of processing checkpoints and restartpoints where files are synchronized to disk, in milliseconds
-- metric buffers: counter pg_stat_checkpointer_buffers_written_total Number of buffers written during checkpoints and restartpoints
select
  num_timed           as timed,
  num_requested       as requested,
  write_time::bigint  as write_ms,
  sync_time::bigint   as sync_ms,
  buffers_written     as buffers
from pg_stat_checkpointer;

-- panel: checkpoints
-- figures: checkpoints
-- before version: 17
-- every: 5s
-- metric timed: counter pg_stat_bgwriter_checkpoints_timed_total Number of scheduled checkpoints that have been performed
-- metric requested: counter pg_stat_bgwriter_checkpoints_req_total Number of requested checkpoints that have been performed
-- metric write_ms: counter pg_stat_bgwriter_checkpoint_write_time_total Total amount of time that has been spent in the portion of checkpoint processing where files are written to disk, in milliseconds
-- metric sync_ms: counter pg_stat_bgwriter_checkpoint_sync_time_total Total amount of time that has been spent in the portion of checkpoint processing where files are synchronized to disk, in milliseconds
-- metric buffers: counter pg_stat_bgwriter_buffers_checkpoint_total Number of buffers written during checkpoints
select
  checkpoints_timed             as timed,
  checkpoints_req               as requested,
  checkpoint_write_time::bigint as write_ms,
  checkpoint_sync_time::bigint  as sync_ms,
  buffers_checkpoint            as buffers
from pg_stat_bgwriter;

-- panel: disks
-- source: disks
-- key: place
-- every: 10s
-- metric free_bytes: gauge ledgermill_disk_free_bytes Bytes that are free for this user.
-- metric size_bytes: gauge ledgermill_disk_size_bytes Bytes of the file system.
