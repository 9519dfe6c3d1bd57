-- about: what went through each channel in each month
-- on: both
select year, month, channel, count(*) as transactions, cast(sum(amount) as decimal(18, 2)) as total_amount,
       count(case when is_suspicious then 1 end) as suspicious
from account_transactions
group by year, month, channel
order by year, month, channel
