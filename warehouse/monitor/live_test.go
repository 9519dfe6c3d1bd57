package monitor_test

import (
	"bytes"
	"context"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"ledgermill/engine/config"
	"ledgermill/sql"
	"ledgermill/warehouse"
	"ledgermill/warehouse/monitor"
	"ledgermill/warehouse/warehousetest"
)

// migrated is a database with the bank's tables.
func migrated(t *testing.T) string {
	t.Helper()
	url := warehousetest.Database(t)
	w, err := warehouse.Open(t.Context(), warehouse.Options{URL: config.Secret(url)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Migrate(t.Context(), subFS(t, sql.FS, "warehouse")); err != nil {
		t.Fatal(err)
	}
	return url
}

func execute(t *testing.T, url string, statements ...string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := conn.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	for _, s := range statements {
		if _, err := conn.Exec(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

func at(url string) monitor.Server {
	return monitor.ServerFunc(func(context.Context) (config.Secret, error) { return config.Secret(url), nil })
}

// collector looks at a database with the program's views; what only the lake knows is
// left out.
func collector(t *testing.T, url string) *monitor.Collector {
	t.Helper()
	c := monitor.New(monitor.Options{Views: theViews(t), Server: at(url), Sources: map[string]monitor.Source{"machine": monitor.Machine()}})
	t.Cleanup(func() {
		if err := c.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return c
}

// expected are the reasons for which a panel may be missing on a server with the
// bank's tables.
var expected = regexp.MustCompile(`^(nothing here tells of \w+|the extension pg_stat_statements is not installed: .*|PostgreSQL has it until 16, this is \d+)$`)

// TestLive asks every panel of a real server twice, prints what comes, and finds each
// column that a header names.
func TestLive(t *testing.T) {
	t.Parallel()
	c := collector(t, migrated(t))
	c.Sample(t.Context())
	s := c.Sample(t.Context())
	if s.Fault != "" || !strings.HasPrefix(s.Server, "postgres://") {
		t.Errorf("server %q: %s", s.Server, s.Fault)
	}
	for _, v := range s.Views {
		for _, r := range v.Panels {
			if r.Missing != "" {
				if !expected.MatchString(r.Missing) {
					t.Errorf("%s %s: %s", v.Name, r.Panel.Name, r.Missing)
				}
				continue
			}
			names := slices.Concat(r.Panel.Key, r.Panel.Rates, r.Panel.Growths, r.Panel.Sparks, []string{strings.TrimSuffix(r.Panel.Sort, "_per_second")})
			for column := range r.Panel.Absent {
				names = append(names, column)
			}
			for _, m := range r.Panel.Metrics {
				names = append(names, m.Column)
			}
			for _, name := range names {
				if name != "" && !slices.ContainsFunc(r.Columns, func(c monitor.Column) bool { return c.Name == name }) {
					t.Errorf("%s %s has no column %s: %v", v.Name, r.Panel.Name, name, r.Columns)
				}
			}
		}
	}
	b := &bytes.Buffer{}
	if err := s.Text(b, 100); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"connections", "checkpoints", "transactions_fact"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %s in\n%s", want, b)
		}
	}
	if err := s.Prometheus(b); err != nil || !strings.Contains(b.String(), "\npg_up 1\n") || !strings.Contains(b.String(), "pg_stat_database_xact_commit{") {
		t.Errorf("%v in\n%s", err, b)
	}
}

// TestNoTransaction looks at the monitor's own session: it holds nothing open, cannot
// write, and is one.
func TestNoTransaction(t *testing.T) {
	t.Parallel()
	url := migrated(t)
	c := collector(t, url)
	c.Sample(t.Context())
	c.Sample(t.Context())
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	var sessions, open int
	err = conn.QueryRow(t.Context(), `select count(*), count(*) filter (where xact_start is not null) from pg_stat_activity
		where datname = current_database() and application_name = 'ledgermill monitor'`).Scan(&sessions, &open)
	if err != nil || sessions != 1 || open != 0 {
		t.Errorf("%d sessions, %d in a transaction, %v", sessions, open, err)
	}
}

// TestUnprivileged looks with a login that may do nothing: figures are missing with a
// reason, and nothing fails.
func TestUnprivileged(t *testing.T) {
	t.Parallel()
	url := migrated(t)
	parsed, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	role := parsed.Database + "_nobody"
	execute(t, url, "create role "+role+" login password 'x'")
	t.Cleanup(func() {
		conn, err := pgx.Connect(context.Background(), url)
		if err == nil {
			_, err = conn.Exec(context.Background(), "drop role "+role)
			_ = conn.Close(context.Background())
		}
		if err != nil {
			t.Error(err)
		}
	})
	own := strings.Replace(url, parsed.User+":"+parsed.Password+"@", role+":x@", 1)
	c := monitor.New(monitor.Options{Views: theViews(t), Server: at(own)})
	s := c.Sample(t.Context())
	if err := c.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if s.Fault != "" {
		t.Fatal(s.Fault)
	}
	reasons := map[string]string{}
	for _, v := range s.Views {
		for _, r := range v.Panels {
			reasons[v.Name+"."+r.Panel.Name] = r.Missing
		}
	}
	for panel, want := range map[string]string{
		"overview.server":       `^$`,
		"overview.databases":    `^$`,
		"overview.wal_files":    `permission denied for function pg_ls_waldir: grant pg_monitor to this login`,
		"batch.loads":           `permission denied for schema ledgermill: grant`,
		"transactions.channels": `permission denied`,
		"activity.sessions":     `^$`,
		"progress.copy":         `^$`,
		"replication.slots":     `^$`,
	} {
		if got, ok := reasons[panel]; !ok || !regexp.MustCompile(want).MatchString(got) {
			t.Errorf("%s: %q, want %s", panel, got, want)
		}
	}
	if err := s.Prometheus(io.Discard); err != nil {
		t.Error(err)
	}
	if err := s.Text(io.Discard, 80); err != nil {
		t.Error(err)
	}
}

// TestComesBack kills the server under a collector and starts it again: with the first look
// that reaches it each panel is back, also one that is asked seldom.
func TestComesBack(t *testing.T) {
	t.Parallel()
	own := warehousetest.Own(t, nil)
	views, err := monitor.Select(theViews(t), []string{"overview"})
	if err != nil {
		t.Fatal(err)
	}
	c := monitor.New(monitor.Options{Views: views, Server: at(own.URL), Sources: map[string]monitor.Source{"machine": monitor.Machine()}})
	defer func() { _ = c.Close(context.Background()) }()
	if s := c.Sample(t.Context()); s.Fault != "" {
		t.Fatal(s.Fault)
	}
	own.Kill()
	gone := await(t, c, func(s monitor.Sample) bool { return s.Fault != "" })
	b := &bytes.Buffer{}
	if err := gone.Prometheus(b); err != nil || !strings.Contains(b.String(), "\npg_up 0\n") || !strings.Contains(b.String(), "ledgermill_machine_memory_bytes") {
		t.Errorf("%v\n%s", err, b)
	}
	own.Start()
	back := await(t, c, func(s monitor.Sample) bool { return s.Fault == "" })
	seldom := 0
	for _, r := range back.Views[0].Panels {
		if r.Missing != "" && !expected.MatchString(r.Missing) {
			t.Errorf("%s: %s", r.Panel.Name, r.Missing)
		}
		if r.Panel.Source == "" && r.Panel.Every > 0 && r.Missing == "" {
			seldom++
		}
	}
	if seldom < 3 || len(back.Views[0].Panels[0].Rows) != 1 {
		t.Errorf("%d panels that are asked seldom, %v", seldom, back.Views[0].Panels[0].Rows)
	}
}

// await takes samples until one is as it should be.
func await(t *testing.T, c *monitor.Collector, is func(monitor.Sample) bool) monitor.Sample {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(time.Minute); ; <-tick.C {
		s := c.Sample(t.Context())
		if is(s) {
			return s
		}
		if time.Now().After(deadline) {
			t.Fatalf("it stays so: %+v", s)
		}
	}
}

// TestNobodyThere looks where no server is: it says so at once for each panel.
func TestNobodyThere(t *testing.T) {
	t.Parallel()
	began := time.Now()
	c := monitor.New(monitor.Options{Views: theViews(t), Server: at("postgres://mill:secret@127.0.0.1:1/x")})
	s := c.Sample(t.Context())
	if !strings.Contains(s.Fault, "cannot reach postgres://mill:") || strings.Contains(s.Fault, "secret") || time.Since(began) > time.Minute {
		t.Errorf("%s, after %s", s.Fault, time.Since(began))
	}
	b := &bytes.Buffer{}
	if err := s.Text(b, 80); err != nil || !strings.Contains(b.String(), "n/a") || strings.Contains(b.String(), "secret") {
		t.Errorf("%v\n%s", err, b)
	}
}

// TestStatements counts 5,000 statements, shows the largest, and plans one without
// running it.
func TestStatements(t *testing.T) {
	t.Parallel()
	own := warehousetest.Own(t, map[string]string{"shared_preload_libraries": "pg_stat_statements", "pg_stat_statements.max": "10000"})
	views, err := monitor.Select(theViews(t), []string{"queries"})
	if err != nil {
		t.Fatal(err)
	}
	c := monitor.New(monitor.Options{Views: views, Server: at(own.URL)})
	defer func() { _ = c.Close(context.Background()) }()
	if r := c.Sample(t.Context()).Views[0].Panels[0]; !strings.Contains(r.Missing, "create extension pg_stat_statements") {
		t.Fatalf("without the extension: %q", r.Missing)
	}
	execute(t, own.URL, "create schema extras", "create extension pg_stat_statements schema extras", "create table t (a int)",
		// Which of two columns stands at each of 13 places makes a statement another one.
		"set pg_stat_statements.track = 'all'; create table u (a int, b int); do $$ begin for i in 1..5000 loop execute (select 'select ' || string_agg(case when i >> j & 1 = 1 then 'a' else 'b' end, ', ') || ' from u' from generate_series(0, 12) j); end loop; end $$",
		"insert into t select 1", "select count(*) from t where a = 1")
	s := await(t, c, func(s monitor.Sample) bool { return s.Views[0].Panels[0].Missing == "" })
	r := s.Views[0].Panels[0]
	if len(r.Rows) != 100 {
		t.Errorf("%d statements", len(r.Rows))
	}
	conn, err := pgx.Connect(t.Context(), own.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	var id string
	if err := conn.QueryRow(t.Context(), "select queryid::text from extras.pg_stat_statements where query like 'insert into t%'").Scan(&id); err != nil {
		t.Fatal(err)
	}
	plan, err := c.Plan(t.Context(), id)
	if warehousetest.Version() == 0 || warehousetest.Version() >= 16 {
		if err != nil || !strings.Contains(plan, "Insert on t") {
			t.Errorf("%s, %v", plan, err)
		}
	} else if err == nil || !strings.Contains(err.Error(), "PostgreSQL 16 plans") {
		t.Errorf("%v", err)
	}
	var rows, statements int
	err = conn.QueryRow(t.Context(), "select (select count(*) from t), (select count(*) from extras.pg_stat_statements)").Scan(&rows, &statements)
	if err != nil || rows != 1 || statements < 4900 {
		t.Errorf("%d rows, %d statements, %v", rows, statements, err)
	}
	if _, err := c.Plan(t.Context(), "1"); warehousetest.Version() == 0 && (err == nil || !strings.Contains(err.Error(), "there is no statement 1")) {
		t.Errorf("%v", err)
	}
}

// TestManyPartitions looks at 10,000 leaves of a hundred months: the views of tables and
// indexes are whole. Each of them that takes long is not asked again at once.
func TestManyPartitions(t *testing.T) {
	if !warehousetest.Long() {
		t.Skip(warehousetest.LongVariable + " is not set: takes a minute")
	}
	t.Parallel()
	own := warehousetest.Own(t, map[string]string{"max_locks_per_transaction": "1024"})
	execute(t, own.URL, "create table many (a int primary key) partition by range (a)",
		`do $$ begin
			for i in 0..99 loop
				execute format('create table many_%s partition of many for values from (%s) to (%s) partition by range (a)', i, 100 * i, 100 * i + 100);
				for j in 0..99 loop
					execute format('create table many_%s_%s partition of many_%s for values from (%s) to (%s)', i, j, i, 100 * i + j, 100 * i + j + 1);
				end loop;
				commit;
			end loop;
		end $$`)
	views, err := monitor.Select(theViews(t), []string{"tables", "indexes"})
	if err != nil {
		t.Fatal(err)
	}
	c := monitor.New(monitor.Options{Views: views, Server: at(own.URL)})
	defer func() { _ = c.Close(context.Background()) }()
	began := time.Now()
	s := c.Sample(t.Context())
	took := time.Since(began)
	r := s.Views[0].Panels[0]
	if r.Missing != "" || !slices.ContainsFunc(r.Rows, func(row []monitor.Value) bool { return row[1].Text == "many" }) {
		t.Errorf("after %s: %s, %v", took, r.Missing, r.Rows)
	}
	for _, v := range s.Views {
		for _, p := range v.Panels {
			if p.Missing != "" && p.Panel.Name != "partitions" { // no warehouse of ours
				t.Errorf("%s: %s", p.Panel.Name, p.Missing)
			}
		}
	}
	t.Logf("%d tables and their partitions in %s", len(r.Rows), took)
}
