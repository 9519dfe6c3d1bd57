package cases

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"

	"ledgermill/bench"
	"ledgermill/bench/pipeline"
	"ledgermill/bench/result"
	"ledgermill/engine/records"
)

// count is the independent count of the survey.
func (f *floorSuite) count(context.Context) (*bench.Trial, error) {
	objects, err := f.objects()
	if err != nil {
		return nil, err
	}
	return &bench.Trial{
		Run: func(ctx context.Context, s *result.Sample) error {
			for _, path := range objects {
				in, err := os.Open(path)
				if err != nil {
					return err
				}
				report, err := records.Scan(ctx, in, records.RFC4180(), nil)
				if err := errors.Join(err, in.Close()); err != nil {
					return err
				}
				s.Rows += report.Records
			}
			return nil
		},
		Check: func(_ context.Context, s *result.Sample) (err error) {
			s.Hash = pipeline.Combine(pipeline.Figures{Rows: s.Rows})
			s.Read, err = size("*", filepath.Dir(objects[0]))
			return err
		}}, nil
}

func (f *floorSuite) diskRead(context.Context) (*bench.Trial, error) {
	objects, err := f.objects()
	if err != nil {
		return nil, err
	}
	return &bench.Trial{
		Run: func(_ context.Context, s *result.Sample) error {
			buffer := make([]byte, 1<<20)
			for _, path := range objects {
				in, err := os.Open(path)
				if err != nil {
					return err
				}
				// Hidden behind a plain reader, or the bytes would not come to us.
				n, err := io.CopyBuffer(io.Discard, struct{ io.Reader }{in}, buffer)
				if err := errors.Join(err, in.Close()); err != nil {
					return err
				}
				s.Read += n
			}
			return nil
		},
		Check: func(_ context.Context, s *result.Sample) error {
			s.Hash = pipeline.Combine(pipeline.Figures{Rows: s.Read})
			return nil
		}}, nil
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
	duck, err := f.openDuckDB(ctx, dir, true, f.lake())
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
