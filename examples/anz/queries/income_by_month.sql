-- about: what came in and went out in each month
-- on: both
select year, month, currency, cast(sum(signed_amount) as decimal(18, 2)) as net_amount,
       cast(sum(case when movement = 'credit' then amount else 0 end) as decimal(18, 2)) as income
from account_movements
group by year, month, currency
order by year, month, currency
