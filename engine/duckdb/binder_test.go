package duckdb

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine/model"
)

func newBinder(t *testing.T) *Binder {
	t.Helper()
	b, err := NewBinder(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func TestBinderDescribesWithoutRunning(t *testing.T) {
	t.Parallel()
	b := newBinder(t)
	if err := b.Define(t.Context(), "t", []model.Column{{Name: "a b", Type: "integer"}, {Name: "d", Type: "decimal(18, 2)"}}); err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		`select "a b" as a, d, d as d from t`,
		`from t select "a b" as a, d, d as d`,
		`with u as (select * from t) select "a b" as a, d, d as d from u`,
		`(select "a b" as a, d, d as d from t)`,
	} {
		got, err := b.Describe(t.Context(), statement)
		if err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
		want := []model.Column{{Name: "a", Type: "INTEGER"}, {Name: "d", Type: "DECIMAL(18,2)"}, {Name: "d", Type: "DECIMAL(18,2)"}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s:\n%s", statement, diff)
		}
	}
}

func TestBinderFaultsCarryTheBytePosition(t *testing.T) {
	t.Parallel()
	b := newBinder(t)
	if err := b.Define(t.Context(), "t", []model.Column{{Name: "amount", Type: "integer"}, {Name: "d", Type: "date"}}); err != nil {
		t.Fatal(err)
	}
	describe := func(ctx context.Context, s string) error { _, err := b.Describe(ctx, s); return err }
	parse := func(ctx context.Context, s string) error { _, err := b.Parse(ctx, s); return err }
	for _, c := range []struct {
		name      string
		call      func(context.Context, string) error
		statement string
		want      model.BindError
	}{
		{"column", describe, "select 'é',\n  amuont from t", model.BindError{Off: 15, Msg: `Referenced column "amuont" not found in FROM clause, did you mean "amount"?`}},
		{"column far along a line", describe, "select 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx', nope from t",
			model.BindError{Off: 103, Msg: `Referenced column "nope" not found in FROM clause`}},
		{"function", describe, "select summ(amount) from t", model.BindError{Off: 7, Msg: `there is no function summ(), did you mean "sum"?`}},
		{"group by", describe, "select d, sum(amount) from t", model.BindError{Off: 7, Msg: `column "d" must appear in the GROUP BY clause or must be part of an aggregate function`,
			Remedy: "put it behind GROUP BY, or take one value of the group that is decided: max(d)"}},
		{"set operation", describe, "select d from t union all select d, d from t", model.BindError{Off: 16, Msg: "the sides of UNION, EXCEPT or INTERSECT have different numbers of columns",
			Remedy: "select the same columns on both sides, in the same order"}},
		{"types", describe, "select sum(d) from t", model.BindError{Off: 7, Msg: "type mismatch: there is no sum of (DATE)", Remedy: "cast what is of the wrong type: cast(... as ...)"}},
		{"file", describe, "select * from read_csv('/etc/passwd')", model.BindError{Off: 14, Msg: `Cannot access file "/etc/passwd" - file system operations are disabled by configuration`}},
		{"syntax", parse, "select\n from where", model.BindError{Off: 8, Msg: "nothing follows FROM but WHERE"}},
		{"statement", parse, "insert into t values (1)", model.BindError{Msg: "not a SELECT", Remedy: "write one SELECT: its rows are what the file makes, and nothing else is run"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got *model.BindError
			if err := c.call(t.Context(), c.statement); !errors.As(err, &got) {
				t.Fatalf("got %v, want a BindError", err)
			}
			if diff := cmp.Diff(c.want, *got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestBinderRowsAreTexts(t *testing.T) {
	t.Parallel()
	b := newBinder(t)
	got, err := b.Rows(t.Context(), "select 1.50::decimal(18, 2), null, date '2025-01-31', 'x' -- end")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]string{{"1.50", "null", "2025-01-31", "x"}}, got); diff != "" {
		t.Error(diff)
	}
}

func TestBinderStopsWhenCancelled(t *testing.T) {
	t.Parallel()
	b := newBinder(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := b.Describe(ctx, "select 1")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}
