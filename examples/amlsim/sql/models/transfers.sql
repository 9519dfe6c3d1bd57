-- about: accepted transfers, equal ones numbered
-- grain: booked_on, source_id, target_id, amount, occurrence
-- preserves: raw_transfers
-- load: transfers
select booked_on, step, source_id, target_id, amount, source_id = target_id as is_to_itself,
       cast(row_number() over (partition by booked_on, source_id, target_id, amount order by step) as integer) as occurrence
from raw_transfers
