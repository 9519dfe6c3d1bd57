package warehouse_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/big"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"ledgermill/engine/config"
	"ledgermill/warehouse"
	"ledgermill/warehouse/warehousetest"
)

func TestMain(m *testing.M) {
	if handled, exit := holdServer(); handled {
		os.Exit(exit)
	}
	os.Exit(warehousetest.Main(m))
}

// schema has one table of each kind that the loader knows.
const schema = `
create table payments (
  id text not null, booked_on date not null, amount numeric(18, 2) not null, currency text, note text, fee integer,
  year smallint, month integer, day smallint, etl_job_id text, etl_processed_timestamp timestamp,
  constraint payments_fee check (fee >= 0),
  primary key (id, booked_on)
) partition by range (booked_on);
create index payments_currency on payments (currency, amount desc);
create index payments_noted on payments (booked_on) where note is not null;
create index payments_time on payments using brin (booked_on);
create table payment_totals (
  currency text not null, booked_on date not null, total numeric(38, 2), n bigint, primary key (currency, booked_on)
) partition by range (booked_on);
create index on payment_totals (lower(currency));
create table people (id text primary key, name text, city text, score numeric(5, 2), closed_at timestamp);
create table codes (code integer primary key, meaning text);
`

type fixture struct {
	*warehouse.Warehouse
	t    *testing.T
	conn *pgx.Conn
	url  string
}

func open(t *testing.T, change ...func(*warehouse.Options)) *fixture {
	t.Helper()
	return openAt(t, warehousetest.Database(t), change...)
}

