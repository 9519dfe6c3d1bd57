-- test of: desk_days, on 2025-03-03
create or replace table loans as
select * from (values
  ('north', date '2025-03-03', 1.50),
  ('north', date '2025-03-03', 0.25)
) as given (desk, lent_on, fee);

select * from (values ('north', 2, 1.75)) as expected (desk, loans, fees);
