package main

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// canary is planted in every private field. Mail addresses have it in small letters.
const canary = "ZQCANARYQZ"

// hunt is a bank whose customers' private fields all hold the canary.
type hunt struct {
	*testing.T
	dir, project string
	env          []string
	watch        *argWatch
}

func newHunt(t *testing.T) *hunt {
	t.Helper()
	if _, err := exec.LookPath("ledgermill"); err != nil {
		t.Skip("the tests' own main puts the program into the path")
	}
	dir, server := t.TempDir(), &privateHome{}
	home := server.create(t)
	t.Cleanup(func() {
		if err := server.remove(); err != nil {
			t.Error(err)
		}
	})
	h := &hunt{T: t, dir: dir, project: dir}
	for _, name := range []string{"tmp", "cache"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	h.env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "LEDGERMILL_") }),
		"TMPDIR="+filepath.Join(dir, "tmp"), "XDG_CACHE_HOME="+filepath.Join(dir, "cache"), "LEDGERMILL_LAKE_SETTLE=0s",
		"LEDGERMILL_WAREHOUSE_PRIVATE_DIRECTORY="+home, "LEDGERMILL_ENGINE_BATCH_DAYS=1")
	h.watch = watchArgs(t, canary)
	return h
}

// do runs the program and keeps what it says. want are the exit codes that are right.
func (h *hunt) do(want []int, args ...string) string {
	h.Helper()
	cmd := exec.CommandContext(h.Context(), "ledgermill", args...)
	cmd.Env, cmd.Dir = h.env, h.project
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Start()
	if err == nil {
		h.watch.follow(cmd.Process.Pid)
		err = cmd.Wait()
	}
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		h.Fatal(err)
	}
	if exit := cmd.ProcessState.ExitCode(); !slices.Contains(want, exit) {
		h.Errorf("ledgermill %v: exit %d, want %v\n%s", args, exit, want, out.String())
	}
	if at := where(out.Bytes()); at != "" {
		h.Errorf("ledgermill %s shows the canary: %s", strings.Join(args, " "), at)
	}
	return out.String()
}

func (h *hunt) write(name, text string) {
	h.Helper()
	path := filepath.Join(h.project, filepath.FromSlash(name))
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o600)); err != nil {
		h.Fatal(err)
	}
}

func (h *hunt) edit(name, old, text string) {
	h.Helper()
	data, err := os.ReadFile(filepath.Join(h.project, filepath.FromSlash(name)))
	if err != nil || strings.Count(string(data), old) != 1 {
		h.Fatalf("%s has %q %d times: %v", name, old, strings.Count(string(data), old), err)
	}
	h.write(name, strings.Replace(string(data), old, text, 1))
}

// where quotes the surroundings of the canary in a text, "" if it is not there.
func where(text []byte) string {
	at := bytes.Index(bytes.ToUpper(text), []byte(canary))
	if at < 0 {
		return ""
	}
	return fmt.Sprintf("%q", text[max(0, at-120):min(len(text), at+80)])
}

const customersHead = "customer_id,first_name,last_name,email,phone,country,city,account_created,account_type,risk_score\n"

// private are the private fields of a customer as CSV.
func private(mark string) string {
	return fmt.Sprintf("%[1]sa%[2]s,%[1]sb%[2]s,%[1]sc%[2]s@example.com,%[1]sd%[2]s", canary, mark)
}

