-- about: accounts, those that take part in a fraud pattern marked
-- grain: account_id
-- load: accounts
select account_id, is_fraud, initial_balance, fraud_step from raw_accounts
