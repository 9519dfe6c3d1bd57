package engine_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"ledgermill/bench/peers"
	"ledgermill/engine"
	"ledgermill/engine/duckdb"
	"ledgermill/engine/job"
	"ledgermill/engine/spark"
)

// findSpark are the settings of the Spark on this machine. A test that needs it is
// skipped where there is none; CI installs it.
func findSpark(t *testing.T) spark.Settings {
	t.Helper()
	found, err := peers.FindSpark(t.Context())
	if err != nil {
		t.Skipf("no Spark: %v", err)
	}
	home, err := exec.CommandContext(t.Context(), found.Python, "-c", "import os, pyspark; print(os.path.dirname(pyspark.__file__))").Output()
	if err != nil {
		t.Skipf("no Spark: %v", err)
	}
	// An application of some seconds: to optimise its code would take longer than to run it.
	quick := map[string]string{"spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"}
	return spark.Settings{Home: strings.TrimSpace(string(home)), Python: found.Python, Master: "local[2]", Name: "ledgermill test", Conf: quick}
}

// onSpark is the bench with another lake, whose units Spark makes.
func (b *bench) onSpark(s spark.Settings) *bench {
	b.t.Helper()
	other := *b
	other.lake = filepath.Join(b.t.TempDir(), "lake")
	other.evaluate = func(duck *duckdb.Engine, work string) engine.Engine {
		s.Work, s.Log = work, b.log
		e, err := spark.Open(s, duck)
		if err != nil {
			b.t.Fatal(err)
		}
		b.t.Cleanup(func() {
			if err := e.Close(); err != nil {
				b.t.Error(err)
			}
		})
		return e
	}
	return &other
}