// brokenRecords are customers that are refused one by one, each for another reason.
func (h *hunt) brokenRecords() {
	h.Helper()
	h.write("raw/customers/broken.csv", customersHead+
		"X1,"+private("check")+",FR,Paris,2020-01-01,GOLD,5\n"+
		"X2,"+private("type")+",FR,Paris,2020-02-30,PREMIUM,much\n"+
		",required"+private("")+",FR,Paris,2020-02-03,PREMIUM,5\n"+
		"X4,"+private("fields")+",FR,Paris\n"+
		"X5,\""+canary+"\" Smith,"+private("")+",FR,Paris,2020-02-03,PREMIUM,5\n"+
		"X6,"+private("\xff")+",FR,Paris,2020-02-03,PREMIUM,5\n"+
		"X7,"+private("one")+",FR,Paris,2020-02-03,PREMIUM,5\n"+
		"X7,"+private("two")+",FR,Paris,2020-02-03,PREMIUM,5\n"+
		"X9,"+private("raises")+",FR,Paris,2020-02-03,PREMIUM,5\n"+
		"X8,"+strings.Repeat(canary, 250_000)+"\n")
	h.write("raw/customers/broken.ndjson", `{"customer_id":"J0","first_name":"x","last_name":"x","email":"x","phone":"x","country":"FR","city":"x","account_created":"2020-01-01","account_type":"PREMIUM","risk_score":1}`+"\n"+
		`{"customer_id":"J1","first_name":"`+canary+`"`+"\n"+`{"first_name":"`+canary+`","first_name":"`+canary+`"}`+"\n"+`{"customer_id":"J2","first_name":{"x":"`+canary+`"},"risk_score":"`+"a"+`"}`+"\n")
	parquet, err := sql.Open("duckdb", "")
	if err != nil {
		h.Fatal(err)
	}
	_, err = parquet.ExecContext(h.Context(), "copy (select 'P' || range as customer_id, '"+canary+"' || chr(0) as first_name, '"+canary+"' as last_name, '"+canary+"' as email, '"+canary+"' as phone, "+
		"'FR' as country, 'Paris' as city, '2020-01-01' as account_created, 'GOLD' as account_type, '5' as risk_score from range(3)) to '"+filepath.Join(h.project, "raw/customers/p.parquet")+"' (format parquet)")
	if err := errors.Join(err, parquet.Close()); err != nil {
		h.Fatal(err)
	}
}

// brokenObjects are customers in objects that are refused whole.
func (h *hunt) brokenObjects() {
	h.Helper()
	// A sender who forgets the header sends the first customer in its place.
	h.write("raw/customers/headless.csv", "X9,"+private("header")+",FR,Paris,2020-01-01,PREMIUM,5\n")
	h.write("raw/customers/headless.ndjson", `{"`+canary+`":1,"customer_id":"X"}`+"\n")
	h.write("raw/customers/cut.csv.gz", "\x1f\x8b"+canary)
	h.write("raw/customers/text.parquet", "PAR1"+canary)
	h.write("raw/customers/array.json", `[{"customer_id":"X","first_name":"`+canary+`"} "`+canary+`"]`)
	h.write("raw/customers/lying.csv", customersHead+"X10,"+private("")+",FR,Paris,2020-01-01,PREMIUM,5\n")
	h.write("raw/customers/lying.csv.control.json", `{"records": 2}`)
}

