package spark

import (
	"testing"

	"ledgermill/engine/job"
	"ledgermill/engine/model"
)

// TestQueue: one caller leads a model at a time, and nobody is left waiting.
func TestQueue(t *testing.T) {
	t.Parallel()
	q := queue{waiting: map[string][]*wanted{}, busy: map[string]bool{}}
	if !q.add("a", &wanted{unit: "1"}) || q.add("a", &wanted{unit: "2"}) || !q.add("b", &wanted{unit: "1"}) {
		t.Error("the first of a model leads it, and only the first")
	}
	for range mostUnits {
		q.add("a", &wanted{unit: "more"})
	}
	if all := q.take("a"); len(all) != mostUnits || all[0].unit != "1" || all[1].unit != "2" {
		t.Errorf("%d units, want the first %d", len(all), mostUnits)
	}
	if q.add("a", &wanted{unit: "late"}) {
		t.Error("a second leader")
	}
	if all := q.take("a"); len(all) != 3 || all[2].unit != "late" {
		t.Errorf("%d units, want what was left and the late one", len(all))
	}
	if all := q.take("a"); len(all) != 0 || !q.add("a", &wanted{unit: "next"}) {
		t.Errorf("%d units, and no new leader", len(all))
	}
}

func TestUnitColumn(t *testing.T) {
	t.Parallel()
	column := unitColumn(&model.Model{Columns: []model.Column{{Name: "_UNIT"}, {Name: "_unit_"}}})
	if column != "_unit__" {
		t.Errorf("%s is a column of the model", column)
	}
	for path, want := range map[string]job.Unit{"file:/x/_unit_=1/_unit__=2025-01-31/part-0.parquet": "2025-01-31", "/x/part-0": ""} {
		if got := job.Unit(stepOf(path, column)); got != want {
			t.Errorf("%s is of %q, want %q", path, got, want)
		}
	}
}
