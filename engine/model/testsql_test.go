package model_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"ledgermill/engine/model"
	"ledgermill/engine/sqltext"
)

// TestTestsFindTheirRows runs each test's SQL over rows of which it must find some.
func TestTestsFindTheirRows(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ test, failing, count string }{
		{"unique id", "2 2", "1"},
		{"unique id, x", "", "0"},
		{"not null id, x", "4 null null", "1"},
		{"accepted x: 1, 2, 3", "3 99 o'k", "1"},
		{"accepted word: a, 'o''k'", "2 2 b|2 3 b", "2"},
		{"accepted flag: true", "", "0"},
		{"rows between 1 and 5", "", "0"},
		{"rows between 6 and 9", "5", "1"},
		{"id in raw_other.id", "3 99 o'k", "1"},
		{"x < 50", "3 99 o'k", "1"},
		{"x < 50 or word = 'o''k' -- a comment", "", "0"},
	} {
		files := fstest.MapFS{
			"sql/contracts/raw_a.sql":     file("-- objects: a/*.csv\ncreate or replace table raw_a (\n  id bigint,\n  x integer,\n  word varchar,\n  flag boolean\n);\n"),
			"sql/contracts/raw_other.sql": file("-- objects: b/*.csv\ncreate or replace table raw_other (\n  id bigint,\n  x integer\n);\n"),
			"sql/models/a.sql":            file("-- test: " + c.test + "\nselect id, x, word, flag from raw_a"),
		}
		p, b, err := load(t, files, nil)
		if err != nil {
			t.Fatalf("%s: %v", c.test, err)
		}
		if err := b.Exec(t.Context(), `create or replace table made as select * from (values (1, 1, 'a', true), (2, 2, 'b', true), (2, 3, 'b', null), (3, 99, 'o''k', true), (4, null, null, null)) v (id, x, word, flag);
			create or replace table raw_other as select unnest([1, 2, 4]) as id`); err != nil {
			t.Fatal(err)
		}
		test := p.Models["a"].Tests[0]
		rows, err := b.Rows(t.Context(), "select * exclude (flag) from (select null as flag, * from ("+test.Failing("made")+"))")
		if strings.Contains(test.Failing("made"), "t.*") {
			rows, err = b.Rows(t.Context(), "select id, x, word from ("+test.Failing("made")+") order by all")
		}
		if err != nil || flat(rows) != c.failing {
			t.Errorf("%s: failing %q, %v; want %q", c.test, flat(rows), err, c.failing)
		}
		count, err := b.Rows(t.Context(), test.Count("made"))
		if err != nil || flat(count) != c.count {
			t.Errorf("%s: count %q, %v; want %q", c.test, flat(count), err, c.count)
		}
	}
}

func TestPasses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		limit         model.Limit
		failing, rows int64
		want          bool
	}{
		{model.Limit{}, 0, 0, true},
		{model.Limit{}, 1, 100, false},
		{model.Limit{Count: 3}, 3, 3, true},
		{model.Limit{Count: 3}, 4, 1000, false},
		{model.Limit{Percent: "0.1", IsPercent: true}, 1, 1000, true},
		{model.Limit{Percent: "0.1", IsPercent: true}, 2, 1999, false},
		{model.Limit{Percent: "0", IsPercent: true}, 1, 1000, false},
		{model.Limit{Percent: "100", IsPercent: true}, 5, 5, true},
	} {
		if got := (model.Test{AtMost: c.limit}).Passes(c.failing, c.rows); got != c.want {
			t.Errorf("%v: %d of %d passes is %v", c.limit, c.failing, c.rows, got)
		}
	}
}

func FuzzParseTest(f *testing.F) {
	for _, seed := range []string{
		"unique a, 'b c'", "not  null a", "accepted a: X, 'it''s', warn, at most 0.5 %", "rows between 1 and 2", "a in b.c, warn",
		"a > 0 and b in ('x, warn', \"y\"), at most 3", "'", "(", ", warn", "at most 3", "unique ,", "accepted a:", "é = 'é', warn", "$$a, b$$ = c",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		d := sqltext.Directive{Word: "test", Value: strings.TrimSpace(value), Pos: sqltext.Pos{Line: 1, Col: 4}, At: sqltext.Pos{Line: 1, Col: 10}}
		test, err := model.ParseTest(d)
		if err != nil {
			if err.Msg == "" || err.Pos.Line != 1 {
				t.Errorf("%q: a fault without text or place: %+v", value, err)
			}
			return
		}
		if test.Kind < model.Unique || test.Kind > model.Expression {
			t.Errorf("%q: kind %d", value, test.Kind)
		}
		if test.Text == "" || !strings.HasPrefix(d.Value, test.Text) {
			t.Errorf("%q: text %q is not its beginning", value, test.Text)
		}
		again, err := model.ParseTest(sqltext.Directive{Word: "test", Value: test.Text})
		if err != nil || again.Kind != test.Kind || again.Warn || again.AtMost != (model.Limit{}) {
			t.Errorf("%q: its text %q reads as %+v, %v", value, test.Text, again, err)
		}
		if test.Kind != model.Accepted && test.Failing("x") == "" {
			t.Errorf("%q: no SQL", value)
		}
	})
}
