package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	_ "github.com/duckdb/duckdb-go/v2"
	"github.com/jackc/pgx/v5"
	"github.com/rogpeppe/go-internal/testscript"

	"ledgermill/bench/peers"
	"ledgermill/engine/duckdb"
	"ledgermill/engine/lake/s3test"
	"ledgermill/warehouse/warehousetest"
)

// TestScripts runs the program as people do: testdata/script says what is typed
// and what comes of it. Beside testscript's own commands there are
//
//	exits CODE program ARGS   run it and compare the exit code
//	library DIR               a project of loans: nothing in it is a bank's
//	warehouse                 $LEDGERMILL_WAREHOUSE_URL becomes an empty database
//	psql STATEMENT            run it on $LEDGERMILL_WAREHOUSE_URL
//	reader                    $LEDGERMILL_WAREHOUSE_URL becomes that of a login that only reads
//	private                   a private server in a home of the scripts
//	minio                     settings of a MinIO, and an empty bucket at $STORE; behind `[!s3] skip`
//	httpfs                    DuckDB's extension for it, as the tests of this machine share it
//	duckdb FILE...            run SQL files in a bare DuckDB, print the last one's rows
//	units [-bytes] LAKE       what lies in a lake, without its ledger and former versions, and its bytes
//	pack FILE                 gzip it
//	cut FILE N                keep its first N bytes
//	subset FILE FILE          every line of the one stands in the other
//	edit FILE OLD NEW         replace a text that is there once
//	same DIR DIR              the same files with the same bytes
//	field NAME                a field of the JSON on stdout
//	lastrun NAME              $NAME becomes the id of the last run of the JSON on stdout
//	shape                     the fields of the JSON on stdout with their kinds
func TestScripts(t *testing.T) {
	t.Parallel()
	privateDir := ""
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			e.Vars = append(e.Vars, "XDG_CACHE_HOME="+filepath.Join(e.WorkDir, ".cache"), "XDG_STATE_HOME="+filepath.Join(e.WorkDir, ".state"),
				"HOME="+e.WorkDir, "USER=tester",
				// A script that says nothing of a private server has none, not the person's own.
				"LEDGERMILL_WAREHOUSE_PRIVATE_DIRECTORY="+filepath.Join(os.DevNull, "no-private-server"))
			return nil
		},
		Condition: func(name string) (bool, error) {
			switch name {
			case "s3":
				return s3test.Wanted(), nil
			case "spark": // takes its half minute: CI has it
				found, err := peers.FindSpark(t.Context())
				return err == nil && found.S3A != nil && os.Getenv("LEDGERMILL_TEST_LONG") != "", nil
			}
			return false, fmt.Errorf("unknown condition %q", name)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":   exits,
			"library": library,
			"duckdb":  duckdbFiles,
			"units":   units,
			"same":    same,
			"field":   field,
			"pack":    pack,
			"cut":     cut,
			"edit":    edit,
			"subset":  subset,
			"shape":   shape,
			"lastrun": lastRun,
			"warehouse": func(ts *testscript.TestScript, _ bool, _ []string) {
				ts.Setenv("LEDGERMILL_WAREHOUSE_URL", warehousetest.Database(t))
			},
			"spark": func(ts *testscript.TestScript, _ bool, _ []string) {
				found, err := peers.FindSpark(t.Context())
				ts.Check(err)
				home, err := exec.CommandContext(t.Context(), found.Python, "-c", "import os, pyspark; print(os.path.dirname(pyspark.__file__))").Output()
				ts.Check(err)
				ts.Setenv("LEDGERMILL_SPARK_HOME", strings.TrimSpace(string(home)))
				ts.Setenv("LEDGERMILL_SPARK_PYTHON", found.Python)
				ts.Setenv("LEDGERMILL_SPARK_MASTER", "local[2]")
				ts.Setenv("QUICK", "spark.driver.extraJavaOptions=-XX:TieredStopAtLevel=1")
				ts.Setenv("S3A", strings.Join(found.S3A, ","))
			},
			"minio": func(ts *testscript.TestScript, _ bool, _ []string) {
				server := s3test.MinIO().Shared(t)
				ts.Setenv("LEDGERMILL_S3_ENDPOINT", server.Settings.Endpoint)
				ts.Setenv("LEDGERMILL_S3_REGION", server.Settings.Region)
				ts.Setenv("LEDGERMILL_S3_ACCESS_KEY", server.Settings.AccessKey.Reveal())
				ts.Setenv("LEDGERMILL_S3_SECRET_KEY", server.Settings.SecretKey.Reveal())
				ts.Setenv("STORE", server.Bucket(t))
			},
			"psql": func(ts *testscript.TestScript, _ bool, args []string) {
				conn, err := pgx.Connect(t.Context(), ts.Getenv("LEDGERMILL_WAREHOUSE_URL"))
				ts.Check(err)
				_, err = conn.Exec(t.Context(), strings.Join(args, " "))
				ts.Check(errors.Join(err, conn.Close(t.Context())))
			},
			"reader": func(ts *testscript.TestScript, _ bool, _ []string) {
				reader, err := reader(t, ts.Getenv("LEDGERMILL_WAREHOUSE_URL"))
				ts.Check(err)
				ts.Setenv("LEDGERMILL_WAREHOUSE_URL", reader)
			},
			"httpfs": func(ts *testscript.TestScript, _ bool, _ []string) {
				cache, err := os.UserCacheDir()
				ts.Check(err)
				x := duckdb.FindHTTPFS(t.Context(), duckdb.ExtensionSource{Directory: filepath.Join(cache, "ledgermill", "duckdb")})
				if !x.Available() {
					ts.Fatalf("%v", x.Err())
				}
				ts.Setenv("LEDGERMILL_ENGINE_HTTPFS", x.Path)
			},
			"private": func(ts *testscript.TestScript, _ bool, _ []string) {
				if privateDir == "" {
					privateDir = home.create(t)
				}
				ts.Setenv("LEDGERMILL_WAREHOUSE_PRIVATE_DIRECTORY", privateDir)
			},
		},
	})
}

