-- about: accounts, each object all of them
-- private: holder
-- objects: accounts/*.csv
create or replace table raw_accounts (
  account varchar not null,
  holder  varchar not null,
  branch  varchar,
  primary key (account)
);
