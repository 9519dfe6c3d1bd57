package warehouse_test

import (
	"errors"
	"testing"

	"ledgermill/warehouse"
)

func TestMergeByKey(t *testing.T) {
	t.Parallel()
	f := open(t)
	state := func() []string {
		return f.all("select id, name, city, score, closed_at is null from people order by id")
	}
	first := people(record("1", "Ann", "~", "1.00"), record("2", "", "Bonn", "~"), record("3", "Cem", "Bern", "2.50"))
	report := f.load(first)
	diff(t, "first", []string{"1|Ann|~|1.00|t", "2||Bonn|~|t", "3|Cem|Bern|2.50|t"}, state())
	diff(t, "missing", []string{}, f.missing(first))
	diff(t, "changed", []int64{3, 0}, []int64{report.Parts[0].Changed, report.Parts[0].Closed})

	report = f.load(first)
	diff(t, "changed by nothing", []int64{0, 0}, []int64{report.Parts[0].Changed, report.Parts[0].Closed})

	second := people(record("1", "Ann", "", "1.00"), record("3", "Cem", "Bern", "2.50"), record("4", "Dee", "Bari", "~"))
	diff(t, "missing second", []string{"people whole"}, f.missing(second))
	report = f.load(second)
	diff(t, "second", []string{"1|Ann||1.00|t", "2||Bonn|~|f", "3|Cem|Bern|2.50|t", "4|Dee|Bari|~|t"}, state())
	diff(t, "changed by second", []int64{2, 1}, []int64{report.Parts[0].Changed, report.Parts[0].Closed})

	f.load(first)
	diff(t, "opened again", []string{"1|Ann|~|1.00|t", "2||Bonn|~|t", "3|Cem|Bern|2.50|t", "4|Dee|Bari|~|f"}, state())
}

func TestMergeWithoutClosedAtDeletes(t *testing.T) {
	t.Parallel()
	f := open(t)
	codes := func(records ...[]*string) warehouse.Part {
		return withRows(warehouse.Part{Table: "codes", Dataset: "codes", Unit: "whole", Rows: int64(len(records)), Key: []string{"code"},
			Columns: []warehouse.Column{{Name: "code", Type: "INTEGER"}, {Name: "meaning", Type: "VARCHAR"}}}, records)
	}
	f.load(codes(record("1", "one"), record("2", "two")))
	f.load(codes(record("2", "deux")))
	diff(t, "rows", []string{"2|deux"}, f.all("select * from codes"))
}

func TestMergeFaultsChangeNothing(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.load(people(record("1", "Ann", "Ulm", "~")))
	twice := people(record("1", "Bob", "Ulm", "~"), record("1", "Cem", "Ulm", "~"))
	_, err := f.Load(t.Context(), warehouse.Request{Run: "r", Parts: []warehouse.Part{twice}})
	var copying *warehouse.CopyError
	if !errors.As(err, &copying) {
		t.Errorf("key twice: %v, want a CopyError", err)
	}
	short := people(record("1", "Bob", "Ulm", "~"))
	short.Rows = 2
	if _, err = f.Load(t.Context(), warehouse.Request{Run: "r", Parts: []warehouse.Part{short}}); !errors.Is(err, warehouse.ErrReconcile) {
		t.Errorf("row less: %v, want ErrReconcile", err)
	}
	diff(t, "rows", []string{"1|Ann"}, f.all("select id, name from people"))
}
