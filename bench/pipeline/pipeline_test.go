package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"ledgermill/bench/datagen"
	"ledgermill/engine/config"
	"ledgermill/engine/records"
	"ledgermill/sql/reference"
	"ledgermill/warehouse"
	"ledgermill/warehouse/warehousetest"
)

func TestMain(m *testing.M) { os.Exit(warehousetest.Main(m)) }

// sound generates objects and keeps the records that any CSV reader can divide.
func sound(t *testing.T, rows, days int) (paths []string, objects map[string][]byte) {
	t.Helper()
	dir := t.TempDir()
	o := datagen.Defaults(time.Now())
	o.Output, o.RowsPerDay, o.Days, o.Defects, o.EndDate = datagen.Directory(dir), rows, days, 0.2, time.Date(2025, 1, 31, 0, 0, 0, 0, time.UTC)
	if _, err := datagen.Generate(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	found, err := filepath.Glob(filepath.Join(dir, "transactions", "*.csv"))
	if err != nil {
		t.Fatal(err)
	}
	objects = map[string][]byte{}
	for _, path := range found {
		from, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		clean := strings.TrimSuffix(path, ".csv") + ".clean"
		to, err := os.Create(clean)
		if err != nil {
			t.Fatal(err)
		}
		_, err = records.Copy(t.Context(), to, from, records.RFC4180(), nil)
		if err := errors.Join(err, from.Close(), to.Close()); err != nil {
			t.Fatal(err)
		}
		if objects[clean], err = os.ReadFile(clean); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, clean)
	}
	return paths, objects
}

func models(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, table := range Tables() {
		text, err := fs.ReadFile(os.DirFS("../../sql/models"), table.Dataset+".sql")
		if err != nil {
			t.Fatal(err)
		}
		all[table.Dataset] = string(text)
	}
	return all
}

// place is a database with the bank's tables.
func place(t *testing.T) string {
	t.Helper()
	url := warehousetest.Database(t)
	w, err := warehouse.Open(t.Context(), warehouse.Options{URL: config.Secret(url)})
	if err == nil {
		_, err = w.Migrate(t.Context(), os.DirFS("../../sql/warehouse"))
	}
	if err != nil {
		t.Fatal(err)
	}
	return url
}

// TestEveryWayGivesTheSameRows: naive, full, each added alone and each taken alone.
func TestEveryWayGivesTheSameRows(t *testing.T) {
	t.Parallel()
	paths, objects := sound(t, 400, 3)
	want := reference.Compute(objects)
	ways := map[string]Switches{"naive": {}, "full": Full()}
	for _, o := range Optimisations() {
		ways["only "+o.Name] = o.With(Switches{})
		ways["without "+o.Name] = o.Without(Full())
	}
	vectorised := Optimisations()[0].With(Switches{})
	for i, o := range Optimisations()[1:] {
		vectorised = o.With(vectorised)
		ways[fmt.Sprint("rung ", i)] = vectorised
	}
	run := func(name string, s Switches, rowByRow bool) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &Pipeline{Switches: s, RowByRow: rowByRow, Objects: paths, Models: models(t), Lake: t.TempDir(), Work: t.TempDir(), URL: place(t), Cores: 2, Memory: 1 << 28}
			if err := p.Prepare(t.Context()); err != nil {
				t.Fatal(err)
			}
			stages, err := p.Run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if len(stages) < 4 {
				t.Errorf("stages %v", stages)
			}
			compare(t, p, want)
		})
	}
	for name, s := range ways {
		run(name, s, false)
	}
	run("row by row", Switches{}, true)
}

// compare compares lake and warehouse with the reference.
func compare(t *testing.T, p *Pipeline, want reference.Result) {
	t.Helper()
	db, err := p.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	conn, err := pgx.Connect(t.Context(), p.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := conn.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	}()
	for i, table := range []reference.Table{want.Transactions, want.DailyTransactionSummary, want.MerchantDailySummary} {
		as := Tables()[i]
		lake := rowsOf(t, func(scan func(...any) error) error {
			rows, err := db.QueryContext(t.Context(), "select "+texts(table.Columns, `'\N'`)+" from "+p.Stored(as))
			if err != nil {
				return err
			}
			for rows.Next() {
				if err := scan(rows); err != nil {
					return err
				}
			}
			return errors.Join(rows.Err(), rows.Close())
		}, len(table.Columns))
		if diff := cmp.Diff(table.Rows, lake); diff != "" {
			t.Errorf("lake's %s (-want +got):\n%s", as.Dataset, clip(diff))
		}
		house := rowsOf(t, func(scan func(...any) error) error {
			rows, err := conn.Query(t.Context(), "select "+texts(table.Columns, `E'\\N'`)+" from "+as.Name)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				if err := scan(rows); err != nil {
					return err
				}
			}
			return rows.Err()
		}, len(table.Columns))
		if diff := cmp.Diff(table.Rows, house); diff != "" {
			t.Errorf("warehouse's %s (-want +got):\n%s", as.Name, clip(diff))
		}
		var calendar bool
		if as.dated {
			err = conn.QueryRow(t.Context(), "select bool_and((year, month, day) = (extract(year from transaction_date), extract(month from transaction_date), extract(day from transaction_date))) from "+as.Name).Scan(&calendar)
			if err != nil || !calendar {
				t.Errorf("%s: its year, month or day is wrong: %v", as.Name, err)
			}
		}
	}
}

func clip(text string) string { return text[:min(len(text), 3000)] }

func texts(columns []string, null string) string {
	list := make([]string, len(columns))
	for i, c := range columns {
		list[i] = fmt.Sprintf("coalesce(cast(%s as varchar), %s)", c, null)
	}
	return strings.Join(list, ", ")
}

func rowsOf(t *testing.T, query func(scan func(...any) error) error, columns int) (all [][]string) {
	t.Helper()
	err := query(func(source ...any) error {
		row, to := make([]string, columns), make([]any, columns)
		for i := range row {
			to[i] = &row[i]
		}
		all = append(all, row)
		return source[0].(interface{ Scan(...any) error }).Scan(to...)
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(all, slices.Compare[[]string])
	return all
}

// TestARunThatFailsSaysWhere breaks the storage and the database.
func TestARunThatFailsSaysWhere(t *testing.T) {
	t.Parallel()
	paths, _ := sound(t, 50, 1)
	for _, s := range []Switches{{}, {Parquet: true}, Full()} {
		p := &Pipeline{Switches: s, Objects: paths, Models: models(t), Lake: filepath.Join(paths[0], "no directory"), Work: t.TempDir(), URL: place(t), Cores: 2, Memory: 1 << 28}
		if err := p.Prepare(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "store") {
			t.Errorf("%+v: %v", s, err)
		}
		p.Lake = t.TempDir()
		p.URL = "postgres://nobody@127.0.0.1:1/none"
		if _, err := p.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "connect") {
			t.Errorf("%+v: %v", s, err)
		}
	}
}
