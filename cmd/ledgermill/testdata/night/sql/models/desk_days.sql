-- about: what each desk lent on each date
-- grain: desk, lent_on
-- load: desk_days
-- test: loans > 0
select desk, lent_on,
       cast(count(*) as bigint)         as loans,
       cast(sum(fee) as decimal(18, 2)) as fees
from loans
group by desk, lent_on