// published are the hashes of all files of a lake but the ledger's, which says when
// and by what each was made, and those that are being made.
func published(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		key, _ := filepath.Rel(dir, path)
		if err != nil || d.IsDir() || strings.HasPrefix(key, "_ledger") || strings.HasPrefix(key, "_staging") {
			return err
		}
		data, err := os.ReadFile(path)
		files[filepath.ToSlash(key)] = fmt.Sprintf("%x", sha256.Sum256(data))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// accounts are those of every object and unit of a project.
func (b *bench) accounts() map[string]string {
	b.t.Helper()
	state, all := b.open(false).State(), map[string]string{}
	for feed, objects := range state.Objects {
		for key, o := range objects {
			for _, c := range o.Cells {
				all["object "+feed+" "+key+" "+c.Unit] = fmt.Sprintf("%+v", c)
			}
		}
	}
	for _, feed := range slices.Sorted(maps.Keys(state.Objects)) {
		for _, unit := range state.UnitNames(feed) {
			record, _ := state.Unit(feed, unit)
			all["unit "+feed+" "+unit] = fmt.Sprintf("%+v", record.Cells)
		}
	}
	return all
}

// agree makes everything with both engines and holds every account, every file and
// every reject of the one against the other's, byte by byte. What one has made is up
// to date for the other.
func agree(t *testing.T, b *bench, s spark.Settings) {
	t.Helper()
	other := b.onSpark(s)
	mine, theirs := b.run(engine.Selection{}), other.run(engine.Selection{})
	if mine.Exit != theirs.Exit {
		t.Errorf("exit %d with DuckDB and %d with Spark: %v", mine.Exit, theirs.Exit, theirs.Verdicts)
	}
	if len(mine.Units) == 0 {
		t.Error("nothing was made")
	}
	if d := cmp.Diff(b.accounts(), other.accounts()); d != "" {
		t.Errorf("accounts (-duckdb +spark):\n%s", d)
	}
	if d := cmp.Diff(published(t, b.lake), published(t, other.lake)); d != "" {
		t.Errorf("files (-duckdb +spark):\n%s", d)
	}
	for what, made := range map[string]*bench{"DuckDB after Spark": other.onDuckDB(), "Spark after DuckDB": {}} {
		if made.t == nil {
			again := b.onSpark(s)
			again.lake = b.lake
			made = again
		}
		if report := made.run(engine.Selection{}); !report.NothingToDo() {
			t.Errorf("%s made %v", what, report.Units)
		}
	}
}

// onDuckDB is the bench on the same lake with DuckDB.
func (b *bench) onDuckDB() *bench {
	other := *b
	other.evaluate = nil
	return &other
}

// lendingDesks is a small project of another trade, with what it is sent.
func lendingDesks(t *testing.T, files fs.FS) *bench {
	t.Helper()
	b := newBench(t, files)
	if err := errors.Join(os.Remove(b.input), os.CopyFS(b.input, os.DirFS(filepath.Join(libraryDir, "raw")))); err != nil {
		t.Fatal(err)
	}
	return b
}

var libraryDir = filepath.Join("..", "cmd", "ledgermill", "testdata", "library")

// libraryFiles are the small project's, to be edited.
func libraryFiles(t *testing.T) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	err := fs.WalkDir(os.DirFS(libraryDir), "sql", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(libraryDir, path))
		files[path] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// edit puts a text into a file in the place of another, which stands there.
func edit(t *testing.T, files fstest.MapFS, path, from, to string) {
	t.Helper()
	data := bytes.Replace(files[path].Data, []byte(from), []byte(to), 1)
	if bytes.Equal(data, files[path].Data) {
		t.Fatalf("%s does not say %s", path, from)
	}
	files[path].Data = data
}

// TestSparkAgrees makes the small project on Spark: duplicates, key conflicts, rejects
// with private columns, a control file; an object's name and a literal that Spark would
// take for its variables.
func TestSparkAgrees(t *testing.T) {
	s := findSpark(t)
	files := libraryFiles(t)
	edit(t, files, "sql/contracts/raw_loans.sql", "  book_no  varchar       not null,\n", "  book_no  varchar       not null,\n  _object  varchar       not null,\n")
	edit(t, files, "sql/models/loans.sql", "book_no, fee,\n", "book_no, fee, _object, '${spark.app.name}' as said,\n")
	b := lendingDesks(t, files)
	if err := os.Rename(filepath.Join(b.input, "loans", "2025-03-05.csv"), filepath.Join(b.input, "loans", "2025-03-05 ${env:HOME} ${none}.csv")); err != nil {
		t.Fatal(err)
	}
	agree(t, b, s)
}

// inLength skips a test that CI alone runs.
func inLength(t *testing.T) {
	t.Helper()
	if !long() {
		t.Skip("takes a minute: set " + longVariable)
	}
}

// TestSparkAgreesOnTheBank makes 200,000 rows with every defect that the generator
// knows.
func TestSparkAgreesOnTheBank(t *testing.T) {
	s := findSpark(t)
	inLength(t)
	b := newBench(t, bank())
	generate(t, b, 100_000, 2, "2025-01-31")
	agree(t, b, s)
}

// TestSparkAgreesOnExamples makes the other projects on their whole data.
func TestSparkAgreesOnExamples(t *testing.T) {
	s := findSpark(t)
	inLength(t)
	for _, name := range []string{"amlsim", "anz", "bank_2512", "financecore", "fraud_handbook", "gla_spending", "tabformer"} {
		t.Run(name, func(t *testing.T) {
			agree(t, example(t, name, name, site{}), s)
		})
	}
}

// TestSparkNamesTheLine: what Spark cannot evaluate is told with its place in the
// model's file, a statement as well as a value of one unit, and the rest of the night is
// published.
func TestSparkNamesTheLine(t *testing.T) {
	inLength(t)
	s := findSpark(t)
	files := libraryFiles(t)
	edit(t, files, "sql/models/books_dim.sql", "title, shelf", "title, substr(shelf, 1, strlen(shelf)) as shelf")
	edit(t, files, "sql/models/desk_days.sql", "cast(count(*) as bigint) ", "cast(sum(cast(case when lent_on = date '2025-03-04' then desk else '1' end as bigint)) as bigint) ")
	b := lendingDesks(t, files).onSpark(s)
	report := b.run(engine.Selection{})
	text := &bytes.Buffer{}
	if err := report.Text(text); err != nil {
		t.Fatal(err)
	}
	t.Log(text)
	for _, place := range []string{"books_dim.sql:4:41", "desk_days.sql:7:17"} {
		if report.Exit != engine.ExitFailed || !strings.Contains(text.String(), place) {
			t.Errorf("exit %d without %s: %v", report.Exit, place, report.Verdicts)
		}
	}
	made := published(t, b.lake)
	for _, unit := range []job.Unit{"2025-03-03", "2025-03-04", "2025-03-05"} {
		if _, ok := made[unit.Key("desk_days")]; ok == (unit == "2025-03-04") {
			t.Errorf("desk_days of %s: published %t", unit, ok)
		}
	}
}

// TestSparkIsToldToStop: a run that is cancelled ends its application and publishes
// nothing.
func TestSparkIsToldToStop(t *testing.T) {
	inLength(t)
	s := findSpark(t)
	b := lendingDesks(t, os.DirFS(libraryDir)).onSpark(s)
	m := b.open(true)
	ctx, cancel := context.WithCancel(t.Context())
	m.Progress = func(p engine.Progress) {
		if p.Step == "models" {
			cancel()
		}
	}
	_, err := m.Execute(ctx, engine.Selection{})
	if err == nil {
		t.Error("a cancelled run did not fail")
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	if made := published(t, b.lake); len(made) > 0 {
		t.Errorf("published %v", slices.Sorted(maps.Keys(made)))
	}
}
