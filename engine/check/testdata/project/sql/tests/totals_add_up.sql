select t.booked_on
from daily_totals as t
where t.total is null
