package datagen_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ledgermill/bench/datagen"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func options(change func(*datagen.Options)) datagen.Options {
	o := datagen.Defaults(time.Date(2025, 2, 1, 3, 0, 0, 0, time.UTC))
	o.RowsPerDay = 4000
	if change != nil {
		change(&o)
	}
	return o
}

func generate(t testing.TB, o datagen.Options) (*memory, datagen.Report) {
	t.Helper()
	m := newMemory()
	o.Output = m
	report, err := datagen.Generate(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return m, report
}

func TestLedgerEqualsARecountOfTheBytes(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]datagen.Options{
		"one day":      options(func(o *datagen.Options) { o.RowsPerDay = 50_000 }),
		"five days":    options(func(o *datagen.Options) { o.Days, o.RowsPerDay, o.Defects = 5, 8000, 0.05 }),
		"half defects": options(func(o *datagen.Options) { o.RowsPerDay, o.Defects, o.Seed = 20_000, 0.5, 99 }),
		"few records":  options(func(o *datagen.Options) { o.RowsPerDay, o.Defects, o.Seed = 7, 0.5, 3 }),
		"two records":  options(func(o *datagen.Options) { o.RowsPerDay, o.Defects = 2, 0.5 }),
		"no defects":   options(func(o *datagen.Options) { o.Defects = 0 }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, report := generate(t, o)
			for _, object := range report.Objects {
				records, cells := recount(t, m.objects[object.Key])
				if records != object.Records || int64(len(m.objects[object.Key])) != object.Bytes {
					t.Errorf("%s has %d records in %d bytes, the report says %d in %d", object.Key, records,
						len(m.objects[object.Key]), object.Records, object.Bytes)
				}
				if diff := cmp.Diff(cells, object.Accounts); diff != "" {
					t.Errorf("%s (-recount +report):\n%s", object.Key, diff)
				}
				checkControl(t, m, object.Key, cells)
			}
			if o.Days == 1 && report.Total().Read.Records != int64(o.RowsPerDay) {
				t.Errorf("%d records, want exactly %d", report.Total().Read.Records, o.RowsPerDay)
			}
		})
	}
}

// checkControl compares the control file with the recounted records.
func checkControl(t *testing.T, m *memory, key string, cells map[string]*datagen.Cell) {
	t.Helper()
	want := map[string]int64{}
	var records int64
	for _, cell := range cells {
		records += cell.Read.Records
		for group, g := range cell.Read.Groups {
			if g.Records > g.Unreadable {
				want[group] += int64(g.Sum)
			}
		}
	}
	var got struct {
		Records int64
		Sums    map[string]map[string]datagen.Cents
	}
	if err := json.Unmarshal(m.objects[key+".control.json"], &got); err != nil {
		t.Fatal(err)
	}
	sums := map[string]int64{}
	for group, sum := range got.Sums["amount"] {
		sums[group] = int64(sum)
	}
	if diff := cmp.Diff(want, sums); diff != "" || got.Records != records || len(got.Sums) != 1 {
		t.Errorf("control file of %s: %d records, want %d; sums (-want +got):\n%s", key, got.Records, records, diff)
	}
}

func TestEveryKindAndReasonOccurs(t *testing.T) {
	t.Parallel()
	_, report := generate(t, options(func(o *datagen.Options) { o.RowsPerDay = 100_000 }))
	var reasons []string
	for reason := range report.Total().Rejected {
		reasons = append(reasons, reason)
	}
	slices.Sort(reasons)
	want := []string{
		"amount_limit", "amount_positive", "amount_required", "amount_type", "channel_known", "channel_required",
		"currency_known", "customer_id_required", "encoding", "field_count", "is_fraudulent_type", "key_conflict",
		"processing_time_ms_type", "quote", "status_known", "status_required", "timestamp_on_date",
		"transaction_date_required", "transaction_date_type", "transaction_id_required",
		"transaction_timestamp_required", "transaction_timestamp_type", "transaction_type_required", "type_known",
	}
	if diff := cmp.Diff(want, reasons); diff != "" {
		t.Errorf("reasons (-want +got):\n%s", diff)
	}
	var injected int64
	for kind, n := range report.Injected() {
		if n < 1 {
			t.Errorf("no %s", kind)
		}
		injected += n
	}
	if injected != 1000 || len(report.Injected()) != 30 {
		t.Errorf("%d records of %d kinds injected, want 1000 of 30", injected, len(report.Injected()))
	}
	if late := report.Units()["2025-01-30"]; late.Accepted.Records == 0 {
		t.Error("no late record was accepted for the day before")
	}
}

