package queries_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine/ledger"
	"ledgermill/engine/model"
	"ledgermill/queries"
)

// TestBothPlacesAgree runs every query where it runs, and those of both in both.
func TestBothPlacesAgree(t *testing.T) {
	t.Parallel()
	b := open(t)
	for _, q := range b.project.Queries {
		for _, parameters := range []map[string]string{nil, {"as_of": "2025-01-29"}, {"days": "3", "limit": "5", "currency": "USD"}} {
			set := map[string]string{}
			for _, p := range q.Parameters {
				if v, ok := parameters[p.Name]; ok {
					set[p.Name] = v
				}
			}
			if len(set) == 0 && parameters != nil {
				continue
			}
			var answers [][]string
			for _, place := range []model.Place{model.Warehouse, model.Lake} {
				if q.On == model.Both || q.On == place {
					answers = append(answers, b.answer(t, queries.Options{Name: q.Name, On: place, Parameters: set}))
				}
			}
			if len(answers[0]) < 2 {
				t.Errorf("%s %v: no rows", q.Name, set)
			}
			if diff := cmp.Diff(answers[0], answers[len(answers)-1]); diff != "" {
				t.Errorf("%s %v (-warehouse +lake):\n%s", q.Name, set, diff)
			}
		}
	}
	t.Run("Means", b.means)
	t.Run("AllColumns", b.allColumns)
	t.Run("TextIsOne", b.textIsOne)
	t.Run("AsOf", b.asOf)
	t.Run("Refusals", b.refusals)
	t.Run("LostUnit", b.lostUnit)
	t.Run("FreeParameters", b.freeParameters)
	t.Run("Drawn", b.drawn)
}

// means: a half of a cent that floating point has less of is rounded up in both places.
func (b *bank) means(t *testing.T) {
	for name, set := range map[string]map[string]string{"top_customers": {"currency": "CHF"}, "customer_segments": {"currency": "SEK"}, "revenue_by_category": nil} {
		for _, place := range []model.Place{model.Warehouse, model.Lake} {
			all := strings.Join(b.answer(t, queries.Options{Name: name, On: place, Parameters: set}), "\n")
			if !strings.Contains(all, "|1793351.63|896675.82") {
				t.Errorf("%s on %s has not the mean of 896675.81 and 896675.82:\n%s", name, place, all)
			}
		}
	}
}

// allColumns compares whole tables, calendar included and what only the warehouse
// adds left out.
func (b *bank) allColumns(t *testing.T) {
	for table, dataset := range b.project.Loads() {
		names := b.project.Models[dataset].Names()
		if dataset == "transactions" || dataset == "daily_transaction_summary" {
			names = append(names, "year", "month", "day")
		}
		query := "select " + strings.Join(names, ", ") + " from " + table + " order by " + names[0] + ` collate "C", ` + names[1]
		onLake := b.answer(t, queries.Options{SQL: query, On: model.Lake})
		if diff := cmp.Diff(b.answer(t, queries.Options{SQL: query, On: model.Warehouse}), onLake); diff != "" || len(onLake) < 2 {
			t.Errorf("%s: %d lines (-warehouse +lake):\n%s", table, len(onLake), diff)
		}
	}
}

// textIsOne holds the text of every type against PostgreSQL's.
func (b *bank) textIsOne(t *testing.T) {
	for _, list := range []string{
		"true, false, cast(null as boolean)",
		"cast(1 as smallint), 2147483647, 9223372036854775807, -1",
		"cast(12 as decimal(18, 2)), cast(-0.05 as decimal(4, 2)), cast(0 as decimal(4, 2)), cast(99999999999999999999999999999999.999999 as decimal(38, 6))",
		"date '2025-01-31', date '0001-01-01', date '12025-12-31'",
		"timestamp '2025-01-31 10:00:00', timestamp '2025-01-31 10:00:00.5', timestamp '2025-01-31 10:00:00.000001', timestamp '1969-12-31 23:59:59.99'",
		"cast('2025-07-01 10:00:00+02' as timestamptz), time '23:59:59.25'",
		"interval '1 day', interval '1' year, interval '2 months', interval '14 months', interval '26 hours', interval '-3 days', interval '1.5 seconds', interval '0 days'",
		"timestamp '2025-01-31 10:00:00' - timestamp '2025-01-01 12:00:00.5', timestamp '2025-01-01 12:00:00' - timestamp '2025-01-31 10:00:00'",
		"'', ' x ', 'Łódź', 'a' || chr(10) || 'b', cast(null as varchar)",
		"cast('1f0b0a8e-9c1d-4a51-8d3e-111111111111' as uuid)",
		"cast(0 as real), cast('-0' as real), cast(0.1 as real), cast(16777216 as real), cast(1000000 as real), cast(999999 as real), cast('1e-5' as real), cast(3.4e38 as real)",
		"sum(x) from (values (1.25), (2.50)) as v(x)",
		"sum(x), count(*), min(x), max(x) from (values (1), (2), (cast(null as integer))) as v(x)",
		"sum(x) from (values (cast(1 as bigint)), (cast(2 as bigint))) as v(x)",
	} {
		query := "select " + list
		want := b.answer(t, queries.Options{SQL: query, On: model.Warehouse})
		got := b.answer(t, queries.Options{SQL: query, On: model.Lake})
		if len(want) < 2 || len(got) < 2 {
			continue
		}
		if diff := cmp.Diff(want[1:], got[1:]); diff != "" {
			t.Errorf("%s (-warehouse +lake):\n%s", list, diff)
		}
	}
	var doubles []string
	for e := -320; e <= 308; e += 4 {
		doubles = append(doubles, fmt.Sprintf("cast('1e%d' as double precision)", e), fmt.Sprintf("cast('-1.2345678901234567e%d' as double precision)", e))
	}
	for _, special := range []string{"nan", "infinity", "-infinity", "0", "-0", "0.1", "1e14", "1e15", "123456789012345", "1234567890123456", "0.0001", "0.00001", "5e-324"} {
		doubles = append(doubles, "cast('"+special+"' as double precision)")
	}
	query := "select " + strings.Join(doubles, ", ")
	want, got := b.answer(t, queries.Options{SQL: query, On: model.Warehouse}), b.answer(t, queries.Options{SQL: query, On: model.Lake})
	if diff := cmp.Diff(strings.Split(want[1], "|"), strings.Split(got[1], "|")); diff != "" {
		t.Errorf("doubles (-warehouse +lake):\n%s", diff)
	}
}

