package ledger_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine/ledger"
)

// TestStatements keeps the texts that units and kept versions were made by, and no
// others.
func TestStatements(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	l := open(t, s)
	made := func(name, sql string, kept ...string) ledger.UnitRecord {
		u := unit("facts", name, sql)
		u.SQL = sql
		for _, k := range kept {
			u.Kept = append(u.Kept, ledger.UnitRecord{SQL: k})
		}
		return u
	}
	say := func(sql string) []ledger.Statement {
		return []ledger.Statement{{Dataset: "facts", SQL: sql, Text: "select " + sql}}
	}
	for _, step := range []struct {
		entry ledger.Entry
		want  []string
	}{
		{ledger.Entry{Units: []ledger.UnitRecord{made("a", "1"), made("b", "1")}, Statements: say("1")}, []string{"1"}},
		{ledger.Entry{Units: []ledger.UnitRecord{made("a", "2", "1")}, Statements: say("2")}, []string{"1", "2"}},
		{ledger.Entry{Units: []ledger.UnitRecord{made("b", "2")}}, []string{"1", "2"}},
		{ledger.Entry{Units: []ledger.UnitRecord{made("b", "3")}, Statements: say("3")}, []string{"1", "2", "3"}},
		{ledger.Entry{Units: []ledger.UnitRecord{made("a", "4"), made("b", "4", "3")}, Statements: say("4")}, []string{"3", "4"}},
	} {
		commit(t, l, step.entry)
		want := map[string]string{}
		for _, sql := range step.want {
			want[sql] = "select " + sql
		}
		for name, state := range map[string]*ledger.State{"committed": l.State(), "opened": open(t, s).State()} {
			if d := cmp.Diff(want, state.Statements["facts"]); d != "" {
				t.Errorf("%s (-want +got):\n%s", name, d)
			}
		}
	}
	if text, ok := l.State().Statement("facts", "4"); !ok || text != "select 4" {
		t.Errorf("the text of 4 is %q, %v", text, ok)
	}
}
