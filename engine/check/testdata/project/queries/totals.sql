-- about: totals by date
-- on: both

select booked_on, currency, total
from daily_totals
where booked_on = /* $day */ date '2025-01-31'
order by currency