// openAt makes the fixture in an empty database.
func openAt(t *testing.T, url string, change ...func(*warehouse.Options)) *fixture {
	t.Helper()
	o := warehouse.Options{URL: config.Secret(url)}
	for _, c := range change {
		c(&o)
	}
	w, err := warehouse.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Migrate(t.Context(), os.DirFS("../sql/warehouse")); err != nil {
		t.Fatal(err)
	}
	f := &fixture{Warehouse: w, t: t, url: url, conn: connect(t, url)}
	f.exec(schema)
	return f
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func (f *fixture) exec(sql string, args ...any) {
	f.t.Helper()
	if _, err := f.conn.Exec(f.t.Context(), sql, args...); err != nil {
		f.t.Fatalf("%s: %v", sql, err)
	}
}

// all returns a query's rows as text, cells parted by |, null as ~.
func (f *fixture) all(sql string, args ...any) []string {
	f.t.Helper()
	return all(f.t, f.Warehouse, sql, args...)
}

func all(t *testing.T, w *warehouse.Warehouse, sql string, args ...any) []string {
	t.Helper()
	rows, err := w.Query(t.Context(), sql, args...)
	if err != nil {
		t.Fatal(err)
	}
	list := []string{}
	for rows.Next() {
		var cells []string
		for _, v := range rows.Values() {
			if v == nil {
				cells = append(cells, "~")
			} else {
				cells = append(cells, *v)
			}
		}
		list = append(list, strings.Join(cells, "|"))
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		t.Fatal(err)
	}
	return list
}

func one(t *testing.T, w *warehouse.Warehouse, sql string, args ...any) string {
	t.Helper()
	return strings.Join(all(t, w, sql, args...), "\n")
}

func (f *fixture) one(sql string, args ...any) string {
	f.t.Helper()
	return strings.Join(f.all(sql, args...), "\n")
}

func (f *fixture) load(parts ...warehouse.Part) warehouse.Report {
	f.t.Helper()
	report, err := f.Load(f.t.Context(), warehouse.Request{Run: "run1", Parts: parts})
	if err != nil {
		f.t.Fatal(err)
	}
	return report
}

func (f *fixture) missing(parts ...warehouse.Part) []string {
	f.t.Helper()
	list, err := f.Missing(f.t.Context(), parts)
	if err != nil {
		f.t.Fatal(err)
	}
	names := []string{}
	for _, p := range list {
		names = append(names, p.Table+" "+p.Unit)
	}
	return names
}

// noStaged fails if a leaf is left that no reader sees.
func (f *fixture) noStaged() {
	f.t.Helper()
	if left := f.all("select relname from pg_class where relname ~ '__[0-9a-f]{6}$'"); len(left) > 0 {
		f.t.Errorf("left behind: %v", left)
	}
}

// payment is a row of table payments; nil is null.
type payment struct {
	id       string
	amount   string
	currency *string
	note     *string
	fee      *string
}

func text(s string) *string { return &s }

func date(s string) time.Time {
	d, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return d
}

// payments is a part of table payments for from (first day) to (day after).
func payments(unit, from, to string, rows ...payment) warehouse.Part {
	sum, fees, control := new(big.Rat), new(big.Rat), map[string]*big.Rat{}
	var notes, currencies, feeCount int64
	counts := map[string]int64{}
	records := make([][]*string, 0, len(rows))
	for _, r := range rows {
		amount, _ := new(big.Rat).SetString(r.amount)
		sum.Add(sum, amount)
		name := "~"
		if r.currency != nil {
			currencies++
			name = *r.currency
		}
		if control[name] == nil {
			control[name] = new(big.Rat)
		}
		control[name].Add(control[name], amount)
		counts[name]++
		if r.note != nil {
			notes++
		}
		if r.fee != nil {
			feeCount++
			fee, _ := new(big.Rat).SetString(*r.fee)
			fees.Add(fees, fee)
		}
		records = append(records, []*string{text(r.id), text(from), text(r.amount), r.currency, r.note, r.fee})
	}
	n := int64(len(rows))
	c := warehouse.Control{Sum: []string{"amount"}, By: []string{"currency"}}
	for _, name := range slices.Sorted(maps.Keys(control)) {
		total, value := control[name], text(name)
		if name == "~" {
			value = nil
		}
		c.Rows = append(c.Rows, warehouse.ControlRow{By: []*string{value}, Count: counts[name], Sums: []string{total.FloatString(2)}})
	}
	p := warehouse.Part{
		Table: "payments", Dataset: "payments", Unit: unit, From: date(from), To: date(to), BusinessDate: "booked_on",
		Rows: n, Key: []string{"id"}, Columns: []warehouse.Column{{Name: "id", Type: "VARCHAR"}, {Name: "booked_on", Type: "DATE"},
			{Name: "amount", Type: "DECIMAL(18,2)"}, {Name: "currency", Type: "VARCHAR"}, {Name: "note", Type: "VARCHAR"}, {Name: "fee", Type: "INTEGER"}},
		Totals: []warehouse.Total{{Column: "id", NonNull: n}, {Column: "booked_on", NonNull: n},
			{Column: "amount", NonNull: n, Sum: sum.FloatString(2)}, {Column: "currency", NonNull: currencies}, {Column: "note", NonNull: notes},
			{Column: "fee", NonNull: feeCount, Sum: fees.FloatString(0)}},
		Controls: []warehouse.Control{c},
	}
	return withRows(p, records)
}

// totals is a part of table payment_totals.
func totals(unit, from, to string, records ...[]*string) warehouse.Part {
	n := int64(len(records))
	return withRows(warehouse.Part{
		Table: "payment_totals", Dataset: "payment_totals", Unit: unit, From: date(from), To: date(to), BusinessDate: "booked_on", Rows: n,
		Columns: []warehouse.Column{{Name: "currency", Type: "VARCHAR"}, {Name: "booked_on", Type: "DATE"}, {Name: "total", Type: "DECIMAL(38,2)"}, {Name: "n", Type: "BIGINT"}},
		Totals:  []warehouse.Total{{Column: "currency", NonNull: n}, {Column: "booked_on", NonNull: n}},
	}, records)
}

// people is a whole part of table people: id, name, city.
func people(records ...[]*string) warehouse.Part {
	n := int64(len(records))
	return withRows(warehouse.Part{
		Table: "people", Dataset: "people", Unit: "whole", Rows: n, Key: []string{"id"},
		Columns: []warehouse.Column{{Name: "id", Type: "VARCHAR"}, {Name: "name", Type: "VARCHAR"}, {Name: "city", Type: "VARCHAR"}, {Name: "score", Type: "DECIMAL(5,2)"}},
		Totals:  []warehouse.Total{{Column: "id", NonNull: n}},
	}, records)
}

func withRows(p warehouse.Part, records [][]*string) warehouse.Part {
	body := func(columns []string) string {
		var out bytes.Buffer
		for _, record := range records {
			row := slices.Clone(record)
			for _, name := range columns[len(p.Columns):] {
				row = append(row, text(map[string]string{"year": p.From.Format("2006"), "month": p.From.Format("1"), "day": p.From.Format("2")}[name]))
			}
			writeRecord(&out, row)
		}
		return out.String()
	}
	names := make([]string, len(p.Columns))
	for i, c := range p.Columns {
		names[i] = c.Name
	}
	p.ContentHash = fmt.Sprintf("%x", body(names))
	p.Fingerprint = "f:" + p.ContentHash
	p.CSV = func(_ context.Context, columns []string) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(body(columns))), nil
	}
	return p
}

// writeRecord writes null as nothing and the empty string as "".
func writeRecord(out *bytes.Buffer, row []*string) {
	for i, v := range row {
		if i > 0 {
			out.WriteByte(',')
		}
		switch {
		case v == nil:
		case *v == "":
			out.WriteString(`""`)
		default:
			w := csv.NewWriter(out)
			_ = w.Write([]string{*v})
			w.Flush()
			out.Truncate(out.Len() - 1)
		}
	}
	out.WriteByte('\n')
}

// record is a row for totals and people; "~" is null.
func record(cells ...string) []*string {
	row := make([]*string, len(cells))
	for i, c := range cells {
		if c != "~" {
			row[i] = text(c)
		}
	}
	return row
}

// signal is a log handler that says when a message was first logged.
type signal struct {
	slog.Handler
	message string
	seen    chan struct{}
}

func newSignal(message string) signal {
	return signal{slog.DiscardHandler, message, make(chan struct{}, 1000)}
}

func (s signal) Enabled(context.Context, slog.Level) bool { return true }

func (s signal) Handle(_ context.Context, r slog.Record) error {
	if r.Message == s.message {
		select {
		case s.seen <- struct{}{}:
		default:
		}
	}
	return nil
}