func TestSameSeedSameBytes(t *testing.T) {
	t.Parallel()
	week := options(func(o *datagen.Options) { o.Days, o.Defects = 7, 0.1 })
	first, report := generate(t, week)
	second, again := generate(t, week)
	if diff := cmp.Diff(report, again); diff != "" {
		t.Errorf("reports differ:\n%s", diff)
	}
	compare := func(key string, a, b []byte) {
		if !bytes.Equal(a, b) {
			t.Errorf("%s differs", key)
		}
	}
	for key := range first.objects {
		compare(key, first.objects[key], second.objects[key])
	}
	// A day is the same however many days come with it.
	pair, _ := generate(t, options(func(o *datagen.Options) { o.Days, o.Defects = 2, 0.1 }))
	for key := range pair.objects {
		if strings.HasPrefix(key, "transactions/") || strings.HasPrefix(key, "customers/") {
			compare(key, first.objects[key], pair.objects[key])
		}
	}
	// Compressed, the content is the same.
	packed, _ := generate(t, options(func(o *datagen.Options) { o.Days, o.Defects, o.As = 7, 0.1, "csv.gz" }))
	const day = "transactions/transactions_2025-01-31.csv"
	reader, err := gzip.NewReader(bytes.NewReader(packed.objects[day+".gz"]))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	compare(day+".gz", first.objects[day], text)
	compare("control file", first.objects[day+".control.json"], packed.objects[day+".gz.control.json"])
	// Another seed differs.
	other, _ := generate(t, options(func(o *datagen.Options) { o.Days, o.Defects, o.Seed = 7, 0.1, 2 }))
	for _, key := range []string{day, "customers/customers.csv", "merchants/merchants.csv"} {
		if bytes.Equal(first.objects[key], other.objects[key]) {
			t.Errorf("%s is the same under another seed", key)
		}
	}
}

// The golden files hold a tiny generation: a change of what a seed means shows
// here, and is to be made on purpose.
func TestGolden(t *testing.T) {
	t.Parallel()
	m, _ := generate(t, options(func(o *datagen.Options) {
		o.RowsPerDay, o.Days, o.Defects, o.Customers, o.Merchants = 60, 2, 0.5, 20, 10
	}))
	for _, key := range slices.Sorted(maps.Keys(m.objects)) {
		path := filepath.Join("testdata", "tiny", filepath.FromSlash(key))
		if *update {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, m.objects[key], 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(m.objects[key])); diff != "" {
			t.Errorf("%s (-golden +got):\n%s", key, diff)
		}
	}
}

func TestOptionsOutOfRange(t *testing.T) {
	t.Parallel()
	for option, change := range map[string]func(*datagen.Options){
		"rows":      func(o *datagen.Options) { o.RowsPerDay = 0 },
		"days":      func(o *datagen.Options) { o.Days = -1 },
		"customers": func(o *datagen.Options) { o.Customers = 10_000_001 },
		"merchants": func(o *datagen.Options) { o.Merchants = -5 },
		"defects":   func(o *datagen.Options) { o.Defects = 0.6 },
		"as":        func(o *datagen.Options) { o.As = "xlsx" },
		"end-date":  func(o *datagen.Options) { o.EndDate = time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC); o.Days = 2 },
		"output":    func(o *datagen.Options) { o.Output = nil },
	} {
		o := options(func(o *datagen.Options) { o.Output = newMemory(); change(o) })
		_, err := datagen.Generate(t.Context(), o)
		if wrong, ok := errors.AsType[*datagen.OptionError](err); !ok || wrong.Option != option || wrong.Try() == "" {
			t.Errorf("%s out of range: %v", option, err)
		}
	}
}

func TestProgressEndsAtTheTotal(t *testing.T) {
	t.Parallel()
	var last, all int64
	_, report := generate(t, options(func(o *datagen.Options) {
		o.Days = 4
		o.Progress = func(done, total int64) {
			if done < last {
				t.Errorf("progress fell from %d to %d", last, done)
			}
			last, all = done, total
		}
	}))
	if records := report.Total().Read.Records; last != records || all != records {
		t.Errorf("progress ended at %d of %d, the records are %d", last, all, records)
	}
}

func BenchmarkGenerate(b *testing.B) {
	for _, as := range []string{"csv", "csv.gz", "ndjson", "parquet"} {
		b.Run(as, func(b *testing.B) {
			const rows = 1_000_000
			o := options(func(o *datagen.Options) { o.RowsPerDay, o.As = rows, as })
			var size int64
			for b.Loop() {
				_, report := generate(b, o)
				size = report.Objects[0].Bytes
			}
			b.SetBytes(size)
			b.ReportMetric(rows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
