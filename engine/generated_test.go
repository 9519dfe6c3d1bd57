package engine_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"ledgermill/bench/datagen"
	"ledgermill/engine"
	"ledgermill/engine/ledger"
)

func generate(t *testing.T, b *bench, rows, days int, end string) datagen.Report {
	t.Helper()
	return generateAs(t, b, "csv", rows, days, end)
}

func generateAs(t *testing.T, b *bench, form string, rows, days int, end string) datagen.Report {
	t.Helper()
	o := datagen.Defaults(time.Now())
	date, err := time.Parse(time.DateOnly, end)
	if err != nil {
		t.Fatal(err)
	}
	o.Output, o.RowsPerDay, o.Days, o.EndDate, o.Defects, o.As = datagen.Directory(b.input), rows, days, date, 0.01, form
	report, err := datagen.Generate(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// TestAccountsEqualWhatWasInjected compares the accounts of every unit and of the
// records without a date with the generator's own ledger: reason by reason, group
// by group, to the cent, in every form that feeds arrive in.
func TestAccountsEqualWhatWasInjected(t *testing.T) {
	t.Parallel()
	onSites(t, func(t *testing.T, at site) {
		forms := []string{"csv", "csv.gz", "ndjson", "ndjson.gz", "parquet"}
		if at.program != nil {
			forms = []string{"csv", "ndjson.gz", "parquet"}
		}
		for _, form := range forms {
			t.Run(form, func(t *testing.T) {
				t.Parallel()
				b := newBenchAt(t, bank(), at)
				generated := generateAs(t, b, form, 20_000, 3, "2025-01-31")
				if report := b.run(engine.Selection{}); report.Exit != engine.ExitDone {
					t.Fatalf("exit %d: %v", report.Exit, report.Verdicts)
				}
				want := map[string]map[string]string{}
				for unit, cell := range generated.Units() {
					want[unit] = wantLines(cell)
				}
				if d := cmp.Diff(want, unitAccounts(t, b)); d != "" {
					t.Errorf("accounts (-injected +found):\n%s", d)
				}
			})
		}
	})
}

// unitAccounts are the accounts of every unit of the bank's transactions, and of
// the records without a date.
func unitAccounts(t *testing.T, b *bench) map[string]map[string]string {
	t.Helper()
	state := b.open(false).State()
	got := map[string]map[string]string{}
	for _, unit := range state.UnitNames("raw_transactions") {
		record, _ := state.Unit("raw_transactions", unit)
		got[unit] = lines(ledger.Sum(record.Cells))
	}
	var undated []ledger.Cell
	for _, o := range state.Objects["raw_transactions"] {
		for _, c := range o.Cells {
			if c.Unit == ledger.NoDate {
				undated = append(undated, c)
			}
		}
	}
	got[datagen.Undated] = lines(ledger.Sum(undated))
	return got
}

// lines are the figures of an account, one a class and control group.
func lines(c ledger.Cell) map[string]string {
	all := map[string]string{}
	add := func(class string, t ledger.Tally) {
		if t.Records > 0 {
			all[class] = fmt.Sprint(t.Records)
		}
		for _, g := range t.Groups {
			all[class+" "+g.By[0]] = fmt.Sprintf("%d %s %d", g.Records, g.Sums[0].StringFixed(2), g.Unreadable[0])
		}
	}
	add("read", c.Read)
	add("accepted", c.Accepted)
	add("duplicate", c.Duplicate)
	for _, reason := range slices.Sorted(maps.Keys(c.Rejected)) {
		add("rejected "+reason, c.Rejected[reason])
	}
	return all
}

func wantLines(c datagen.Cell) map[string]string {
	all := map[string]string{}
	add := func(class string, t datagen.Tally) {
		if t.Records > 0 {
			all[class] = fmt.Sprint(t.Records)
		}
		for name, g := range t.Groups {
			all[class+" "+name] = fmt.Sprintf("%d %s %d", g.Records, decimal.New(int64(g.Sum), -2).StringFixed(2), g.Unreadable)
		}
	}
	add("read", c.Read)
	add("accepted", c.Accepted)
	add("duplicate", c.Duplicate)
	for reason, t := range c.Rejected {
		add("rejected "+reason, t)
	}
	return all
}
