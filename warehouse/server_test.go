package warehouse_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"

	"ledgermill/engine/config"
	"ledgermill/warehouse"
	"ledgermill/warehouse/warehousetest"
)

// oldServer answers the only question that is asked of it with its version.
func oldServer(t *testing.T, number uint32) (url string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go serveVersion(conn, number)
		}
	}()
	return "postgres://u@" + listener.Addr().String() + "/db?sslmode=disable"
}

func serveVersion(conn net.Conn, number uint32) {
	defer conn.Close()
	backend := pgproto3.NewBackend(conn, conn)
	if _, err := backend.ReceiveStartupMessage(); err != nil {
		return
	}
	backend.Send(&pgproto3.AuthenticationOk{})
	backend.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
	column := pgproto3.FieldDescription{Name: []byte("v"), DataTypeOID: 23, DataTypeSize: 4, TypeModifier: -1}
	for backend.Flush() == nil {
		message, err := backend.Receive()
		if err != nil {
			return
		}
		switch message.(type) {
		case *pgproto3.Parse:
			backend.Send(&pgproto3.ParseComplete{})
		case *pgproto3.Describe:
			backend.Send(&pgproto3.ParameterDescription{})
			backend.Send(&pgproto3.RowDescription{Fields: []pgproto3.FieldDescription{column}})
		case *pgproto3.Bind:
			backend.Send(&pgproto3.BindComplete{})
		case *pgproto3.Execute:
			backend.Send(&pgproto3.DataRow{Values: [][]byte{binary.BigEndian.AppendUint32(nil, number)}})
			backend.Send(&pgproto3.CommandComplete{CommandTag: []byte("SELECT 1")})
		case *pgproto3.Sync:
			backend.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
		case *pgproto3.Terminate:
			return
		}
	}
}

func TestOldServerIsRefused(t *testing.T) {
	t.Parallel()
	_, err := warehouse.Open(t.Context(), warehouse.Options{URL: config.Secret(oldServer(t, 130023))})
	var away *warehouse.UnreachableError
	if !errors.As(err, &away) || !strings.Contains(err.Error(), "PostgreSQL 13 is too old: 14 is needed") || !strings.Contains(away.Try(), "upgrade the server to PostgreSQL 14") {
		t.Errorf("error %v, try %v", err, away)
	}
	if _, err = warehouse.Open(t.Context(), warehouse.Options{URL: config.Secret(oldServer(t, 140000))}); err != nil {
		t.Errorf("the oldest that is taken: %v", err)
	}
}

// remedied fails unless the error has a remedy that says something of want.
func remedied(t *testing.T, err error, want string) {
	t.Helper()
	var hint interface{ Try() string }
	if !errors.As(err, &hint) || !strings.Contains(hint.Try(), want) {
		t.Errorf("error %v, want one with the remedy %q", err, want)
	}
}

