package cases

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"ledgermill/bench"
	"ledgermill/bench/pipeline"
	"ledgermill/bench/result"
	"ledgermill/engine/duckdb"
)

// stream sends the facts through a pipe as a load does, and throws them away.
func (f *floorSuite) stream(ctx context.Context, duck *duckdb.Engine) (bytes int64, err error) {
	all, err := units(f.lake())
	if err != nil {
		return 0, err
	}
	facts := pipeline.Tables()[0]
	for _, u := range all {
		if u.table.Name != facts.Name {
			continue
		}
		rows, err := duck.Binary(ctx, u.path, facts.Targets(), "transaction_date")
		if err != nil {
			return 0, err
		}
		n, err := io.Copy(io.Discard, rows)
		if err := errors.Join(err, rows.Close()); err != nil {
			return 0, err
		}
		bytes += n
	}
	return bytes, nil
}

// noted is where prepare notes how many bytes that is.
func (f *floorSuite) noted() string { return filepath.Join(f.dir(), "streamed") }

func (f *floorSuite) streamed() (bytes int64, err error) {
	text, err := os.ReadFile(f.noted())
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(string(text), 10, 64)
}

func (f *floorSuite) pipe(ctx context.Context) (*bench.Trial, error) {
	bytes, err := f.streamed()
	if err != nil {
		return nil, err
	}
	dir, err := f.scratch()
	if err != nil {
		return nil, err
	}
	duck, err := openDuckDB(ctx, dir, true, f.lake())
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return &bench.Trial{
		Run: func(ctx context.Context, s *result.Sample) (err error) {
			s.Read, err = f.stream(ctx, duck)
			return err
		},
		Check: func(_ context.Context, s *result.Sample) error { return wholeBytes(s, bytes) },
		Close: func(context.Context) error { return errors.Join(duck.Close(), os.RemoveAll(dir)) },
	}, nil
}

// wholeBytes makes sure that all bytes have come.
func wholeBytes(s *result.Sample, want int64) error {
	if s.Read != want {
		return &bench.VoidError{Reason: fmt.Sprintf("%d bytes came, and %d were sent", s.Read, want)}
	}
	s.Hash = pipeline.Combine(pipeline.Figures{Rows: want})
	return nil
}

// loopback sends so many bytes through a connection.
func (f *floorSuite) loopback(context.Context) (*bench.Trial, error) {
	bytes, err := f.streamed()
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return &bench.Trial{
		Run: func(ctx context.Context, s *result.Sample) error {
			sent := make(chan error, 1)
			go func() {
				conn, err := listener.Accept()
				if err == nil {
					_, err = io.CopyBuffer(struct{ io.Writer }{conn}, io.LimitReader(zeros{}, bytes), make([]byte, 1<<16))
					err = errors.Join(err, conn.Close())
				}
				sent <- err
			}()
			var dialer net.Dialer
			conn, err := dialer.DialContext(ctx, "tcp", listener.Addr().String())
			if err != nil {
				return err
			}
			s.Read, err = io.CopyBuffer(io.Discard, struct{ io.Reader }{conn}, make([]byte, 1<<16))
			return errors.Join(err, conn.Close(), <-sent)
		},
		Check: func(_ context.Context, s *result.Sample) error { return wholeBytes(s, bytes) },
		Close: func(context.Context) error { return listener.Close() },
	}, nil
}

// zeros has no end.
type zeros struct{}

// Read implements io.Reader.
func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// diskWrite writes as many bytes as the lake has.
func (f *floorSuite) diskWrite(context.Context) (*bench.Trial, error) {
	bytes, err := size("*.parquet", f.lake())
	if err != nil {
		return nil, err
	}
	dir, err := f.scratch()
	if err != nil {
		return nil, err
	}
	return &bench.Trial{
		Run: func(_ context.Context, s *result.Sample) error {
			out, err := os.Create(filepath.Join(dir, "bytes"))
			if err != nil {
				return err
			}
			s.Written, err = io.CopyBuffer(struct{ io.Writer }{out}, io.LimitReader(zeros{}, bytes), make([]byte, 1<<20))
			return errors.Join(err, out.Sync(), out.Close())
		},
		Check: func(_ context.Context, s *result.Sample) error {
			s.Hash = pipeline.Combine(pipeline.Figures{Rows: s.Written})
			return nil
		},
		Close: func(context.Context) error { return os.RemoveAll(dir) },
	}, nil
}
