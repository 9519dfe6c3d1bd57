package engine_test

import (
	"testing"
	"testing/fstest"

	"ledgermill/engine"
)

// carried is a project whose data test holds the date that a record says it was carried
// over from against the business date before.
func carried() fstest.MapFS {
	return fstest.MapFS{
		"sql/contracts/raw_accounts.sql": {Data: []byte("-- business date: on_day\n-- objects: accounts/*.csv\ncreate table raw_accounts (id int not null, on_day date not null, carried_from date, primary key (id));\n")},
		"sql/models/accounts.sql":        {Data: []byte("-- grain: id\nselect id, on_day, carried_from from raw_accounts\n")},
		"sql/tests/carried_over.sql": {Data: []byte(`-- on: accounts
select a.id, b.previous_business_date from accounts as a, business_day as b where a.carried_from <> b.previous_business_date
`)},
	}
}

// TestDataTestSeesTheDateBefore: a data test is told the business date before the unit's,
// by a run as by a test of what is published, and is asked again when another one comes.
func TestDataTestSeesTheDateBefore(t *testing.T) {
	t.Parallel()
	files := carried()
	b := newBench(t, files)
	b.write("accounts/1.csv", "id,on_day,carried_from\n1,2025-03-03,2025-02-28\n") // the first: there is none before it
	b.write("accounts/2.csv", "id,on_day,carried_from\n2,2025-03-04,2025-03-03\n")
	b.write("accounts/3.csv", "id,on_day,carried_from\n3,2025-03-06,2025-03-05\n")
	first := b.run(engine.Selection{})
	if first.Exit != engine.ExitRefused || len(first.Verdicts) != 1 || first.Verdicts[0].Unit != "2025-03-06" {
		t.Fatalf("exit %d, verdicts %v; want 2025-03-06 refused", first.Exit, first.Verdicts)
	}
	b.write("accounts/late.csv", "id,on_day,carried_from\n4,2025-03-05,2025-03-04\n")
	if late := b.run(engine.Selection{}); late.Exit != engine.ExitDone || len(late.Verdicts) != 0 {
		t.Errorf("after the day before has come: exit %d, verdicts %v", late.Exit, late.Verdicts)
	}

	replace(t, files, "sql/tests/carried_over.sql", "on: accounts", "on: accounts, warn")
	b.write("accounts/4.csv", "id,on_day,carried_from\n5,2025-03-07,2025-03-05\n")
	b.run(engine.Selection{})
	m := b.open(false)
	found, err := m.TestPublished(t.Context(), engine.Selection{Datasets: []string{"accounts"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	last := found.Results[len(found.Results)-1]
	if last.Test != "carried_over" || last.Unit != "2025-03-07" || last.Failures != 1 || last.Examples[0][1] != "2025-03-06" {
		t.Errorf("on what is published: %+v, want one row that names 2025-03-06", last)
	}
}
