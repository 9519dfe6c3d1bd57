package engine_test

import (
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"ledgermill/engine"
	"ledgermill/engine/ledger"
)

// The warehouse's line is what PostgreSQL counted: where that is something else, it is
// shown beside the lake's.
func TestSummaryShowsWhatTheWarehouseCounted(t *testing.T) {
	t.Parallel()
	tally := func(records int64, sum string) ledger.Tally {
		return ledger.Tally{Records: records, Groups: []ledger.Group{{By: []string{"EUR"}, Records: records,
			Sums: []decimal.Decimal{decimal.RequireFromString(sum)}, Unreadable: []int64{0}}}}
	}
	lake := tally(2, "10.00")
	for name, c := range map[string]struct {
		warehouse ledger.Tally
		want      []string
	}{
		"agree":          {tally(2, "10"), []string{"  in lake and warehouse          2      10.00 ✓"}},
		"a cent":         {tally(2, "10.01"), []string{"  in lake          2      10.00 ✓", "  in warehouse          2      10.01 ✗"}},
		"a record":       {tally(1, "10.00"), []string{"  in warehouse          1      10.00 ✗"}},
		"without groups": {ledger.Tally{Records: 2}, []string{"  in lake and warehouse          2"}},
	} {
		report := engine.Report{Run: "8c21", Units: []engine.MadeUnit{{Dataset: "d", Unit: "2025-01-31"}}, Accounts: []engine.FeedAccount{{
			Feed: "raw", Aggregates: []string{"sum(amount)"}, Cell: ledger.Cell{Read: lake, Accepted: lake}, Lake: &lake, Warehouse: &c.warehouse}}}
		var b strings.Builder
		if err := report.Text(&b); err != nil {
			t.Fatal(err)
		}
		for _, want := range c.want {
			if !strings.Contains(squeeze(b.String()), squeeze(want)) {
				t.Errorf("%s: no line %q in\n%s", name, want, b.String())
			}
		}
	}
}

// squeeze makes one space of many.
func squeeze(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = strings.Join(strings.Fields(line), " ")
	}
	return strings.Join(lines, "\n")
}
