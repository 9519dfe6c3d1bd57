-- about: how often the sender repeats an id, converts wrongly, or spells a value in another way
-- on: both
select count(*) as statement_lines, count(case when occurrence > 1 then 1 end) as ids_twice,
       count(case when is_off_rate then 1 end) as off_rate, count(case when is_french_date then 1 end) as french_dates,
       count(case when is_decimal_comma then 1 end) as decimal_commas, count(case when is_balance_with_currency then 1 end) as balances_with_currency,
       count(case when is_lower_case then 1 end) as lower_case_currencies
from statement_lines
