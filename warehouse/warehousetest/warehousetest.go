// Package warehousetest gives tests a real PostgreSQL: one private server a
// machine, shared by all test binaries that run at the time, and a database a
// test. The last binary out stops the server.
package warehousetest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"ledgermill/warehouse"
)

// Server is the name of the private server that tests share, apart from the
// one that a person may have pinned.
const Server = "test"

// prefix of the databases; the process id follows.
const prefix = "lmtest_"

type server struct {
	mu    sync.Mutex
	hold  *warehouse.Server
	err   error
	count atomic.Int64
}

// one is the binary's hold on the shared server, taken by the first test that
// needs it.
var one server

// Main is the body of TestMain of a package whose tests call [Database]:
//
//	func TestMain(m *testing.M) { os.Exit(warehousetest.Main(m)) }
func Main(m *testing.M) int {
	if handled, exit := warehouse.Helper(); handled {
		return exit
	}
	code := m.Run()
	if err := one.close(); err != nil {
		fmt.Fprintln(os.Stderr, "stop the test server:", err)
		return max(code, 1)
	}
	return code
}

// VersionVariable names the environment variable that holds the major version of
// PostgreSQL that tests run on, 14 to 18. Not set: 18.
const VersionVariable = "LEDGERMILL_TEST_POSTGRES"

// Version is the major version that tests run on, 0 for the private server's own.
// It panics where the variable is no number: no test would mean anything.
func Version() int {
	text := os.Getenv(VersionVariable)
	if text == "" {
		return 0
	}
	version, err := strconv.Atoi(text)
	if err != nil {
		panic(VersionVariable + ": " + err.Error())
	}
	return version
}

// Options are those of the shared server, of which each version has one. It gives
// up durability, which no test of ours looks at, for speed.
func Options() warehouse.PrivateOptions {
	return warehouse.PrivateOptions{Name: Server + os.Getenv(VersionVariable), Version: Version(), Settings: map[string]string{
		"fsync":            "off",
		"full_page_writes": "off",
		"shared_buffers":   "128MB",
	}}
}

// Database returns the URL of a new, empty database that is dropped when the
// test ends. Where no server can be had the test fails, unless
// LEDGERMILL_TEST_NO_POSTGRES is set: then it is skipped.
func Database(t testing.TB) string {
	t.Helper()
	hold, err := one.start(context.Background())
	if err != nil {
		if os.Getenv("LEDGERMILL_TEST_NO_POSTGRES") != "" {
			t.Skipf("no PostgreSQL: %v", err)
		}
		t.Fatalf("PostgreSQL for tests (LEDGERMILL_TEST_NO_POSTGRES=1 skips): %v", err)
	}
	name := prefix + strconv.Itoa(os.Getpid()) + "_" + strconv.FormatInt(one.count.Add(1), 10)
	admin := hold.URL().Reveal()
	url, err := hold.CreateDatabase(context.Background(), name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { execute(t, admin, "drop database "+name+" with (force)") })
	return url
}

func execute(t testing.TB, url, statement string) {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Errorf("%s: %v", statement, err)
		return
	}
	_, err = conn.Exec(ctx, statement)
	if err := errors.Join(err, conn.Close(ctx)); err != nil {
		t.Errorf("%s: %v", statement, err)
	}
}

func (s *server) start(ctx context.Context) (*warehouse.Server, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hold == nil && s.err == nil {
		if s.hold, s.err = warehouse.StartPrivate(ctx, Options()); s.err == nil {
			s.err = dropDead(ctx, s.hold.URL().Reveal())
		}
	}
	return s.hold, s.err
}

func (s *server) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hold == nil {
		return nil
	}
	return s.hold.Close(context.Background())
}

// dropDead drops the databases of test binaries that were killed.
func dropDead(ctx context.Context, url string) (err error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	rows, err := conn.Query(ctx, "select datname from pg_database where starts_with(datname, $1)", prefix)
	if err != nil {
		return err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, name := range names {
		owner, _, _ := strings.Cut(strings.TrimPrefix(name, prefix), "_")
		pid, err := strconv.Atoi(owner)
		if err != nil || !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			continue
		}
		if _, err := conn.Exec(ctx, "drop database if exists "+pgx.Identifier{name}.Sanitize()+" with (force)"); err != nil {
			return err
		}
	}
	return nil
}

// Clone returns the URL of a copy of a database to which nobody is connected, and how
// to drop it.
func Clone(t testing.TB, template string) (url string, drop func()) {
	t.Helper()
	from, err := pgx.ParseConfig(template)
	if err != nil {
		t.Fatal(err)
	}
	hold, err := one.start(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	admin := hold.URL().Reveal()
	name := prefix + strconv.Itoa(os.Getpid()) + "_" + strconv.FormatInt(one.count.Add(1), 10)
	execute(t, admin, "create database "+name+" template "+from.Database)
	return strings.Replace(template, "/"+from.Database, "/"+name, 1), func() { execute(t, admin, "drop database "+name+" with (force)") }
}
