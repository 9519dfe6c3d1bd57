-- plain columns and an expression
select a, b + 1 as c, upper(n) as n from t
-- a constant and a function of nothing
select a, 1 as one, length('x') as l from t
-- aliases of the list, used again
select a as z, z + b as y from t where z > 1
-- a column comes before an alias of its name
select b as a, a + 1 as c from t
-- a table under an alias with columns
select q.x, y from t as q(x, y)
-- case
select case when a > 1 then b when n = 'x' then a else 0 end as k from t
-- if, coalesce and nullif
select if(a > 1, b, 0) as i, coalesce(b, a) as c, nullif(a, b) as f from t
-- filter and order
select a from t where b > 1 and n like 'x%' order by d
-- order by an alias before the column
select b as a from t order by a
-- order by a place, and limit
select a, b from t order by 2 desc limit 3
-- order by all
select a, b from t order by all
-- group and having
select a, sum(b) as s, count(*) as k from t group by a having max(d) > date '2025-01-01'
-- group by a place and an alias
select a + b as k, n as m, count(*) as c from t group by 1, m
-- group by all
select n, a % 2 as odd, sum(b) as s from t group by all
-- grouping sets
select a, n, sum(b) as s from t group by grouping sets ((a), (n), ())
-- a filtered and an ordered aggregate
select sum(b) filter (where a > 1) as s, string_agg(n, ',' order by d) as l from t
-- distinct
select distinct a, upper(n) as n from t
-- distinct on
select distinct on (a) a, b from t order by a, d
-- count distinct
select count(distinct n) as k from t
-- comma join
select t.a, u.c from t, u where t.a = u.a
-- inner join
select t.b, u.c from t join u on t.a = u.a and u.v <> 'x'
-- using, star
select * from t join u using (a)
-- using, unqualified and qualified
select a, t.a as ta, u.a as ua from t join u using (a)
-- right join using
select a, b, c from t right join u using (a)
-- full join using
select a, t.a as ta, c from t full join u using (a)
-- three tables with using
select a, b, c, e from t join u using (a) left join w using (a)
-- natural join
select * from u natural join w
-- semi and anti join
select b from t semi join u on t.a = u.a anti join w on w.a = t.a
-- asof join
select t.a, u.c from t asof join u on t.a = u.a and t.b >= u.c
-- cross join
select t.n, w.e from t cross join w
-- self join
select l.n, r.n as other from t l join t r on l.a = r.b
-- a join in brackets under an alias
select x.b, x.c from (t join u on t.a = u.a) x
-- with
with x as (select a, b * 2 as k from t where n = 'x') select k, sum(a) as s from x group by k
-- with in with, one name twice
with x as (select a as p from t), y as (with x as (select c as p from u) select p from x) select x.p, y.p as q from x, y
-- with shadows a table
with u as (select b as a, n as v from t) select a, v from u
-- with that names the table it shadows
with t as (select a, upper(n) as n from t) select n, a from t
-- with columns named
with x(p, q) as (select a, sum(b) from t group by a) select q, p from x
-- with used twice
with x as (select a, max(b) as m from t group by a) select l.m, r.m as n from x l join x r on l.a = r.a + 1
-- a chain of with
with x as (select a, b from t where d > date '2025-01-01'), y as (select a, sum(b) as s from x group by a), z as (select *, rank() over (order by s) as k from y) select a, k from z where k < 10
-- recursive with
with recursive r as (select a, b from t where n = 'root' union all select t.a, r.b + t.b from t join r on t.a = r.a) select a, b from r
-- recursive with that learns a column by going round
with recursive r(p, q, k) as (select a, b, 0 from t union all select q, a, k + 1 from r join u on u.c = r.k) select p from r
-- union all
select a, n from t union all select c, v from u
-- union
select a from t union select c from u
-- union all by name
select a, n from t union all by name select v as n, a, c from u
-- except and intersect
select a from t except select a from u intersect select a from w
-- union under an order
select a, b from t union all select a, c from u order by b limit 1
-- subquery in from
select k, m from (select a as k, max(b) as m from t group by a) q where m > 1
-- values
select x, y from (values (1, 'a'), (2, 'b')) v(x, y)
-- values of columns, lateral
select n, p from t, lateral (values (t.a), (t.b)) l(p)
-- lateral
select t.n, l.k from t, lateral (select t.a + u.c as k from u where u.a = t.b) l
-- scalar subquery
select a, (select max(c) from u) as m from t
-- correlated scalar subquery
select a, (select max(c) from u where u.a = t.a and v = n) as m from t
-- correlated two levels up
select a, (select sum(c) from u where exists (select 1 from w where w.a = u.a and w.e > t.b)) as s from t
-- in a subquery
select b from t where a in (select a from u where v = 'x')
-- not in, in the list
select n, a not in (select c from u) as strange from t
-- exists
select b from t where exists (select 1 from u where u.a = t.a and u.c > 0)
-- not exists, in a case
select case when not exists (select 1 from u where u.a = t.a) then n end as lonely from t
-- any and all
select a, b > all (select c from u) as top, b = any (select e from w) as known from t
-- window
select a, sum(b) over (partition by n order by d) as s from t
-- windows: rank, lag with a default, named, a frame, a filter
select row_number() over w as r, lag(b, 1, a) over w as l, avg(b) filter (where a > 0) over (partition by n order by d rows between a preceding and current row) as m from t window w as (partition by n order by d, a)
-- first value and nth value
select first_value(n) over (partition by a order by d) as f, nth_value(b, 2) over (order by a, b) as k, cume_dist() over (order by b) as c from t
-- qualify
select a, b from t qualify row_number() over (partition by a order by d desc) = 1
-- qualify by an alias
select a, rank() over (partition by n order by b) as r from t qualify r <= 3
-- star
select * from u
-- star of a table
select u.*, t.b from t join u on t.a = u.a
-- star exclude
select * exclude (d, s, n) from t
-- star replace
select * exclude (d, s) replace (b * 2 as b, upper(n) as n) from t
-- star rename
select * rename (c as k) from u
-- star exclude of one table
select * exclude (u.a) from u join w on u.a = w.a
-- star over a join and a with
with x as (select *, a + c as both from u) select * from x join w using (a)
-- columns by a pattern
select columns('^(a|b)$') from t
-- columns by a pattern, renamed
select columns('^(.)$') as 'x_\1' from u
-- columns in an expression
select max(columns('^[ab]$')), n from t group by n
-- columns cast
select columns(*)::varchar from u
-- columns by a lambda
select columns(c -> c like '%a%' or c = 'v') from u
-- star like
select count(*) as k, any_value(columns(* exclude (d, s, n))) from t
-- columns in a where
select a from u where columns('^[ac]$') > 1
-- fields of a struct
select s.x, t.s.y as y, (s).x as z, s['y'] as k from t
-- a struct that is made, and its fields
with q as (select {'p': a, 'q': upper(n)} as r from t) select r.p, r.q as u, r from q
-- a struct of a struct
with q as (select struct_pack(o := struct_pack(i := a), k := b) as r from t) select r.o.i as i, struct_extract(r, 'k') as k from q
-- star of a struct
with q as (select {'p': a, 'q': n} as r from t) select r.* from q
-- star of a struct of the table
select s.*, b from t
-- a row as a value
select u as r from u
-- unnest of a struct
select b, unnest(s) from t
-- unnest in the list
select n, unnest([a, b]) as k from t
-- unnest in from
select n, k from t, unnest([t.a, t.b]) as q(k)
-- range
select n, i from t, range(t.b) r(i)
-- lambda
select list_transform([a], x -> x + b) as l, list_filter([1], lambda y: y > a) as f, list_reduce([a], (p, q) -> p + q * b) as r from t
-- between, in, like, casts
select a between b and 3 as w, a in (b, 1) as i, cast(d as varchar) as c, n like 'x' as l, a is null as z from t
-- extract and intervals
select extract(year from d) as y, d + interval 1 day as later, date_trunc('month', d) as m from t
-- the clock and names without brackets
select a, current_date as today from t
-- pivot
from (select n, a, b from t) pivot (sum(b) for a in (1, 2) group by n)
-- unpivot
from (select n, a, b from t) unpivot (v for k in (a, b))
-- quoted names and case
select T."A" as "Big One", "N" from T
-- limit by a subquery
select a from t limit (select max(c) from u)
-- a subquery of two columns
select (select row(c, v) from u limit 1) as r from t
-- array of a subquery
select array(select c from u where u.a = t.a) as l from t
-- equal names in a with
with q as (select t.a, u.a from t, u) select a, a_1 from q
-- from first
from t select n where a = 1