// exits runs a program whose exit code is known.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE program [args...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	got := 0
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// library copies the project of loans.
func library(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: library DIR")
	}
	ts.Check(os.CopyFS(ts.MkAbs(args[0]), os.DirFS(mustAbs(ts, "testdata/library"))))
}

// mustAbs is a path below the package, where the tests run.
func mustAbs(ts *testscript.TestScript, path string) string {
	dir, err := filepath.Abs(path)
	ts.Check(err)
	return dir
}

// duckdbFiles is a bare shell: it knows nothing of ledgermill.
func duckdbFiles(ts *testscript.TestScript, neg bool, args []string) {
	db, err := sql.Open("duckdb", "")
	ts.Check(err)
	defer func() { ts.Check(db.Close()) }()
	db.SetMaxOpenConns(1)
	var out string
	for _, name := range args {
		if out, err = answer(db, strings.ReplaceAll(ts.ReadFile(name), "$WORK", ts.Getenv("WORK"))); err != nil {
			err = fmt.Errorf("%s: %w", name, err)
			break
		}
	}
	switch {
	case neg && err == nil:
		ts.Fatalf("duckdb took %v", args)
	case !neg:
		ts.Check(err)
	}
	_, err = fmt.Fprint(ts.Stdout(), out)
	ts.Check(err)
}

// answer runs the statements of a file and returns the rows of the last one, a
// line each.
func answer(db *sql.DB, text string) (out string, err error) {
	rows, err := db.Query(text)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	names, err := rows.Columns()
	if err != nil {
		return "", err
	}
	values, places := make([]any, len(names)), make([]any, len(names))
	for i := range values {
		places[i] = &values[i]
	}
	var b bytes.Buffer
	for rows.Next() {
		if err := rows.Scan(places...); err != nil {
			return "", err
		}
		for i, v := range values {
			if i > 0 {
				b.WriteByte(' ')
			}
			fmt.Fprint(&b, v)
		}
		b.WriteByte('\n')
	}
	return b.String(), rows.Err()
}

// units prints what a reader finds in a lake: published files by name, in order.
// Staged bytes that stayed are a fault of the run before.
func units(ts *testscript.TestScript, neg bool, args []string) {
	withBytes := len(args) == 2 && args[0] == "-bytes"
	if neg || len(args) != 1 && !withBytes {
		ts.Fatalf("usage: units [-bytes] LAKE")
	}
	root := ts.MkAbs(args[len(args)-1])
	var files []string
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(root, path)
		if strings.HasPrefix(name, "_staging") {
			return fmt.Errorf("%s was left behind", name)
		}
		if strings.HasPrefix(name, "_ledger") || strings.HasPrefix(name, "_kept") || err != nil {
			return err
		}
		if withBytes {
			data, err := os.ReadFile(path)
			files = append(files, fmt.Sprintf("%s %x", name, sha256.Sum256(data)))
			return err
		}
		files = append(files, name)
		return nil
	})
	ts.Check(err)
	slices.Sort(files)
	_, err = fmt.Fprintln(ts.Stdout(), strings.Join(files, "\n"))
	ts.Check(err)
}

// reader makes a login that is a member of ledgermill_reader and nothing else, and
// returns its URL of the database.
func reader(t *testing.T, database string) (string, error) {
	name := fmt.Sprintf("lmtest_reader_%d", os.Getpid())
	do := func(ctx context.Context, statement string) error {
		conn, err := pgx.Connect(ctx, database)
		if err != nil {
			return err
		}
		_, err = conn.Exec(ctx, statement)
		return errors.Join(err, conn.Close(ctx))
	}
	if err := do(t.Context(), "create role "+name+" login password 'secret' in role ledgermill_reader"); err != nil {
		return "", err
	}
	t.Cleanup(func() {
		if err := do(context.Background(), "drop role "+name); err != nil {
			t.Error(err)
		}
	})
	parsed, err := url.Parse(database)
	if err != nil {
		return "", err
	}
	parsed.User = url.UserPassword(name, "secret")
	return parsed.String(), nil
}