func (b *bank) asOf(t *testing.T) {
	last := days()[len(days())-1]
	for _, place := range []model.Place{model.Warehouse, model.Lake} {
		for name, c := range map[string]struct {
			o    queries.Options
			want string
		}{
			"the last that is loaded": {queries.Options{Name: "daily_volume"}, last},
			"set":                     {queries.Options{Name: "daily_volume", Parameters: map[string]string{"as_of": "2025-01-02"}}, "0001-01-01"},
			"asked for":               {queries.Options{Name: "daily_volume", AsOf: date("2025-01-15")}, "2025-01-15"},
			"of none":                 {queries.Options{Name: "top_customers"}, "0001-01-01"},
			"of a statement":          {queries.Options{SQL: "select /* $d */ current_date as d"}, last},
			"not of plain SQL":        {queries.Options{SQL: "select current_date is not null as d"}, "0001-01-01"},
		} {
			c.o.On = place
			r, err := b.run(t.Context(), c.o)
			if err != nil {
				t.Fatal(err)
			}
			if got := r.AsOf.Format("2006-01-02"); got != c.want || r.On != place {
				t.Errorf("%s on %s: as of %s and not %s, on %s", name, place, got, c.want, r.On)
			}
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		}
		if got := b.answer(t, queries.Options{SQL: "select /* $d */ current_date as d", On: place}); got[1] != last {
			t.Errorf("on %s: %s", place, got)
		}
	}
}

