-- about: what was paid by date and currency
-- grain: booked_on, currency
-- load: daily_totals

select
  booked_on,
  currency,
  cast(count(*) as bigint) as payments,
  cast(sum(amount) as decimal(18, 2)) as total
from payments
group by booked_on, currency
