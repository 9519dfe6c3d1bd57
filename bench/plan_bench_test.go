package bench_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"ledgermill/engine"
	"ledgermill/engine/model"
)

// Size of the year that is planned: 365 days of 28 objects.
const (
	yearDays        = 365
	objectsADay     = 28
	recordsAnObject = 2
)

// BenchmarkHotPlanYear plans a year of days with 10,220 known objects: that there is
// nothing to do, and that an edited model is to be made again on every day. Opening the
// ledger and listing the input are part of it.
func BenchmarkHotPlanYear(b *testing.B) {
	in := yearOfObjects(b)
	root, _ := makeLake(b, bank(b), in)
	for name, project := range map[string]*model.Project{"nothing": bank(b), "edited": editedBank(b)} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				m := openMill(b, project, in, root)
				file, err := m.PlanFile(b.Context(), engine.Selection{})
				if err := errors.Join(err, m.close()); err != nil {
					b.Fatal(err)
				}
				if n := len(file.Plan.Units); (name == "nothing") != (n == 0) || name == "edited" && n < yearDays {
					b.Fatalf("%d units are planned", n)
				}
				if len(file.Objects) < yearDays*objectsADay {
					b.Fatalf("%d objects are known", len(file.Objects))
				}
			}
			b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/plan")
		})
	}
}

// yearOfObjects writes many small objects beside generated customers and merchants.
func yearOfObjects(b *testing.B) *input {
	b.Helper()
	in := generated(b, 10, 1)
	for _, path := range in.transactions(b) {
		if err := errors.Join(os.Remove(path), os.RemoveAll(path+".control.json")); err != nil {
			b.Fatal(err)
		}
	}
	const header = "transaction_id,transaction_date,transaction_timestamp,customer_id,transaction_type,amount,currency,status," +
		"merchant_id,merchant_name,merchant_category,country,channel,card_type,is_fraudulent,processing_time_ms\n"
	for day := range yearDays {
		date := time.Date(2024, 1, 1+day, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
		for object := range objectsADay {
			text := header
			for record := range recordsAnObject {
				text += fmt.Sprintf("T%d-%d-%d,%s,%s 10:00:00,C%d,PAYMENT,%d.50,EUR,COMPLETED,,,,FR,POS,,false,12\n", day, object, record, date, date, object, 10+record)
			}
			path := filepath.Join(in.dir, "transactions", fmt.Sprintf("%s-%02d.csv", date, object))
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				b.Fatal(err)
			}
		}
	}
	return in
}

// editedBank is the project that ships with another rule.
func editedBank(b *testing.B) *model.Project {
	b.Helper()
	files := fstest.MapFS{}
	for _, dir := range []string{"sql", "queries"} {
		err := fs.WalkDir(os.DirFS(".."), dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(path) != ".sql" {
				return err
			}
			text, err := fs.ReadFile(os.DirFS(".."), path)
			files[path] = &fstest.MapFile{Data: []byte(strings.Replace(string(text), "/* $high_amount */ 5000.00", "/* $high_amount */ 7500.00", 1))}
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	return loadProject(b, files)
}
