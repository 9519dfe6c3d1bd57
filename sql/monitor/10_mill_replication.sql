-- about: replicas of this server, what it replays if it is one, and slots that keep its log

-- panel: replicas
-- key: application_name, client
-- metric behind_bytes: gauge pg_stat_replication_pg_wal_lsn_diff Lag in bytes between master and slave
-- metric lag_seconds: gauge ledgermill_replica_lag_seconds How long ago the server has written what the replica has replayed.
-- absent behind_bytes: positions show to members of pg_monitor
-- absent lag_seconds: nothing was written for a while, or the login is no member of pg_monitor
select
  application_name,
  coalesce(client_addr::text, 'local')                                as client,
  state,
  sync_state,
  case when pg_is_in_recovery() then null else pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::bigint end as behind_bytes,
  extract(epoch from replay_lag)::numeric(14, 3)                      as lag_seconds
from pg_stat_replication
order by 1, 2;

-- panel: replay
-- figures: replay
-- metric lag_seconds: gauge pg_replication_lag_seconds Replication lag behind master in seconds
-- absent lag_seconds: this server is no replica
-- absent replayed_at: this server is no replica, or nothing was replayed yet
select
  pg_is_in_recovery()::int                                            as is_replica,
  case
    when not pg_is_in_recovery() then null
    when pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() then 0
    else extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp())::numeric(14, 1)
  end                                                                 as lag_seconds,
  pg_last_xact_replay_timestamp()::timestamptz(0)                     as replayed_at;

-- panel: slots
-- key: slot_name
-- metric active: gauge pg_replication_slot_slot_is_active whether the replication slot is active or not
-- metric kept_bytes: gauge ledgermill_replication_slot_kept_bytes Bytes of the write-ahead log that a slot keeps.
select
  slot_name,
  slot_type,
  active::int                                                         as active,
  case when pg_is_in_recovery() then null else pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::bigint end as kept_bytes,
  wal_status
from pg_replication_slots
order by 1;
