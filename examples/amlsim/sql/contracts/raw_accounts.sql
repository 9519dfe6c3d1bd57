-- about: the accounts that AMLSim simulates, and when their fraud begins
-- alias account_id: nodeid
-- alias initial_balance: init_balance
-- null fraud_step: -1
-- objects: nodes.csv
create or replace table raw_accounts (
  account_id      integer        not null primary key,
  is_fraud        boolean        not null,
  initial_balance decimal(18, 2) not null,
  fraud_step      smallint
);