func TestMissingPrivilege(t *testing.T) {
	t.Parallel()
	f := open(t)
	role := fmt.Sprintf("lmtest_%d_reader", os.Getpid())
	f.exec("create role " + role + " login password 'geheim77'")
	t.Cleanup(func() {
		_, err := f.conn.Exec(context.Background(), "drop owned by "+role+"; drop role "+role)
		if err != nil {
			t.Error(err)
		}
	})
	f.exec("grant usage on schema public, ledgermill to " + role)
	f.exec("grant select on all tables in schema public, ledgermill to " + role)
	w, err := warehouse.Open(t.Context(), warehouse.Options{URL: config.Secret(strings.Replace(f.url, userinfo(t, f.url), role+":geheim77", 1))})
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Load(t.Context(), warehouse.Request{Run: "r", Parts: []warehouse.Part{payments(day1, day1, day2, payment{"a", "1.00", nil, nil, nil})}})
	remedied(t, err, "warehouse doctor")
	d, err := w.Doctor(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	last := d.Findings[len(d.Findings)-1]
	if last.Value != "not enough" || !strings.Contains(last.Reason, "own payments") || !strings.Contains(last.Reason, "write ledgermill.loads") {
		t.Errorf("doctor: %+v", last)
	}
	f.noStaged()
}

func userinfo(t *testing.T, url string) string {
	t.Helper()
	_, rest, _ := strings.Cut(url, "://")
	user, _, found := strings.Cut(rest, "@")
	if !found {
		t.Fatal("no user in the connection string")
	}
	return user
}

// A query on all leaves takes a lock for each of their indexes too: two sessions that
// keep theirs leave none for a load.
func TestTooFewLocks(t *testing.T) {
	t.Parallel()
	own := warehousetest.Own(t, map[string]string{"max_locks_per_transaction": "10", "max_connections": "12", "max_prepared_transactions": "0"})
	f := openAt(t, own.URL)
	for i := range 40 {
		f.exec(fmt.Sprintf("create index on payments (amount, (fee + %d))", i))
	}
	var parts []warehouse.Part
	day := date("2025-01-01")
	for range 21 {
		unit, next := day.Format("2006-01-02"), day.AddDate(0, 0, 1)
		parts = append(parts, payments(unit, unit, next.Format("2006-01-02"), payment{"a", "1.00", nil, nil, nil}))
		day = next
	}
	f.load(parts[:20]...)
	holder := connect(t, f.url)
	if _, err := holder.Exec(t.Context(), "begin"); err != nil {
		t.Fatal(err)
	}
	for i, full := 0, false; i < 20 && !full; i++ {
		_, err := holder.Exec(t.Context(), fmt.Sprintf("savepoint one; select count(*) from payments where booked_on = '2025-01-%02d'", i+1))
		if full = err != nil; full {
			if _, err := holder.Exec(t.Context(), "rollback to one"); err != nil {
				t.Fatal(err)
			}
		}
	}
	_, err := f.Load(t.Context(), warehouse.Request{Run: "r", Parts: parts[20:21]})
	remedied(t, err, "max_locks_per_transaction")
	if _, err := holder.Exec(t.Context(), "rollback"); err != nil {
		t.Fatal(err)
	}
	f.load(parts[20])
	f.noStaged()
	d, err := f.Doctor(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range d.Findings {
		if found.Name == "max_locks_per_transaction" && (found.Level != warehouse.Advice || !strings.Contains(found.Reason, "payments takes")) {
			t.Errorf("doctor: %+v", found)
		}
	}
}

// A server that ends idle sessions and long transactions ends no load.
func TestLoadOutlastsTheServersTimeouts(t *testing.T) {
	t.Parallel()
	f := open(t)
	limits := []string{"idle_session_timeout", "statement_timeout", "idle_in_transaction_session_timeout"}
	if f.Version() >= 17 {
		limits = append(limits, "transaction_timeout")
	}
	name := f.one("select quote_ident(current_database())")
	for _, limit := range limits {
		f.exec("alter database " + name + " set " + limit + " = '200ms'")
	}
	slow := day(date("2025-01-01"))
	csv := slow.CSV
	slow.CSV = func(ctx context.Context, columns []string) (io.ReadCloser, error) {
		f.exec("select pg_sleep(0.5)")
		return csv(ctx, columns)
	}
	f.load(slow)
	for _, limit := range limits {
		diff(t, limit, "0", f.one("show "+limit))
	}
}

// A unit that does not balance is told beside a server that goes away after it, and
// not as a part of that.
func TestServerLostBehindAUnitThatDoesNotBalance(t *testing.T) {
	t.Parallel()
	f := open(t, func(o *warehouse.Options) { o.Streams = 1 })
	wrong, other := day(date("2025-01-01"), "a", "b"), day(date("2025-01-02"))
	wrong.Rows++
	csv := other.CSV
	other.CSV = func(ctx context.Context, columns []string) (io.ReadCloser, error) {
		f.exec("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()")
		return csv(ctx, columns)
	}
	_, err := f.Load(t.Context(), warehouse.Request{Run: "r", Parts: []warehouse.Part{wrong, other}})
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		t.Fatalf("error %v, want several", err)
	}
	var balance *warehouse.ReconcileError
	var server *warehouse.ServerError
	if parts := joined.Unwrap(); len(parts) != 2 || !errors.As(parts[0], &server) || !errors.As(parts[1], &balance) || !server.Lost {
		t.Errorf("errors %q, want one of each", parts)
	}
	if server != nil && errors.As(server, &balance) {
		t.Errorf("the server's error has the unit's in it: %v", server)
	}
}

// A tablespace on a small file system is full in the middle of a load.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("a small file system takes root to mount")
	}
	own := warehousetest.Own(t, nil)
	dir := filepath.Join(own.Dir, "small")
	info, err := os.Stat(own.Dir)
	if err != nil {
		t.Fatal(err)
	}
	stat := info.Sys().(*syscall.Stat_t)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=12m,mode=0700,uid=%d,gid=%d", stat.Uid, stat.Gid)); err != nil {
		t.Skipf("no small file system can be mounted here: %v", err)
	}
	t.Cleanup(func() {
		own.Stop()
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	f := openAt(t, own.URL)
	f.load(payments(day1, day1, day2, payment{"old", "1.00", nil, nil, nil}))
	f.exec("create tablespace small location '" + dir + "'")
	f.exec("alter database " + f.one("select quote_ident(current_database())") + " set default_tablespace = small")
	const rows = 100_000
	p := payments(day1, day1, day2)
	p.Rows, p.Totals, p.Controls, p.ContentHash = rows, nil, nil, "large"
	p.CSV = func(context.Context, []string) (io.ReadCloser, error) {
		reader, writer := io.Pipe()
		go func() {
			var err error
			for i := 0; i < rows && err == nil; i++ {
				_, err = fmt.Fprintf(writer, "id%d,2025-01-31,1.00,EUR,%s,,2025,1,31\n", i, strings.Repeat("x", 200))
			}
			_ = writer.CloseWithError(err)
		}()
		return reader, nil
	}
	_, err = f.Load(t.Context(), warehouse.Request{Run: "r", Parts: []warehouse.Part{p}})
	remedied(t, err, "make room on the server's disk")
	diff(t, "rows", "old", f.one("select id from payments"))
	f.noStaged()
	var disk syscall.Statfs_t
	if err := syscall.Statfs(dir, &disk); err != nil || disk.Bavail*10 < disk.Blocks*9 {
		t.Errorf("the disk is still full: %d of %d blocks free, %v", disk.Bavail, disk.Blocks, err)
	}
	f.load(payments(day1, day1, day2, payment{"new", "1.00", nil, nil, nil}))
	diff(t, "rows after", "new", f.one("select id from payments"))
}
