-- about: the lake: objects, bytes, last publish, unfinished uploads, rejects that wait for a correction

-- panel: lake
-- figures: the lake
-- source: lake
-- every: 10s
-- absent published_at: nothing was published yet
-- metric objects: gauge ledgermill_lake_objects Objects that the ledger lists.
-- metric bytes: gauge ledgermill_lake_bytes Bytes of the objects that the ledger lists.
-- metric published_at: gauge ledgermill_lake_published_timestamp_seconds When something was published last.

-- panel: datasets
-- source: datasets
-- key: dataset
-- sort: bytes desc
-- every: 10s
-- metric bytes: gauge ledgermill_dataset_bytes Bytes of the dataset's objects.
-- metric rows: gauge ledgermill_dataset_rows Rows of the dataset.

-- panel: rejects
-- source: rejects
-- key: feed
-- sort: waiting desc
-- every: 10s
-- metric waiting: gauge ledgermill_rejects_waiting Rejected records of the feed that no correction has come for.

-- panel: reasons
-- source: reasons
-- key: feed, reason
-- sort: rejected desc
-- every: 10s
-- metric rejected: gauge ledgermill_rejects Rejected records of what is published, by feed and reason.

-- panel: uploads
-- source: uploads
-- key: place
-- every: 1min
-- metric bytes: gauge ledgermill_lake_unfinished_bytes Bytes that runs have staged and not published.
