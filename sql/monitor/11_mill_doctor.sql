-- about: what the doctor says of the server: settings against what loads and queries want

-- panel: findings
-- source: doctor
-- key: name
-- every: 1min
