package duckdb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"ledgermill/engine/sqltext"
)

// pipeSize is what the kernel may hold between DuckDB and its reader, in bytes:
// an unprivileged process may ask for so much.
const pipeSize = 1 << 20

// CSV streams columns of a lake file as CSV without a header: null is nothing and
// the empty string is "", as Postgres reads it. The columns year, month and day
// are made from businessDate where the file lacks them. DuckDB writes into a FIFO,
// since the fence refuses /dev/fd. At the end of the stream Read returns DuckDB's
// error if there was one: the end of a pipe alone is not success.
func (e *Engine) CSV(ctx context.Context, path string, columns []string, businessDate string) (io.ReadCloser, error) {
	s, err := e.session(ctx)
	if err != nil {
		return nil, err
	}
	query, err := s.feedQuery(ctx, path, columns, businessDate)
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	fifo := filepath.Join(e.settings.Work, fmt.Sprintf("feed-%d.fifo", e.pipes.Add(1)))
	f, err := openFeed(fifo)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open pipe: %w", err), s.close())
	}
	ctx, f.cancel = context.WithCancel(ctx)
	go func() {
		_, err := s.exec(ctx, fmt.Sprintf("copy (%s) to %s (format csv, header false)", query, sqltext.QuoteString(fifo)))
		f.finish(errors.Join(err, s.close()))
	}()
	return f, nil
}

func (s *session) feedQuery(ctx context.Context, path string, columns []string, businessDate string) (string, error) {
	source := parquet(path)
	have, err := s.describe(ctx, source)
	if err != nil {
		return "", fmt.Errorf("read %s: %w", path, err)
	}
	held := map[string]bool{}
	for _, c := range have {
		held[c.Name] = true
	}
	var list []string
	for _, name := range columns {
		q := sqltext.QuoteName(name)
		if calendarColumn(name) && !held[name] && businessDate != "" {
			q = fmt.Sprintf("%s(%s)", name, sqltext.QuoteName(businessDate))
		}
		list = append(list, q)
	}
	return "select " + strings.Join(list, ", ") + " from " + source, nil
}

func calendarColumn(name string) bool { return name == "year" || name == "month" || name == "day" }

// feed is the reading end of the pipe. It outlives a statement that is ended half
// way: tasks of an interrupted COPY stay behind (DuckDB 1.5.5). One that does
// nothing more leaves its end of the pipe open, so that no end of the stream comes;
// one that still writes gets SIGPIPE on a thread that is not Go's, which kills the
// program unless somebody is notified.
type feed struct {
	path    string
	reader  *os.File
	writer  *os.File // keeps the pipe open until the statement has ended, so that its end is never taken for the statement's
	cancel  context.CancelFunc
	signals chan os.Signal
	done    chan struct{}
	err     error
	closed  func() error
}

func openFeed(path string) (*feed, error) {
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		return nil, err
	}
	reader, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, errors.Join(err, os.Remove(path))
	}
	writer, err := os.OpenFile(path, os.O_WRONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, errors.Join(err, reader.Close(), os.Remove(path))
	}
	// A larger pipe saves switches between the processes; a smaller one works too.
	_, _ = unix.FcntlInt(reader.Fd(), unix.F_SETPIPE_SZ, pipeSize)
	if err := syscall.SetNonblock(int(reader.Fd()), true); err != nil {
		return nil, errors.Join(err, reader.Close(), writer.Close(), os.Remove(path))
	}
	f := &feed{path: path, reader: reader, writer: writer, signals: make(chan os.Signal, 1), done: make(chan struct{})}
	f.closed = sync.OnceValue(f.close)
	signal.Notify(f.signals, syscall.SIGPIPE)
	return f, nil
}

func (f *feed) finish(err error) {
	f.err = errors.Join(err, f.writer.Close())
	close(f.done)
	if err == nil {
		// Nobody is left to write. Otherwise the signal stays in hand for good.
		signal.Stop(f.signals)
		return
	}
	// Wakes a Read that waits; a reader that is closed waits for nothing.
	_ = f.reader.SetReadDeadline(time.Unix(1, 0))
}

// Read implements io.Reader.
func (f *feed) Read(p []byte) (int, error) {
	n, err := f.reader.Read(p)
	if n > 0 || err == nil {
		return n, err
	}
	if !errors.Is(err, io.EOF) && !errors.Is(err, os.ErrDeadlineExceeded) {
		return n, err
	}
	<-f.done
	if f.err != nil {
		return 0, f.err
	}
	return 0, io.EOF
}

// Close ends the statement if it still runs and removes the pipe. It may be called
// while Read waits, and again.
func (f *feed) Close() error { return f.closed() }

// close drains the pipe until the statement has ended: DuckDB may be about to open
// it, and would wait for a reader for ever.
func (f *feed) close() error {
	f.cancel()
	rest := make([]byte, 64<<10)
	for err := error(nil); err == nil; {
		_, err = f.reader.Read(rest)
	}
	<-f.done
	return errors.Join(f.reader.Close(), os.Remove(f.path))
}
