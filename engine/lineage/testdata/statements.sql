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
-- one name at three depths of with
with x as (select a, b as m from t) select (with x as (select c as m, v from u) select max(m) from x where v = x2.n) as inner_m, x.m from x join t as x2 on x2.a = x.a
-- a with in a lateral that sees the table before it
select t.n, l.k from t, lateral (with q as (select c + t.b as k from u where u.a = t.a) select max(k) as k from q) l
-- left join of a lateral
select t.n, l.c, l.p from t left join lateral (select c, rank() over (order by u.v) as p from u where u.a = t.a) l on true
-- a lateral that sees a lateral
select t.n, l.k, m.j from t, lateral (select t.a + 1 as k) l, lateral (select l.k * t.b as j) m
-- a lateral under using
select a, n, c from t join lateral (select u.a, u.c from u where u.c > t.b) l using (a)
-- an inner table hides the outer one of its name
select n, (select max(t.c) from u as t where t.a = b) as m from t
-- a column of the outer query where the inner one has none of its name
select v, (select max(n) from t where t.a = c) as m from u
-- an alias of the list within a subquery of the list
select a + b as k, (select max(c) from u where u.a = t.a) + k as m from t
-- tuples in a subquery
select n from t where (a, b) in (select a, c from u where v = 'x')
-- in a union
select n from t where a in (select c from u union all select a from w)
-- exists over a set operation
select n from t where exists (select a from u where c > t.b intersect select a from w)
-- an aggregate of an aggregate over a window
select n, sum(sum(b)) over (order by n) as running, max(a) as m from t group by n
-- a window over what is grouped, and qualify by it
select n, a, sum(b) as s from t group by n, a qualify row_number() over (partition by n order by sum(b) desc, a) = 1
-- qualify by a window of its own name, columns not selected
select b from t window w as (partition by n order by d) qualify lag(a) over w is distinct from a
-- an aggregate with distinct and a filter that asks a query
select count(distinct n) filter (where b in (select c from u)) as k from t
-- the value of the greatest
select n, max_by(b, d) as last_b, arg_min(a, b) as first_a from t group by n
-- rollup and grouping
select n, a, grouping(n) as g, sum(b) as s from t group by rollup (n, a)
-- cube under a having
select n, count(*) as k from t group by cube (n, a) having sum(b) > 2
-- full join of three by using
select a, b, c, e from t full join u using (a) full join w using (a)
-- left join using under an expression of the key
select a + 1 as k, coalesce(e, 0) as e from t left join w using (a) where e is null or a > 1
-- anti join using
select c from u anti join w using (a)
-- star of a join using, without the key
select * exclude (a, s, d) from t join u using (a)
-- star exclude, replace and rename at once, of one table of two
select t.* exclude (s, d) replace (t.a + u.c as a), u.* rename (c as k, v as n2) from t join u on t.b = u.a
-- star of a with that renames
with q(p, r) as (select a, upper(v) from u) select * replace (p + 1 as p) from q
-- columns over a join, by a pattern, in an aggregate with a filter
select max(columns('^[bc]$')) filter (where t.n = u.v) from t join u on t.a = u.a
-- a union under a group, whose sides have other names
select k, sum(x) as s from (select n as k, b as x from t union all select v, c from u where a > 1) q group by k
-- union by name of three, each of which lacks a column
select a, b from t union all by name select a, c from u union all by name select e as b, a from w
-- union distinct, then except all, in brackets
(select a from t union select c from u) except all (select a from w where e > 2)
-- order by an expression of a union's columns
select * from (select a, b from t union all select a, c from u) q order by a + b limit 2
-- recursive with that reads another with and the outer tables
with recursive base as (select a, b from t where n = 'root'), r(k, depth) as (select a, 0 from base union select u.c, r.depth + 1 from r join u on u.a = r.k join base on base.b = u.c) select k, depth from r
-- recursive with, used twice, counted
with recursive r as (select a, 1 as step from t union all select c, step + 1 from r join u using (a) where step < 3) select x.a, count(*) as k from r x join r y on x.a = y.step group by x.a
-- pivot of a with, two aggregates
with q as (select n, a, b from t where d is not null) from q pivot (sum(b) as s, count(*) as k for a in (1, 2) group by n)
-- pivot, and a column of it used again
select n, "1" as one, "2" + 1 as two from (select n, a, b from t) pivot (max(b) for a in (1, 2))
-- pivot as a statement in a with
with p as (pivot (select n, a, b from t) on a in (1, 2) using sum(b) group by n) select n, "1" as one from p
-- unpivot of several columns at once
from (select n, a, b, b + 1 as c from t) unpivot ((p, q) for k in ((a, b), (b, c)))
-- unpivot, filtered and grouped
select k, sum(v) as s from (select n, a, b from t) unpivot (v for k in (a, b)) where n = 'x' group by k
-- unnest of a list of structs
select n, e.p, e.q as r from t, unnest([{'p': a, 'q': b}]) as x(e)
-- a struct that goes through a group, a field of what comes of it
select n, max({'o': d, 'v': b}).v as last_b from t group by n
-- a struct of a row, its fields further on
with q as (select t as r from t), z as (select r.a as a, r.s.x as x from q) select a, x from z
-- star of a struct in a with, then excluded
with q as (select {'p': a, 'q': n, 'r': b} as w from t), z as (select w.* from q) select * exclude (q) from z
-- a list that is ordered, a place of it
select n, list(b order by d)[1] as first_b from t group by n
-- a list comprehension
select [x + b for x in [a, 1] if x > a] as l from t
-- a map and its value
select map {'k': a, 'j': b}['k'] as v from t
-- between subqueries, in a case
select case when b between (select min(c) from u) and (select max(e) from w) then n else 'z' end as k from t
-- distinct on an expression, ordered by columns that are not selected
select distinct on (a % 2) n from t order by a % 2, d desc, b
-- a derived table twice, joined to itself by a window
select x.k, y.k as before from (select a as k, row_number() over (order by d, a) as p from t) x left join (select a as k, row_number() over (order by d, a) as p from t) y on y.p = x.p - 1
-- a values list joined by using
select label, sum(b) as s from t join (values (1, 'one'), (2, 'two')) m(a, label) using (a) group by label
-- quoted names that differ by case alone from the columns
select q."K" from (select a + b as k from t) as Q
-- lag with a default that is a column, ignoring nulls
select lag(b, 1, a ignore nulls) over (partition by n order by d) as l from t
-- a condition that is selected, then filtered on
select k, n from (select n, a > b as k, b from t) where k and b > 0
-- unpivot that keeps nulls
from (select n, a, b from t) unpivot include nulls (v for k in (a, b))
