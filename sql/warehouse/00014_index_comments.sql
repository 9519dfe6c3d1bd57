-- about: what the indexes of customers and of their days really serve

-- Their comments named customer_segments, which reads transactions_fact alone, and monthly_cohorts, which reads all days
-- and takes columns that its index does not hold. An index that somebody has dropped or renamed since has none to correct.

-- +goose Up
-- +goose StatementBegin
do $$
declare
  one record;
begin
  for one in
    select * from (values
      ('public.daily_transaction_summary_pkey', 'One row a customer and business date; lookups of one customer''s days. No named query uses it.'),
      ('public.customers_dim_pkey', 'One customer by id: lookups, the merge, and whether a day''s customers are all known. No named query uses it.'),
      ('public.customers_dim_history_current', 'At most one current version a customer, which the merge ends and begins; lookups of what is known now. No named query uses it.')
    ) as v (name, comment)
  loop
    if to_regclass(one.name) is not null then
      execute format('comment on index %s is %L', one.name, one.comment);
    end if;
  end loop;
end
$$;
-- +goose StatementEnd
