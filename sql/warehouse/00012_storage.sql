-- about: how leaves and dimensions are stored, vacuumed and sampled, and which index serves which query

-- +goose Up
insert into ledgermill.leaf_options (table_name, option, value, reason) values
  ('transactions_fact', 'autovacuum_vacuum_insert_threshold', '-1', 'COPY (FREEZE) leaves nothing for a vacuum of new rows to do.'),
  ('transactions_fact', 'autovacuum_vacuum_scale_factor', '0.05', 'A late day in a compacted month leaves dead rows; one day of thirty is 3 per cent.'),
  ('transactions_fact', 'parallel_workers', '4', 'A small day''s leaf is read by as many workers as a large one; max_parallel_workers_per_gather still bounds them.'),
  ('transactions_fact', 'fillfactor', '100', 'Rows are replaced by whole days, never updated.'),
  ('transactions_fact', 'cluster', 'transactions_fact_customer', 'Not PostgreSQL''s: the index by which warehouse maintain --cluster sorts, the order in which a day is loaded.'),
  ('daily_transaction_summary', 'autovacuum_vacuum_insert_threshold', '-1', 'COPY (FREEZE) leaves nothing for a vacuum of new rows to do.'),
  ('daily_transaction_summary', 'autovacuum_vacuum_scale_factor', '0.05', 'A late day in a compacted month leaves dead rows.'),
  ('daily_transaction_summary', 'fillfactor', '100', 'Rows are replaced by whole days, never updated.'),
  ('merchant_daily_summary', 'autovacuum_vacuum_insert_threshold', '-1', 'COPY (FREEZE) leaves nothing for a vacuum of new rows to do.'),
  ('merchant_daily_summary', 'autovacuum_vacuum_scale_factor', '0.05', 'A late day in a compacted month leaves dead rows.'),
  ('merchant_daily_summary', 'fillfactor', '100', 'Rows are replaced by whole days, never updated.');

-- Dimensions are merged: room on the page keeps an update from touching every index.
alter table public.customers_dim set (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02);
alter table public.merchants_dim set (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02);

-- More words of names than the default keeps, so that a rare one is known to be rare: merchant_search, search_transactions.
alter index public.merchants_dim_words alter column 1 set statistics 500;

-- PostgreSQL multiplies the columns' own numbers of values, 40 groups where there are 17: most channels take few types.
-- Others were tried and left out: they changed no plan of a named query and cost each load a fifth of a second.
create statistics public.transactions_fact_channels (ndistinct) on channel, transaction_type from public.transactions_fact;
comment on statistics public.transactions_fact_channels is 'Groups by channel and type (p95_processing_time).';

comment on index public.transactions_fact_pkey is 'One transaction by its id; no transaction twice on a business date. No named query needs it.';
comment on index public.transactions_fact_customer is 'A customer''s history in time: lookups of one customer.';
comment on index public.transactions_fact_merchant is 'A merchant''s days: lookups of one merchant, search_transactions.';
comment on index public.transactions_fact_high_risk is 'High-risk transactions of the last days: high_risk_last_7_days.';
comment on index public.transactions_fact_not_completed is 'What is pending, failed or cancelled: lookups by status.';
comment on index public.transactions_fact_time is 'Time ranges within months that are one leaf.';
comment on index public.daily_transaction_summary_pkey is 'A customer''s days; monthly_cohorts and customer_segments read it alone where that is cheaper.';
comment on index public.merchant_daily_summary_pkey is 'A merchant''s days.';
comment on index public.customers_dim_pkey is 'One customer by id: customer_segments, joins from facts, the merge.';
comment on index public.merchants_dim_pkey is 'One merchant by id: joins from facts, the merge.';
comment on index public.merchants_dim_words is 'Merchants by words of the name: merchant_search, search_transactions.';
comment on index public.transaction_types_dim_pkey is 'One type by name.';
