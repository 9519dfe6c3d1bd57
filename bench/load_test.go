package bench_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"ledgermill/engine"
	"ledgermill/engine/config"
	"ledgermill/engine/duckdb"
	"ledgermill/warehouse"
)

// server is a private PostgreSQL with the settings that commands use.
type server struct {
	hold  *warehouse.Server
	count int
}

func privateServer(b *testing.B) *server {
	b.Helper()
	hold, err := warehouse.StartPrivate(b.Context(), warehouse.PrivateOptions{Name: "bench"})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := hold.Close(context.Background()); err != nil {
			b.Error(err)
		}
	})
	return &server{hold: hold}
}

// database makes an empty database and returns how to drop it. A checkpoint
// first, so that nobody pays for the writes of those before.
func (s *server) database(b *testing.B) (url config.Secret, drop func()) {
	b.Helper()
	s.count++
	name := fmt.Sprintf("bench_%d_%d", os.Getpid(), s.count)
	admin := s.hold.URL()
	execute(b, admin, "create database "+name+" template template0 encoding 'UTF8' locale_provider builtin builtin_locale 'C.UTF-8' locale 'C'", "checkpoint")
	return s.urlOf(b, name), func() { execute(b, admin, "drop database "+name+" with (force)") }
}

// urlOf is the connection string of a database.
func (s *server) urlOf(b *testing.B, name string) config.Secret {
	b.Helper()
	parsed, err := pgx.ParseConfig(s.hold.URL().Reveal())
	if err != nil {
		b.Fatal(err)
	}
	return config.Secret(fmt.Sprintf("postgres://%s:%s@%s:%d/%s?sslmode=disable", parsed.User, parsed.Password, parsed.Host, parsed.Port, name))
}

func execute(b *testing.B, url config.Secret, statements ...string) {
	b.Helper()
	ctx := context.WithoutCancel(b.Context())
	conn, err := pgx.Connect(ctx, url.Reveal())
	if err != nil {
		b.Fatal(err)
	}
	for _, statement := range statements {
		if _, err = conn.Exec(ctx, statement); err != nil {
			err = fmt.Errorf("%s: %w", statement, err)
			break
		}
	}
	if err := errors.Join(err, conn.Close(ctx)); err != nil {
		b.Fatal(err)
	}
}

// loading loads the dated parts of a lake, again and again, by the mill and by
// the floor.
type loading struct {
	b      *testing.B
	server *server
	engine *duckdb.Engine
	parts  []warehouse.Part
	whole  []warehouse.Part // the dimensions, loaded beforehand
	files  []csvFile        // one a part
	rows   int64
}

// csvFile is a part's rows as the server can read them.
type csvFile struct {
	path    string
	columns []string
}

func newLoading(b *testing.B, m *mill, server *server) *loading {
	b.Helper()
	l := &loading{b: b, server: server}
	work := workDir(b)
	var err error
	if l.engine, err = openDuckDB(b, work, true, m.lake.Location("")); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := l.engine.Close(); err != nil {
			b.Error(err)
		}
	})
	for _, p := range m.Parts(engine.Selection{}) {
		if p.BusinessDate == "" {
			l.whole = append(l.whole, partOf(l.engine, p))
			continue
		}
		part, i := partOf(l.engine, p), len(l.parts)
		stream := part.Binary
		part.Binary = func(ctx context.Context, columns []warehouse.Target) (io.ReadCloser, error) {
			l.files[i].columns = nil
			for _, c := range columns {
				l.files[i].columns = append(l.files[i].columns, c.Name)
			}
			return stream(ctx, columns)
		}
		l.parts = append(l.parts, part)
		l.rows += part.Rows
	}
	l.files = make([]csvFile, len(l.parts))
	l.first(work)
	return l
}

// first loads once, which warms up and tells which columns a part has, and
// checks that every row has come; the mill itself has reconciled the sums. Then
// it writes the files of the floor.
func (l *loading) first(work string) {
	l.b.Helper()
	if report, _ := l.load(); report.Rows != l.rows || report.Leaves != len(l.parts) {
		l.b.Fatalf("loaded %d rows into %d leaves, want %d into %d", report.Rows, report.Leaves, l.rows, len(l.parts))
	}
	for i, p := range l.parts {
		l.files[i].path = filepath.Join(work, p.Dataset+"-"+p.Unit+".csv")
		l.write(p, l.files[i])
	}
}

// partOf is what the command's loader makes of a published unit, without the
// control totals by group.
func partOf(duck *duckdb.Engine, p engine.Part) warehouse.Part {
	part := warehouse.Part{Table: p.Table, Dataset: p.Dataset, Unit: string(p.Unit), BusinessDate: p.BusinessDate, Fingerprint: p.Record.Fingerprint,
		ContentHash: p.Record.Content, Rows: p.Record.Rows, Key: p.Grain}
	part.From, part.To = p.Unit.Bounds()
	for _, c := range p.Record.Columns {
		part.Columns = append(part.Columns, warehouse.Column{Name: c.Name, Type: c.Type})
	}
	for _, t := range p.Record.Totals {
		total := warehouse.Total{Column: t.Column, NonNull: t.NonNull}
		if t.Sum != nil {
			total.Sum = t.Sum.String()
		}
		part.Totals = append(part.Totals, total)
	}
	part.CSV = func(ctx context.Context, columns []string) (io.ReadCloser, error) {
		return duck.CSV(ctx, p.Location, columns, p.BusinessDate)
	}
	part.Binary = func(ctx context.Context, columns []warehouse.Target) (io.ReadCloser, error) {
		targets := make([]duckdb.Target, len(columns))
		for i, c := range columns {
			targets[i] = duckdb.Target(c)
		}
		return duck.Binary(ctx, p.Location, targets, p.BusinessDate)
	}
	return part
}

// write makes a part's rows a file of CSV.
func (l *loading) write(p warehouse.Part, f csvFile) {
	l.b.Helper()
	in, err := p.CSV(l.b.Context(), f.columns)
	if err != nil {
		l.b.Fatal(err)
	}
	out, err := os.Create(f.path)
	if err != nil {
		l.b.Fatal(errors.Join(err, in.Close()))
	}
	_, err = io.Copy(out, in)
	if err := errors.Join(err, out.Close(), in.Close()); err != nil {
		l.b.Fatal(err)
	}
}

// load is the mill's way, into a fresh database.
func (l *loading) load() (report warehouse.Report, took time.Duration) {
	l.b.Helper()
	ctx := l.b.Context()
	url, drop := l.server.database(l.b)
	defer drop()
	w := l.migrated(url)
	// The dimensions stand already, or every key of the facts would be inferred.
	if _, err := w.Load(ctx, warehouse.Request{Run: "dimensions", Parts: l.whole}); err != nil {
		l.b.Fatal(err)
	}
	began := time.Now()
	report, err := w.Load(ctx, warehouse.Request{Run: "bench", Parts: l.parts})
	if err != nil {
		l.b.Fatal(err)
	}
	return report, time.Since(began)
}

func (l *loading) migrated(url config.Secret) *warehouse.Warehouse {
	l.b.Helper()
	w, err := warehouse.Open(l.b.Context(), warehouse.Options{URL: url})
	if err == nil {
		_, err = w.Migrate(l.b.Context(), os.DirFS("../sql/warehouse"))
	}
	if err != nil {
		l.b.Fatal(err)
	}
	return w
}
