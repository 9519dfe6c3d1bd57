package spark

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine/job"
)

func TestRender(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]string{
		"select cast(a as varchar) as varchar from t": "select cast(a as string) as string from t",
		"select a::varchar, cast(b as varchar(3))":    "select a::string, cast(b as varchar(3))",
		"select 'it''s', 'a\\d' -- it's 'x''y'":       `select 'it\'s', 'a\\d' -- it's 'x''y'`,
		"select $$it's$$":                             `select 'it\'s'`,
		`select "varchar", 'plain' /* 'it''s' */`:     `select "varchar", 'plain' /* 'it''s' */`,
		`a like 'x\%' or a like 'x\%' escape '\'`:     `a like 'x\\\\%' or a like 'x\\%' escape '\\'`,
		"select 'a": "select 'a",
	} {
		if got := render(sql).sql; got != want {
			t.Errorf("%s is %s, want %s", sql, got, want)
		}
	}
}

// TestPlace: what Spark names in what was rendered is found in the source.
func TestPlace(t *testing.T) {
	t.Parallel()
	source := "select 'it''s', cast(a as varchar), 'ÄÖ𝄞',\n  bad(b)\nfrom t"
	r := render(source)
	at := strings.Index(source, "bad")
	units := 0
	for _, c := range r.sql[:strings.Index(r.sql, "bad")] {
		units++
		if c > 0xffff {
			units++
		}
	}
	for name, f := range map[string]fault{"start": {Start: units}, "line": {Start: -1, Line: 2, Column: 3}} {
		if got := f.place(r); got != at {
			t.Errorf("by %s: %d, want %d", name, got, at)
		}
	}
	for name, f := range map[string]fault{"nothing": {Start: -1}, "a line too many": {Start: -1, Line: 9, Column: 1}, "a start too far": {Start: 999}} {
		if got := f.place(r); got != -1 {
			t.Errorf("by %s: %d, want -1", name, got)
		}
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	r := render("select 1 / a from t")
	divided := &fault{Message: "[DIVIDE_BY_ZERO] Division by zero. SQLSTATE: 22012\n== SQL ==\nselect", Class: "DIVIDE_BY_ZERO", State: "22012", Start: 7}
	var statement *StatementError
	if err := divided.of(r); !errors.As(err, &statement) || statement.Off != 7 || statement.Message != "[DIVIDE_BY_ZERO] Division by zero." || !raised(err) {
		t.Errorf("got %+v", statement)
	}
	var app *ApplicationError
	if err := (&fault{Message: "Job aborted: executor lost", State: "XXKDA", Start: -1}).of(r); !errors.As(err, &app) || raised(err) {
		t.Errorf("got %v", err)
	}
	var space *job.SpaceError
	if err := (&fault{Message: "java.io.IOException: No space left on device", Start: -1}).of(r); !errors.As(err, &space) {
		t.Errorf("got %v", err)
	}
}

func TestDialect(t *testing.T) {
	t.Parallel()
	d := Dialect{}
	for got, want := range map[string]string{
		d.Replace("x", "(a)(b)", `$\2-\1`):                          `regexp_replace(x, '\A(?:(a)(b))\z', '\$$2-$1')`,
		d.Try("cast(a as int) + make_date(cast(b as int), 1, (2))"): "try_cast(a as int) + cast(try_make_timestamp(try_cast(b as int), 1, (2), 0, 0, 0) as date)",
		d.FullMatch("x", `it's`):                                    `(x rlike '\A(?:it''s)\z')`,
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// TestProperties: what makes the engines agree cannot be set otherwise, and what is
// secret stands in the file alone.
func TestProperties(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "spark.conf")
	text := "# mine\nspark.a b c\nspark.b=1=2\nspark.hadoop.fs.s3a.secret.key hush\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	conf, err := ReadProperties(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[string]string{"spark.a": "b c", "spark.b": "1=2", "spark.hadoop.fs.s3a.secret.key": "hush"}, conf); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	conf["spark.driver.extraJavaOptions"], conf["spark.sql.ansi.enabled"] = "-Xss4m -Duser.timezone=UTC", "TRUE"
	s := Settings{Master: "yarn", Conf: conf, Secrets: S3A("b", Store{Host: "h:1", KeyID: "k", Secret: `a\=b`})}
	all, err := s.properties()
	if err != nil {
		t.Fatal(err)
	}
	written := propertyFile(all)
	for _, line := range []string{"spark.driver.extraJavaOptions=-Xss4m -Duser.timezone=UTC\n", "spark.executorEnv.TZ=UTC\n", "spark.sql.ansi.enabled=true\n", `spark.hadoop.fs.s3a.bucket.b.secret.key=a\\=b` + "\n",
		"spark.hadoop.fs.s3a.bucket.b.endpoint=http://h:1\n", "spark.b=1=2\n"} {
		if !strings.Contains(written, line) {
			t.Errorf("no %q in\n%s", line, written)
		}
	}
	if strings.Contains(written, "spark.executor.extraJavaOptions") {
		t.Error("what spark-defaults.conf says of them is lost")
	}
	if strings.Contains(written, "spark.local.dir") {
		t.Error("a cluster's machines have directories of their own")
	}
	for key, value := range map[string]string{"spark.sql.session.timeZone": "Europe/Paris", "spark.sql.variable.substitute": "true", "spark.executorEnv.TZ": "CET",
		"spark.executor.defaultJavaOptions": "-Xss4m '-Duser.timezone=Europe/Paris'"} {
		s.Conf = map[string]string{key: value}
		var wrong *ConfError
		if _, err := s.properties(); !errors.As(err, &wrong) || wrong.Key != key {
			t.Errorf("got %v", err)
		}
	}
	if _, err := ReadProperties(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a file that is not there was read")
	}
}

func TestPaths(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{"/a b/c[1]*.parquet": `file:///a b/c\[1\]\*.parquet`, "s3://b/k/x.parquet": "s3a://b/k/x.parquet"} {
		if got := escapeGlob(uri(path)); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
	for from, want := range map[string]string{"file:/a b/c": "/a b/c", "file:///a/c": "/a/c", "s3a://b/k": "s3://b/k"} {
		if got := local(from); got != want {
			t.Errorf("%s is %s, want %s", from, got, want)
		}
	}
	path := "/x/_part=refused/_unit=2025-01/part-0.parquet"
	if part, unit := stepOf(path, "_part"), stepOf(path, "_unit"); part != refusedPart || unit != "2025-01" {
		t.Errorf("part %s of %s", part, unit)
	}
}
