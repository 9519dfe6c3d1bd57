-- on: desk_days
select d.lent_on
from (select lent_on, sum(loans) as loans from desk_days group by lent_on) as d
join (select lent_on, count(*) as loans from loans group by lent_on) as l on d.lent_on = l.lent_on
where d.loans <> l.loans