func (b *bank) refusals(t *testing.T) {
	const write = "the statement does more than read"
	for name, c := range map[string]struct {
		o    queries.Options
		want string
		try  string
	}{
		"nothing":           {queries.Options{}, "query: neither a name nor a statement", ""},
		"both":              {queries.Options{Name: "a", SQL: "b"}, "query: a name or a statement, and not both", ""},
		"unknown":           {queries.Options{Name: "top_custmers"}, `no query is called top_custmers, did you mean "top_customers"?`, "one of channel_success, "},
		"place":             {queries.Options{Name: "merchant_search", On: model.Lake}, "query merchant_search runs on the warehouse alone", "ledgermill query merchant_search --on warehouse"},
		"no place":          {queries.Options{Name: "top_customers", On: "moon"}, `a query runs on warehouse or lake, and not on "moon"`, ""},
		"parameter":         {queries.Options{Name: "top_customers", Parameters: map[string]string{"limits": "3"}}, `queries/top_customers.sql: no parameter limits, did you mean "limit"?`, "it has currency, limit"},
		"value":             {queries.Options{Name: "top_customers", Parameters: map[string]string{"limit": "3; drop table x"}}, `queries/top_customers.sql:23:20: parameter $limit: '3; drop table x' is not a number`, "the default here is 100"},
		"free parameter":    {queries.Options{SQL: "select 1", Parameters: map[string]string{"x": "3"}}, "statement: no parameter x", "it has no parameters"},
		"empty":             {queries.Options{SQL: "-- nothing"}, "there is no statement", "write one SELECT"},
		"two":               {queries.Options{SQL: "select 1; select 2"}, "one statement is run, and these are 2", "write one SELECT"},
		"lake writes":       {queries.Options{SQL: "create table x as select 1", On: model.Lake}, write, "write one SELECT"},
		"lake file":         {queries.Options{SQL: "select * from read_text('/etc/passwd')", On: model.Lake}, `statement:1:15: Cannot access file "/etc/passwd" - file system operations are disabled by configuration`, ""},
		"lake table":        {queries.Options{SQL: "select\n  * from transaction_fact", On: model.Lake}, `statement:2:10: the lake has no table transaction_fact, did you mean "transactions_fact"?`, "it has customers_dim, daily_transaction_summary"},
		"lake contract":     {queries.Options{SQL: "from raw_customers", On: model.Lake}, "statement:1:6: raw_customers is a contract: the lake keeps the datasets that are made of it", ""},
		"lake column":       {queries.Options{SQL: "/* why */\nselect 'é', amont from transactions_fact", On: model.Lake}, `statement:2:13: Referenced column "amont" not found in FROM clause`, ""},
		"lake value":        {queries.Options{SQL: "select cast(customer_id as integer) from transactions_fact", On: model.Lake}, `statement:1:1: Could not convert string`, ""},
		"warehouse writes":  {queries.Options{SQL: "create table x as select 1"}, write, "write one SELECT"},
		"warehouse deletes": {queries.Options{SQL: "with d as (delete from transactions_fact returning 1) select * from d"}, write, "write one SELECT"},
		"warehouse explain": {queries.Options{SQL: "explain analyze delete from transactions_fact"}, write, "write one SELECT"},
		"warehouse copies":  {queries.Options{SQL: "copy transactions_fact to program 'cat'"}, write, "write one SELECT"},
		"warehouse commit":  {queries.Options{SQL: "commit"}, write, "write one SELECT"},
		"warehouse do":      {queries.Options{SQL: "do $$ begin end $$"}, write, "write one SELECT"},
		"warehouse table":   {queries.Options{SQL: "select 'é',\n  * from transaction_fact"}, `statement:2:10: relation "transaction_fact" does not exist`, ""},
		"warehouse column":  {queries.Options{SQL: "-- é\n\n  select amont from transactions_fact"}, `statement:3:10: column "amont" does not exist`, `Perhaps you meant to reference the column "transactions_fact.amount".`},
		"warehouse value":   {queries.Options{SQL: "select 1 / (risk_score - risk_score) from transactions_fact"}, "statement:1:1: division by zero", ""},
	} {
		r, err := b.run(t.Context(), c.o)
		if err == nil {
			for r.Next() {
				continue
			}
			err = errors.Join(r.Err(), r.Close())
		}
		remedy := ""
		var try interface{ Try() string }
		if errors.As(err, &try) {
			remedy = try.Try()
		}
		if !strings.HasPrefix(fmt.Sprint(err), c.want) || !strings.HasPrefix(remedy, c.try) || (c.try == "") != (remedy == "") && !strings.HasPrefix(name, "lake") {
			t.Errorf("%s:\n got %v\n try %s\nwant %s\n try %s", name, err, remedy, c.want, c.try)
		}
	}
}

func (b *bank) lostUnit(t *testing.T) {
	state := *b.lake.State
	state.Units = map[string]map[string]ledger.UnitRecord{"transactions": {"2025-01-31": {Key: "x", Lost: true}}}
	o := queries.Options{Project: b.project, On: model.Lake, Lake: &queries.Lake{Engine: b.lake.Engine, State: &state, Store: b.lake.Store}}
	for _, name := range []string{"channel_success", "daily_volume"} {
		o.Name = name
		var lost *queries.LostError
		if _, err := queries.Run(t.Context(), o); !errors.As(err, &lost) || lost.Dataset != "transactions" || lost.Unit != "2025-01-31" {
			t.Errorf("%s: %v", name, err)
		}
	}
	o.Name, o.SQL = "", "select count(*) as n from customers_dim"
	r, err := queries.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if !r.Next() || *r.Values()[0] != "0" {
		t.Errorf("a dataset without units: %v", r.Err())
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

func (b *bank) freeParameters(t *testing.T) {
	for _, place := range []model.Place{model.Warehouse, model.Lake} {
		got := b.answer(t, queries.Options{On: place, SQL: "select /* $a */ 1 as a, /* $b */ 'x' as b;", Parameters: map[string]string{"b": "it's"}})
		if diff := cmp.Diff([]string{"a|b", "1|it's"}, got); diff != "" {
			t.Errorf("on %s: %s", place, diff)
		}
	}
}

func TestPlace(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ on, asked, want model.Place }{
		{model.Both, "", model.Warehouse}, {model.Both, model.Lake, model.Lake}, {model.Lake, "", model.Lake},
		{model.Warehouse, "", model.Warehouse}, {"", "", model.Warehouse}, {"", model.Lake, model.Lake},
		{model.Lake, model.Warehouse, ""}, {model.Warehouse, model.Lake, ""}, {model.Both, model.Both, ""},
	} {
		var q *model.Query
		if c.on != "" {
			q = &model.Query{Name: "q", On: c.on}
		}
		if got, err := queries.Place(q, c.asked); got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s asked for %s: %s, %v", c.on, c.asked, got, err)
		}
	}
}
