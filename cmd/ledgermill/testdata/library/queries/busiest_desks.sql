-- about: desks by loans, the busiest first
-- on: both
select desk, cast(sum(loans) as bigint) as loans, cast(sum(fees) as decimal(18, 2)) as fees
from desk_days
where lent_on <= cast(/* $as_of */ current_date as date)
group by desk
having sum(loans) >= /* $at_least */ 1
order by loans desc, desk
