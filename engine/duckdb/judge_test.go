package duckdb_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine/contract"
	"ledgermill/engine/duckdb"
)

func newJudge(t *testing.T) *duckdb.Judge {
	t.Helper()
	judge, err := duckdb.NewJudge(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := judge.Close(); err != nil {
			t.Error(err)
		}
	})
	return judge
}

func TestJudgeTables(t *testing.T) {
	t.Parallel()
	judge := newJudge(t)
	create := "create table b (a int not null default 1 check (a > 0), b decimal(4, 1), constraint x check (b < 2), primary key (b, a), unique (a))"
	for range 2 { // the second finds nothing of the first
		got, err := judge.Tables(t.Context(), create, "comment on table b is 'it''s'", "comment on column b.a is 'A'", "create table a (x date)")
		if err != nil {
			t.Fatal(err)
		}
		want := []contract.Table{
			{Name: "b", Comment: "it's", Columns: []contract.TableColumn{{Name: "a", Type: "INTEGER", NotNull: true, Default: "1", Comment: "A"}, {Name: "b", Type: "DECIMAL(4,1)", NotNull: true}},
				Checks: []string{"(a > 0)", "(b < 2)"}, Key: []string{"b", "a"}},
			{Name: "a", Columns: []contract.TableColumn{{Name: "x", Type: "DATE"}}, Checks: []string{}, Key: []string{}},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("tables (-want +got):\n%s", diff)
		}
	}
}

func TestJudgeFaults(t *testing.T) {
	t.Parallel()
	judge := newJudge(t)
	for _, test := range []struct {
		call func() error
		want contract.Fault
	}{
		{func() error {
			_, err := judge.Tables(t.Context(), "create table a (x int)", "create table b (x intt)")
			return err
		}, contract.Fault{Statement: 1, Off: 18}},
		{func() error { _, err := judge.Expression(t.Context(), "a + + )"); return err }, contract.Fault{Off: 6}},
		{func() error { _, err := judge.Expression(t.Context(), "1), (2"); return err }, contract.Fault{Off: -1}},
		{func() error { _, err := judge.Expression(t.Context(), "1); select (2"); return err }, contract.Fault{Off: -1}},
		{func() error { _, err := judge.TypeOf(t.Context(), "aa + 1", []string{"a"}); return err }, contract.Fault{Off: 0}},
	} {
		var fault *contract.Fault
		if err := test.call(); !errors.As(err, &fault) {
			t.Errorf("got %v", err)
		} else if fault.Statement != test.want.Statement || fault.Off != test.want.Off || fault.Msg == "" {
			t.Errorf("got %+v, want %+v", fault, test.want)
		}
	}
	if _, err := judge.Tables(t.Context(), "create table a (x int)"); err != nil {
		t.Errorf("after a fault: %v", err)
	}
}

func TestJudgeExpression(t *testing.T) {
	t.Parallel()
	judge := newJudge(t)
	for sql, want := range map[string]contract.Expression{
		`a + "B c" * a`:                     {Columns: []string{"a", "B c"}},
		"make_date(y, 1, 1) -- end":         {Columns: []string{"y"}},
		"now() > current_date":              {Unstable: []string{"now", "current_date"}},
		"case when random() > 1 then x end": {Columns: []string{"x"}, Unstable: []string{"random"}},
		"transaction_timestamp":             {Columns: []string{"transaction_timestamp"}},
		"t.a":                               {Refused: []string{"a qualified name"}},
		"(select 1)":                        {Refused: []string{"a subquery"}},
		"sum(a) over ()":                    {Columns: []string{"a"}, Refused: []string{"a window"}},
		"regexp_extract(trim(a), 'x')":      {Columns: []string{"a"}},
	} {
		got, err := judge.Expression(t.Context(), sql)
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", sql, diff)
		}
	}
}

func TestJudgeTypeOf(t *testing.T) {
	t.Parallel()
	judge := newJudge(t)
	for sql, want := range map[string]string{"a || 'x'": "VARCHAR", "cast(a as decimal(9, 2))": "DECIMAL(9,2)", `length("B c")`: "BIGINT", "1": "INTEGER", "cast(a as date) -- end": "DATE"} {
		got, err := judge.TypeOf(t.Context(), sql, []string{"a", "B c"})
		if err != nil || got != want {
			t.Errorf("%s is %s, want %s (%v)", sql, got, want, err)
		}
	}
	if got, err := judge.TypeOf(t.Context(), "1 + 1", nil); err != nil || got != "INTEGER" {
		t.Errorf("without columns: %s, %v", got, err)
	}
}

// TestJudgeCancelled shows that a cancelled call is no fault of the SQL, and leaves
// the judge usable.
func TestJudgeCancelled(t *testing.T) {
	t.Parallel()
	judge := newJudge(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := judge.Tables(ctx, "create table a (x int)")
	var fault *contract.Fault
	if err == nil || errors.As(err, &fault) {
		t.Errorf("got %v", err)
	}
	if _, err := judge.Tables(t.Context(), "create table a (x int)"); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}