// TestCanaries hunts what is private through everything that is written: what commands
// print, logs, rejects, the ledger, reports, caches, temporary directories, the log of
// the private server, the arguments of every process.
func TestCanaries(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts a server of its own")
	}
	h := newHunt(t)
	h.do([]int{0}, "init", "bank")
	h.project = filepath.Join(h.dir, "bank")
	h.generate()
	h.brokenRecords()
	h.edit("sql/contracts/raw_customers.sql", "-- reject limit: 1 %", "-- reject limit: 100 %")
	h.edit("sql/contracts/raw_customers.sql", "  primary key (customer_id)", "  constraint raises check (case when customer_id = 'X9' then cast(last_name as integer) > 0 else true end),\n  primary key (customer_id)")
	h.edit("sql/models/customers_dim.sql", "-- test: accepted", "-- test: unique email, warn\n-- test: accepted first_name: X, warn\n-- test: length(phone) < 2, warn\n-- test: accepted")
	h.write("sql/tests/customers_named.sql", "-- about: shows whom it finds\n-- on: customers_dim, warn\nselect customer_id, first_name, email from customers_dim\n")
	any := []int{0, 1, 2, 3, 4, 5, 7}
	loud := []string{"--log-level", "debug", "--log-format", "json"}
	h.do([]int{0}, "check")
	h.do([]int{0}, append([]string{"plan"}, loud...)...)
	h.do([]int{0}, "plan", "--format", "json", "--log-level", "debug")
	h.says(h.do([]int{0}, append([]string{"run"}, loud...)...), "warned customers_dim whole: customers_named")
	h.says(h.do([]int{0}, "run", "--format", "json", "--log-level", "debug", "--full"), `"***"`)
	h.reports()
	if out := h.do([]int{0}, "rejects", "ls", "--feed", "raw_customers", "--format", "csv"); strings.Count(out, "raw_customers") < 8 {
		h.Errorf("few of the broken customers were refused one by one:\n%s", out)
	}

	// The engine, the warehouse and the reconciliation find fault with private values.
	h.edit("sql/models/customers_dim.sql", "  risk_score\n", "  cast(first_name as integer) as risk_score\n")
	h.says(h.do([]int{1}, append([]string{"run"}, loud...)...), "Could not convert string '***'")
	h.edit("sql/models/customers_dim.sql", "  cast(first_name as integer) as risk_score\n", "  risk_score\n")
	h.write("sql/warehouse/00098_narrow.sql", "-- +goose Up\nalter table customers_dim drop column phone cascade;\nalter table customers_dim add column phone integer;\n")
	h.do(any, "warehouse", "migrate")
	h.says(h.do([]int{1}, append([]string{"load", "--full"}, loud...)...), `column phone: ERROR: `)
	h.write("sql/warehouse/00099_narrow.sql", "-- +goose Up\nalter table customers_dim alter column phone type varchar(2);\n")
	h.do(any, "warehouse", "migrate")
	h.do([]int{1}, append([]string{"load", "--full"}, loud...)...)
	h.do(any, append([]string{"reconcile"}, loud...)...)
	h.do(any, "reconcile", "--format", "json")

	h.brokenObjects()
	h.do([]int{4}, append([]string{"plan"}, loud...)...)
	h.do([]int{4}, append([]string{"run", "--until", "lake"}, loud...)...)
	h.reports()
	h.do(any, "new", "contract", "raw/customers/customers.csv")
	h.do([]int{0}, "warehouse", "stop")
	h.files()
	h.secrets(h.watch.done())
}

// reports calls what tells of runs and of what they refused.
func (h *hunt) reports() {
	h.Helper()
	for _, args := range [][]string{{"status"}, {"status", "--format", "json"}, {"runs"}, {"runs", "show"}, {"runs", "show", "--format", "json"}, {"runs", "verify"},
		{"rejects", "ls"}, {"rejects", "show", "--limit", "0"}, {"rejects", "show", "--limit", "0", "--format", "csv"}, {"rejects", "show", "--limit", "0", "--format", "json"},
		{"rejects", "export", "--feed", "raw_customers"}, {"rejects", "export", "--feed", "raw_customers", "--raw"}, {"rejects", "replay", "--feed", "raw_customers"},
		{"test"}, {"render", "--shell"}, {"lake", "verify"}, {"lake", "du"}, {"doctor"}, {"warehouse", "status"}, {"warehouse", "doctor"}, {"reconcile"}, {"load"},
		{"query", "--on", "lake", "--sql", "select object, reason, reasons, raw from rejects", "--format", "csv"}} {
		h.do([]int{0, 1, 3, 4, 7}, args...) // a load that fails here fails in the reports too
	}
}

// says looks for what shows that a fault was met.
func (h *hunt) says(out, part string) {
	h.Helper()
	if !strings.Contains(out, part) {
		h.Errorf("no %q in:\n%s", part, out)
	}
}

// home is that of the private server.
func (h *hunt) home() string {
	for _, v := range h.env {
		if home, ok := strings.CutPrefix(v, "LEDGERMILL_WAREHOUSE_PRIVATE_DIRECTORY="); ok {
			return home
		}
	}
	return ""
}

