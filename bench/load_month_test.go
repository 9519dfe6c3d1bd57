package bench_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"ledgermill/bench"
	"ledgermill/engine/config"
	"ledgermill/engine/sqltext"
	"ledgermill/warehouse"
)

// BenchmarkMillLoadMonth is the load of thirty days with all indexes, against what
// somebody would write by hand who knows PostgreSQL well: one psql for each core,
// the leaves dealt out by size, each copied from a file of the server with FREEZE in
// the transaction that makes it, indexed, analysed and attached. Where psql is not
// installed (the private server brings none), the same scripts are sent as it sends
// them, statement by statement: the server does all the work, by either. The days
// are of a twentieth of the size unless -mill.long is given.
func BenchmarkMillLoadMonth(b *testing.B) {
	psql, err := exec.LookPath("psql")
	if err != nil {
		b.Log("psql is not installed: its scripts are sent without it")
	}
	rows := *rowsFlag / 20
	if *longFlag {
		rows = *rowsFlag
	}
	in, project := generated(b, rows, 30), bank(b)
	root, _ := makeLake(b, project, in)
	m := openMill(b, project, in, root)
	defer func() {
		if err := m.close(); err != nil {
			b.Error(err)
		}
	}()
	l := newLoading(b, m, privateServer(b))
	l.scripts(psql)
	var sample, floor bench.Sample
	for b.Loop() {
		b.StopTimer()
		floor = append(floor, l.scripts(psql))
		b.StartTimer()
		_, took := l.load()
		sample = append(sample, took)
	}
	report(b, l.rows, sample, floor)
}

// scripts loads by psql and returns how long it took, without writing the scripts.
func (l *loading) scripts(psql string) time.Duration {
	l.b.Helper()
	url, drop := l.server.database(l.b)
	defer drop()
	l.migrated(url)
	definitions := l.indexesOf(url)
	dir := workDir(l.b)
	first := filepath.Join(dir, "months.sql")
	text := ""
	for _, month := range l.months() {
		text += month.definition()
	}
	write(l.b, first, text)
	var workers []string
	for i, parts := range l.dealt(runtime.NumCPU()) {
		text := "set max_parallel_maintenance_workers = 0;\n"
		for _, at := range parts {
			text += l.script(at, definitions)
		}
		workers = append(workers, filepath.Join(dir, fmt.Sprintf("worker%d.sql", i)))
		write(l.b, workers[i], text)
	}
	last := filepath.Join(dir, "last.sql")
	write(l.b, last, "analyze only transactions_fact;\nanalyze only daily_transaction_summary;\nanalyze only merchant_daily_summary;\n")
	began := time.Now()
	for _, step := range [][]string{{first}, workers, {last}} {
		group := errgroup.Group{}
		for _, file := range step {
			group.Go(func() error { return runScript(l.b.Context(), psql, url, file) })
		}
		if err := group.Wait(); err != nil {
			l.b.Fatal(err)
		}
	}
	took := time.Since(began)
	l.counted(url)
	return took
}

func write(b *testing.B, path, text string) {
	b.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		b.Fatal(err)
	}
}

func runScript(ctx context.Context, psql string, url config.Secret, file string) error {
	if psql == "" {
		return sendScript(ctx, url, file)
	}
	cmd := exec.CommandContext(ctx, psql, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", file)
	parsed, err := pgx.ParseConfig(url.Reveal())
	if err != nil {
		return err
	}
	cmd.Env = append(os.Environ(), "PGHOST="+parsed.Host, fmt.Sprintf("PGPORT=%d", parsed.Port), "PGUSER="+parsed.User,
		"PGPASSWORD="+parsed.Password, "PGDATABASE="+parsed.Database)
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("psql %s: %w: %s", filepath.Base(file), err, said.String())
	}
	return nil
}

// sendScript does what psql does with a script that holds statements alone.
func sendScript(ctx context.Context, url config.Secret, file string) (err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	tokens, err := sqltext.Lex(file, string(text))
	if err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, url.Reveal())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	for _, statement := range sqltext.Statements(tokens) {
		sql := sqltext.Source(string(text), statement)
		if _, err := conn.Exec(ctx, sql); err != nil {
			return fmt.Errorf("%s: %.80s: %w", filepath.Base(file), sql, err)
		}
	}
	return nil
}

