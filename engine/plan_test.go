package engine_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine"
	"ledgermill/engine/job"
)

// whys are the reasons of a plan's units of a dataset, by unit.
func whys(p *engine.Plan, dataset string) map[job.Unit]string {
	all := map[job.Unit]string{}
	for _, u := range p.Units {
		if u.Dataset == dataset {
			all[u.Unit] = u.Action + ": " + strings.Join(u.Why, "; ")
		}
	}
	return all
}

// TestNewSemantics plans under another number of the engine's semantics, with and
// without an edit beside it.
func TestNewSemantics(t *testing.T) {
	t.Parallel()
	files := small(map[string]string{"seen": "-- grain: id\nselect d, id, n from raw_a"})
	b := newBench(t, files)
	b.days(2)
	b.run(engine.Selection{})
	b.semantics = "2"
	plan := b.plan(engine.Selection{})
	want := map[job.Unit]string{}
	for _, u := range []job.Unit{"2025-01-01", "2025-01-02"} {
		want[u] = "make: new semantics number: 2, made under 1"
	}
	if d := cmp.Diff(want, whys(plan, "raw_a")); d != "" {
		t.Errorf("contract (-want +got):\n%s", d)
	}
	for u := range want {
		want[u] += "; new semantics number: 2, made under 1" // of what it reads
	}
	if d := cmp.Diff(want, whys(plan, "seen")); d != "" {
		t.Errorf("model (-want +got):\n%s", d)
	}
	if len(plan.Edits) > 0 {
		t.Errorf("nobody edited anything: %+v", plan.Edits)
	}
	replace(t, files, "sql/contracts/raw_a.sql", "n integer", "n bigint")
	plan = b.plan(engine.Selection{})
	if why := whys(plan, "raw_a")["2025-01-01"]; why != "make: new semantics number: 2, made under 1; edited contract" {
		t.Errorf("an edit beside it: %s", why)
	}
	if len(plan.Edits) != 1 || !strings.Contains(plan.Edits[0].Diff, "\n-create table raw_a (d date not null, id varchar not null, n integer") {
		t.Errorf("edits: %+v", plan.Edits)
	}
	b.run(engine.Selection{})
	if plan = b.plan(engine.Selection{}); len(plan.Units) > 0 || plan.Expected != nil {
		t.Errorf("made under 2, and still to do: %+v", plan.Units)
	}
}

// TestEditsOfSeveralTexts shows each text that units were made by beside the one there
// is now, and says which is not known.
func TestEditsOfSeveralTexts(t *testing.T) {
	t.Parallel()
	files := small(map[string]string{"seen": "-- grain: id\nselect d, id, n + 1 as n from raw_a"})
	b := newBench(t, files)
	b.days(3)
	b.run(engine.Selection{})
	replace(t, files, "sql/models/seen.sql", "n + 1", "n + 2")
	day := time.Date(2025, 1, 2, 0, 0, 0, 0, time.UTC)
	b.run(engine.Selection{From: day, To: day})
	replace(t, files, "sql/models/seen.sql", "n + 2", "n + 3")
	plan := b.plan(engine.Selection{})
	var got []string
	for _, e := range plan.Edits {
		for line := range strings.Lines(e.Diff) {
			if strings.HasPrefix(line, "-s") {
				got = append(got, string(e.Units[0])+" "+strings.TrimSpace(line))
			}
		}
	}
	want := []string{"2025-01-01 -select d, id, n + 1 as n from raw_a", "2025-01-02 -select d, id, n + 2 as n from raw_a"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("edits (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]engine.ExpectedDataset{{Dataset: "seen", Units: 3, Rows: 3}}, plan.Expected.Datasets); d != "" {
		t.Errorf("expected (-want +got):\n%s", d)
	}
}

// TestPlanFileIsAPlan refuses what is none, and what a newer program has written.
func TestPlanFileIsAPlan(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                            "it is no plan: EOF",
		"{}":                          "it is no plan",
		`{"format": 1}`:               "it is no plan",
		`{"format": 99, "plan": {}}`:  "it has format 99, this program knows 1",
		`{"format": "x", "plan": {}}`: "it is no plan: json: cannot unmarshal string into Go struct field PlanFile.format of type int",
	} {
		_, err := engine.ReadPlan(strings.NewReader(text))
		var broken *engine.PlanFileError
		if !errors.As(err, &broken) || err.Error() != want || broken.ExitCode() != engine.ExitUsage {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}