// secrets looks for the server's password in the arguments of all processes, and at
// who can read it.
func (h *hunt) secrets(lines []string) {
	h.Helper()
	files, err := filepath.Glob(filepath.Join(h.home(), "servers", "*", "password"))
	if err != nil || len(files) != 1 {
		h.Fatalf("passwords %v: %v", files, err)
	}
	password, err := os.ReadFile(files[0])
	if err != nil || len(password) < 20 {
		h.Fatalf("a password of %d bytes: %v", len(password), err)
	}
	if !slices.ContainsFunc(lines, func(line string) bool { return strings.Contains(line, "postgres") }) {
		h.Errorf("no server was seen among %q", lines)
	}
	for _, line := range lines {
		if strings.Contains(line, string(password)) {
			h.Errorf("a process was started with the password: %q", line)
		}
	}
	for _, name := range []string{"password", "pgpass", "pg", "pg/data"} {
		info, err := os.Stat(filepath.Join(filepath.Dir(files[0]), name))
		if err != nil || info.Mode().Perm()&0o077 != 0 {
			h.Errorf("%s has the mode %v: %v", name, info.Mode(), err)
		}
	}
}

// generate has the bank's raw objects made with the canary, by a call that is not
// hunted: its argument is the canary itself.
func (h *hunt) generate() {
	h.Helper()
	cmd := exec.CommandContext(h.Context(), "ledgermill", "generate", "--output", "raw", "--rows", "3000", "--days", "2", "--end-date", "2025-01-31", "--canary", canary)
	cmd.Env, cmd.Dir = h.env, h.project
	if out, err := cmd.CombinedOutput(); err != nil {
		h.Fatalf("%v\n%s", err, out)
	}
}

// files hunts through all that was written, but where private values belong: the raw
// objects, the published customers with their former versions, and the database.
func (h *hunt) files() {
	h.Helper()
	home := h.home()
	files, logs, parquet := 0, 0, 0
	for _, root := range []string{h.dir, home} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			name := filepath.ToSlash(strings.TrimPrefix(path, root))
			belongs := slices.ContainsFunc([]string{"/bank/raw", "/bank/lake/customers_dim", "/bank/lake/_kept"}, func(p string) bool { return root == h.dir && name == p }) ||
				root == home && (name == "/postgresql" || strings.HasSuffix(name, "/pg/data"))
			if err == nil && d.IsDir() && belongs {
				return fs.SkipDir
			}
			if err != nil || d.IsDir() || !d.Type().IsRegular() {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			switch {
			case strings.HasSuffix(name, ".zst"):
				decoder, err := zstd.NewReader(nil)
				if err != nil {
					return err
				}
				defer decoder.Close()
				if text, err = decoder.DecodeAll(text, nil); err != nil {
					return err
				}
			case strings.HasSuffix(name, ".parquet"):
				parquet++
				text = append(text, h.parquetText(path)...)
			case strings.Contains(name, "/log/"):
				logs++
			}
			files++
			if at := where(text); at != "" {
				h.Errorf("%s holds the canary: %s", name, at)
			}
			if strings.HasPrefix(name, "/tmp/") {
				h.Errorf("%s was left behind", name)
			}
			return nil
		})
		if err != nil {
			h.Fatal(err)
		}
	}
	if files < 50 || logs == 0 || parquet < 5 {
		h.Errorf("%d files were hunted through, %d logs of the server, %d Parquet files: too few", files, logs, parquet)
	}
	h.Logf("%d files, %d logs of the server, %d Parquet files", files, logs, parquet)
}

func (h *hunt) parquetText(path string) []byte {
	h.Helper()
	db, err := sql.Open("duckdb", "")
	if err != nil {
		h.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	var text sql.NullString
	if err := db.QueryRowContext(h.Context(), "select string_agg(cast(t as varchar), chr(10)) from read_parquet('"+path+"') t").Scan(&text); err != nil {
		h.Fatalf("%s: %v", path, err)
	}
	return []byte(text.String)
}
