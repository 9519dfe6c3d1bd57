package datagen_test

import (
	"bytes"
	"compress/gzip"
	"database/sql"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"ledgermill/bench/datagen"
)

// asCSV is an object of another form as the CSV that recount reads. A broken line
// of JSON becomes one of CSV.
func asCSV(t *testing.T, form string, object []byte) []byte {
	t.Helper()
	if form == "parquet" {
		return parquetAsCSV(t, object)
	}
	var names []string
	for _, c := range contractColumns {
		names = append(names, c.name)
	}
	out := bytes.NewBufferString(strings.Join(names, ",") + "\n")
	for line := range bytes.Lines(object) {
		var record map[string]any
		decoder := json.NewDecoder(bytes.NewReader(line))
		decoder.UseNumber()
		switch err := decoder.Decode(&record); {
		case !utf8.Valid(line):
			out.WriteString(strings.Repeat(",", len(names)-1) + "\xff\n")
		case err != nil:
			out.WriteString(strings.Repeat(",", len(names)-1) + "\"broken\n")
		default:
			if len(record) != len(names) {
				t.Fatalf("%d keys: %s", len(record), line)
			}
			var fields []string
			for _, name := range names {
				text := ""
				switch value := record[name].(type) {
				case string:
					text = value
				case json.Number:
					text = value.String()
				case bool:
					text = map[bool]string{true: "true", false: "false"}[value]
				}
				fields = append(fields, `"`+strings.ReplaceAll(text, `"`, `""`)+`"`)
			}
			out.WriteString(strings.Join(fields, ",") + "\n")
		}
	}
	return out.Bytes()
}

func parquetAsCSV(t *testing.T, object []byte) []byte {
	t.Helper()
	dir := t.TempDir()
	packed, text := filepath.Join(dir, "a.parquet"), filepath.Join(dir, "a.csv")
	if err := os.WriteFile(packed, object, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("duckdb", "?threads=1")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(t.Context(), "copy (from '"+packed+"') to '"+text+"' (format csv, header)"); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(text)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestFormsCarryTheirDefects recounts the objects of other forms, and makes them
// twice.
func TestFormsCarryTheirDefects(t *testing.T) {
	t.Parallel()
	for _, form := range []string{"ndjson", "parquet"} {
		t.Run(form, func(t *testing.T) {
			t.Parallel()
			o := options(func(o *datagen.Options) { o.Days, o.RowsPerDay, o.Defects, o.As = 2, 10_000, 0.05, form })
			m, report := generate(t, o)
			for _, object := range report.Objects {
				if !strings.HasSuffix(object.Key, "."+form) {
					t.Errorf("key %s", object.Key)
				}
				records, cells := recount(t, asCSV(t, form, m.objects[object.Key]))
				for _, cell := range cells {
					if tally, ok := cell.Rejected["quote"]; ok && form == "ndjson" {
						cell.Rejected["json"] = tally
						delete(cell.Rejected, "quote")
					}
				}
				if records != object.Records {
					t.Errorf("%s has %d records, the report says %d", object.Key, records, object.Records)
				}
				if diff := cmp.Diff(cells, object.Accounts); diff != "" {
					t.Errorf("%s (-recount +report):\n%s", object.Key, diff)
				}
				for kind, n := range object.Injected {
					if broken := map[string]bool{"extra_field": true, "missing_field": true, "stray_quote": form == "parquet", "invalid_utf8": form == "parquet"}; broken[kind] && n > 0 {
						t.Errorf("%d of %s, which %s cannot carry", n, kind, form)
					}
				}
				if form == "ndjson" && (object.Injected["stray_quote"] == 0 || object.Injected["invalid_utf8"] == 0) {
					t.Errorf("no broken lines: %v", object.Injected)
				}
			}
			again, _ := generate(t, o)
			if diff := cmp.Diff(m.objects, again.objects); diff != "" {
				t.Error("the same seed made other bytes")
			}
		})
	}
}

// TestFormsHoldTheSameRows: without defects each form has the rows of the CSV.
func TestFormsHoldTheSameRows(t *testing.T) {
	t.Parallel()
	text, report := generate(t, options(func(o *datagen.Options) { o.Defects = 0 }))
	_, want := recount(t, text.objects[report.Objects[0].Key])
	for _, form := range []string{"ndjson", "ndjson.gz", "parquet"} {
		m, report := generate(t, options(func(o *datagen.Options) { o.Defects, o.As = 0, form }))
		object := m.objects[report.Objects[0].Key]
		if strings.HasSuffix(form, ".gz") {
			object = unzip(t, object)
		}
		_, got := recount(t, asCSV(t, strings.TrimSuffix(form, ".gz"), object))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-csv +got):\n%s", form, diff)
		}
	}
}

func unzip(t *testing.T, data []byte) []byte {
	t.Helper()
	reader, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