// counted makes sure that the floor has loaded the same rows.
func (l *loading) counted(url config.Secret) {
	l.b.Helper()
	ctx := l.b.Context()
	conn, err := pgx.Connect(ctx, url.Reveal())
	if err != nil {
		l.b.Fatal(err)
	}
	var rows int64
	err = conn.QueryRow(ctx, "select (select count(*) from transactions_fact) + (select count(*) from daily_transaction_summary) + (select count(*) from merchant_daily_summary)").Scan(&rows)
	if err := errors.Join(err, conn.Close(ctx)); err != nil {
		l.b.Fatal(err)
	}
	if rows != l.rows {
		l.b.Fatalf("the scripts loaded %d rows of %d", rows, l.rows)
	}
}

type monthOf struct {
	table, column string
	from          time.Time
}

func (m monthOf) name() string { return m.table + "_p" + m.from.Format("200601") }

func (m monthOf) definition() string {
	return fmt.Sprintf("create table %s partition of %s for values from ('%s') to ('%s') partition by range (%s);\n",
		m.name(), m.table, m.from.Format(time.DateOnly), m.from.AddDate(0, 1, 0).Format(time.DateOnly), m.column)
}

func monthOfPart(p warehouse.Part) monthOf {
	return monthOf{p.Table, p.BusinessDate, p.From.AddDate(0, 0, 1-p.From.Day())}
}

func (l *loading) months() (months []monthOf) {
	for _, p := range l.parts {
		if m := monthOfPart(p); !slices.Contains(months, m) {
			months = append(months, m)
		}
	}
	return months
}

// dealt gives each of n workers parts by size, the largest first to whom has least.
func (l *loading) dealt(n int) [][]int {
	order := make([]int, len(l.parts))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(l.parts[b].Rows, l.parts[a].Rows) })
	hands, sums := make([][]int, n), make([]int64, n)
	for _, at := range order {
		least := 0
		for i := range sums {
			if sums[i] < sums[least] {
				least = i
			}
		}
		hands[least], sums[least] = append(hands[least], at), sums[least]+l.parts[at].Rows
	}
	return hands
}

// indexesOf are the parents' index definitions by table.
func (l *loading) indexesOf(url config.Secret) map[string][]string {
	l.b.Helper()
	ctx := l.b.Context()
	conn, err := pgx.Connect(ctx, url.Reveal())
	if err != nil {
		l.b.Fatal(err)
	}
	rows, err := conn.Query(ctx, "select c.relname::text, pg_get_indexdef(indexrelid) from pg_index i join pg_class c on c.oid = i.indrelid where c.relkind = 'p' order by indisunique desc, 2")
	if err != nil {
		l.b.Fatal(err)
	}
	definitions := map[string][]string{}
	var table, definition string
	_, err = pgx.ForEachRow(rows, []any{&table, &definition}, func() error {
		definitions[table] = append(definitions[table], definition)
		return nil
	})
	if err := errors.Join(err, conn.Close(ctx)); err != nil {
		l.b.Fatal(err)
	}
	return definitions
}

func (l *loading) script(at int, definitions map[string][]string) string {
	p, f := l.parts[at], l.files[at]
	month := monthOfPart(p).name()
	leaf := month + p.From.Format("02")
	from, to := p.From.Format(time.DateOnly), p.To.Format(time.DateOnly)
	var text strings.Builder
	fmt.Fprintf(&text, `begin;
create table %[1]s (like %[2]s including defaults including constraints including storage, check (%[3]s >= date '%[4]s' and %[3]s < date '%[5]s'));
alter table %[1]s alter column etl_job_id set default 'bench';
alter table %[1]s alter column etl_processed_timestamp set default timestamp '2025-02-01 00:00:00';
copy %[1]s (%[6]s) from '%[7]s' (format csv, freeze);
commit;
`, leaf, p.Table, p.BusinessDate, from, to, strings.Join(f.columns, ", "), f.path)
	for i, definition := range definitions[p.Table] {
		head, tail, _ := strings.Cut(definition, " USING ")
		name := fmt.Sprintf("%s_i%d", leaf, i)
		if !strings.HasPrefix(head, "CREATE UNIQUE") {
			fmt.Fprintf(&text, "create index %s on %s using %s;\n", name, leaf, tail)
			continue
		}
		fmt.Fprintf(&text, "create unique index %[1]s on %[2]s using %[3]s;\nalter table %[2]s add constraint %[1]s primary key using index %[1]s;\n", name, leaf, tail)
	}
	fmt.Fprintf(&text, "analyze %[1]s;\nalter table %[2]s attach partition %[1]s for values from ('%[3]s') to ('%[4]s');\n", leaf, month, from, to)
	return text.String()
}
