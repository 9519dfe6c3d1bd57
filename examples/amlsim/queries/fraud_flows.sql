-- about: how much of each month's transfers came from or went to an account of a fraud pattern
-- on: both
select t.year, t.month, count(*) as transfers, cast(sum(t.amount) as decimal(18, 2)) as total_amount,
       count(case when t.occurrence > 1 then 1 end) as repeated,
       count(case when s.is_fraud or r.is_fraud then 1 end) as near_fraud
from transfers as t
inner join accounts as s on t.source_id = s.account_id
inner join accounts as r on t.target_id = r.account_id
group by t.year, t.month
order by t.year, t.month
