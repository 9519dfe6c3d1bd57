package model_test

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// TestPrivateFollowsNames: what a contract calls private stays so under every name
// that a statement gives it, and what tells no value of it is shown.
func TestPrivateFollowsNames(t *testing.T) {
	t.Parallel()
	contract := "-- business date: d\n-- private: holder\n-- objects: a/*.csv\ncreate or replace table raw_a (\n  id bigint not null,\n  d date not null,\n  holder varchar,\n  city varchar,\n  primary key (id)\n);\n"
	for name, c := range map[string]struct{ sql, want string }{
		"itself":               {"select id, d, holder, city from raw_a", "holder"},
		"star":                 {"select id, d, holder, city from (select * from raw_a) as s", "holder"},
		"another name":         {"select id, d, holder as who from raw_a", "who"},
		"through a step":       {"with s as (select id, d, upper(holder) as who from raw_a) select id, d, who || '!' as loud from s", "loud"},
		"names of a list":      {"with s (i, k, w) as (select id, d, holder from raw_a) select i as id, k as d, w as who from s", "id d who"},
		"the right of a union": {"select id, d, city as x from raw_a union all select id, d, holder from raw_a", "x"},
		"an aggregate":         {"select d, max(holder) as last_one, string_agg(holder, ',' order by id) as everyone from raw_a group by d", "last_one everyone"},
		"numbers of it":        {"select d, count(holder) as n, count(distinct holder) as m from raw_a group by d", ""},
		"conditions on it":     {"select id, d, holder = 'x' as is_x, holder is null as is_none, case when holder like 'a%' then 1 else 0 end as a from raw_a", ""},
		"a case that shows it": {"select id, d, case when city = 'x' then holder end as maybe from raw_a", "maybe"},
		"a window":             {"select id, d, lag(holder) over (order by id) as before_it from raw_a", "before_it"},
		"a cast":               {"select id, d, cast(holder as varchar) as c, length(holder) as n from raw_a", "c n"},
		"nothing of it":        {"select id, d, city from raw_a", ""},
	} {
		files := fstest.MapFS{"sql/contracts/raw_a.sql": file(contract), "sql/models/a.sql": file(c.sql),
			"sql/models/b.sql": file("select * exclude (year, month, day) from a")}
		p := mustLoad(t, files, nil)
		if got := strings.Join(p.Models["a"].Private, " "); got != c.want {
			t.Errorf("%s: private are %q, want %q", name, got, c.want)
		}
		if !slices.Equal(p.Models["b"].Private, p.Models["a"].Private) {
			t.Errorf("%s: a model above: private are %v, want %v", name, p.Models["b"].Private, p.Models["a"].Private)
		}
	}
}
