-- about: the run at work by stage, the last runs with their accounts, freshness and deadline

-- panel: run
-- source: run
-- key: run, stage
-- rate: rows, bytes
-- metric done: gauge ledgermill_step_done Objects, units or parts that the stage of the run at work has done.
-- metric total: gauge ledgermill_step_expected Objects, units or parts that the stage of the run at work has to do.
-- metric rows: gauge ledgermill_step_rows Records or rows that the stage has been through.
-- metric bytes: gauge ledgermill_step_bytes Bytes that the stage has been through.
-- metric seconds: gauge ledgermill_step_seconds Seconds that the stage has taken.

-- panel: work
-- figures: run at work
-- source: work
-- absent end_at: nothing is known yet of how long the rest takes
-- metric running: gauge ledgermill_run_running Whether a run is at work: 1 or 0.
-- metric spill_bytes: gauge ledgermill_run_spill_bytes Bytes that the run keeps on the local disk, spilled or staged.

-- panel: last
-- figures: last run, and the deadline
-- source: last
-- every: 5s
-- absent deadline_at: monitor.deadline is not set
-- absent late: monitor.deadline is not set
-- metric finished_at: gauge ledgermill_run_finished_timestamp_seconds When the last run ended, also with nothing to do.
-- metric seconds: gauge ledgermill_run_duration_seconds How long the last run took.
-- metric exit: gauge ledgermill_run_exit_code Exit code of the last run.
-- metric success_at: gauge ledgermill_run_success_timestamp_seconds When the last run ended that made and published all that it could, also if that was nothing.
-- metric broken: gauge ledgermill_accounts_broken Whether the accounts of the last run did not balance: 1 or 0.
-- metric late: gauge ledgermill_run_late Whether no run has succeeded since the last deadline: 1 or 0.

-- panel: runs
-- source: runs
-- key: run
-- limit: 30
-- every: 5s

-- panel: accounts
-- source: accounts
-- key: feed
-- every: 5s
-- metric read: gauge ledgermill_accounts_read_records Records of the feed that the last run with accounts has read.
-- metric accepted: gauge ledgermill_accounts_accepted_records Records of these that were accepted.
-- metric duplicate: gauge ledgermill_accounts_duplicate_records Records of these that were duplicates.
-- metric rejected: gauge ledgermill_accounts_rejected_records Records of these that were rejected.

-- panel: freshness
-- source: freshness
-- key: dataset
-- every: 10s
-- metric published_at: gauge ledgermill_dataset_published_timestamp_seconds When the dataset was published last.
-- metric units: gauge ledgermill_dataset_units Units of the dataset that are published.
-- metric newest_at: gauge ledgermill_dataset_newest_timestamp_seconds The last business date of the dataset that is published.
-- metric stuck: gauge ledgermill_dataset_stuck_units Units of the dataset that are refused, held, failed or lost.

-- panel: loads
-- key: table
-- absent newest: the table is merged by key
-- every: 5s
-- metric units: gauge ledgermill_load_units Units that are loaded into the table.
-- metric rows: gauge ledgermill_load_rows Rows of the table, counted when they were loaded.
-- metric loaded_at: gauge ledgermill_load_timestamp_seconds When a unit was loaded into the table last.
select
  table_name                                        as "table",
  count(*)                                          as units,
  sum(rows)::bigint                                 as rows,
  max(to_date) - 1                                  as newest,
  (max(loaded_at) at time zone 'utc')::timestamptz(0) as loaded_at,
  (array_agg(run_id order by loaded_at desc))[1]    as run
from ledgermill.loads
group by table_name
order by 3 desc;
