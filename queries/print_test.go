package queries_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine/model"
	"ledgermill/queries"
)

var update = flag.Bool("update", false, "write the goldens")

// drawn holds what is printed against goldens, from both places.
func (b *bank) drawn(t *testing.T) {
	const cells = "select * from (values " +
		"(1, cast(12.50 as decimal(9, 2)), cast(0.1 as double precision), true, date '2025-01-31', 'plain', 'x'), " +
		"(-20, null, cast('nan' as double precision), false, null, '=1+1', '-5'), " +
		"(300, cast(-1234567.00 as decimal(9, 2)), cast('1e300' as double precision), null, date '2024-02-29', '', '@a'), " +
		"(4, 0.00, -2, true, date '2024-02-29', 'a \"b\", ' || chr(10) || 'c' || chr(27) || '[31m', null), " +
		"(5, 0.00, 1.5, true, date '2024-02-29', 'Ærøskøbing 日本語 and some more text that is too long to be shown', '+x')) " +
		`as v(id, amount_of_money, rate, ok, booked_on, name, "=name") order by id`
	type printer = func(*queries.Result, *bytes.Buffer) error
	csv := func(o queries.CSVOptions, want int64) printer {
		return func(r *queries.Result, w *bytes.Buffer) error {
			guarded, err := r.CSV(w, o)
			if guarded != want {
				t.Errorf("%d cells got a ', want %d", guarded, want)
			}
			return err
		}
	}
	for name, c := range map[string]struct {
		o     queries.Options
		print printer
	}{
		"cells.txt":      {queries.Options{SQL: cells}, text(0, 0)},
		"cells_80.txt":   {queries.Options{SQL: cells}, text(0, 80)},
		"cells_60.txt":   {queries.Options{SQL: cells}, text(3, 60)},
		"cells_20.txt":   {queries.Options{SQL: cells}, text(1, 20)},
		"cells.csv":      {queries.Options{SQL: cells}, csv(queries.CSVOptions{}, 4)},
		"cells_raw.csv":  {queries.Options{SQL: cells}, csv(queries.CSVOptions{Raw: true}, 0)},
		"cells.json":     {queries.Options{SQL: cells}, func(r *queries.Result, w *bytes.Buffer) error { return r.JSON(w) }},
		"empty.txt":      {queries.Options{SQL: "select 1 as a, 'x' as b where false"}, text(0, 80)},
		"empty.csv":      {queries.Options{SQL: "select 1 as a, 'x' as b where false"}, csv(queries.CSVOptions{}, 0)},
		"empty.json":     {queries.Options{SQL: "select 1 as a, 'x' as b where false"}, func(r *queries.Result, w *bytes.Buffer) error { return r.JSON(w) }},
		"repeated.json":  {queries.Options{SQL: "select 1 as a, 2 as a, 3 as a_2"}, func(r *queries.Result, w *bytes.Buffer) error { return r.JSON(w) }},
		"customers.txt":  {queries.Options{Name: "top_customers"}, text(4, 80)},
		"volume.txt":     {queries.Options{Name: "daily_volume"}, text(0, 80)},
		"high_risk.txt":  {queries.Options{Name: "high_risk_last_7_days"}, text(3, 80)},
		"processing.txt": {queries.Options{Name: "p95_processing_time"}, text(3, 80)},
	} {
		for _, place := range []model.Place{model.Warehouse, model.Lake} {
			c.o.On = place
			r, err := b.run(t.Context(), c.o)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			var out bytes.Buffer
			if err := c.print(r, &out); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if err := r.Close(); err != nil {
				t.Error(err)
			}
			golden(t, name, out.Bytes())
			parses(t, name, out.Bytes())
		}
	}
}

func text(limit, width int) func(*queries.Result, *bytes.Buffer) error {
	return func(r *queries.Result, w *bytes.Buffer) error {
		return r.Text(w, queries.TextOptions{Limit: limit, Width: width})
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(string(got), "\n")); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// parses reads the output by other programs' rules.
func parses(t *testing.T, name string, out []byte) {
	t.Helper()
	switch filepath.Ext(name) {
	case ".json":
		var rows []map[string]any
		if err := json.Unmarshal(out, &rows); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	case ".csv":
		if _, err := csv.NewReader(bytes.NewReader(out)).ReadAll(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
