package duckdb

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
)

// Target is a column of a PostgreSQL table.
type Target struct {
	Name string
	Type string // as format_type writes it: numeric(18,2)
}

// Binary streams columns of a lake file as PostgreSQL's COPY reads them in binary,
// which costs the server half of what CSV does. The columns year, month and day are
// made as [Engine.CSV] makes them. A column for which no exact binary form is known
// gives an error that is [errors.ErrUnsupported]: CSV is the way then. At the end of
// the stream Read returns DuckDB's error if there was one. Close ends the statement;
// it may be called while Read waits, and again.
func (e *Engine) Binary(ctx context.Context, path string, columns []Target, businessDate string) (io.ReadCloser, error) {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Name
	}
	s, err := e.session(ctx)
	if err != nil {
		return nil, err
	}
	query, err := s.feedQuery(ctx, path, names, businessDate)
	if err := errors.Join(err, s.close()); err != nil {
		return nil, err
	}
	held, err := e.vectors(ctx)
	if err != nil {
		return nil, err
	}
	if err := e.settings.before(ctx, query); err != nil {
		return nil, err
	}
	stream, err := held.stream(query)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, fault(err))
	}
	f := &binaryFeed{ctx: ctx, stream: stream, targets: columns, path: path}
	for i, c := range columns {
		encoder := encoderOf(stream.columns[i], c.Type)
		if encoder == nil {
			stream.close()
			return nil, fmt.Errorf("column %s, %s into %s: %w", c.Name, stream.columns[i], c.Type, errors.ErrUnsupported)
		}
		f.encoders = append(f.encoders, encoder)
	}
	f.stop = context.AfterFunc(ctx, stream.interrupt)
	f.buf = append(f.buf, "PGCOPY\n\xff\r\n\x00"...)
	f.buf = append(f.buf, 0, 0, 0, 0, 0, 0, 0, 0) // no flags, no extension of the header
	return f, nil
}

// binaryFeed turns chunks into the rows of a COPY as they are read.
type binaryFeed struct {
	ctx      context.Context
	stream   *vectorStream
	targets  []Target
	encoders []encode
	path     string
	stop     func() bool

	mu   sync.Mutex // held by Read and the last of Close
	rows int64
	buf  []byte
	off  int
	err  error // what Read returns behind buf
}

// Read implements io.Reader.
func (f *binaryFeed) Read(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for f.off == len(f.buf) {
		if f.err != nil {
			return 0, f.err
		}
		f.buf, f.off = f.buf[:0], 0
		f.err = f.fill()
	}
	n := copy(p, f.buf[f.off:])
	f.off += n
	return n, nil
}

// fill encodes the next chunk, or the end of the stream.
func (f *binaryFeed) fill() error {
	count, err := f.stream.next()
	if err != nil {
		if f.ctx.Err() != nil {
			return context.Cause(f.ctx)
		}
		return fmt.Errorf("read %s: %w", f.path, fault(err))
	}
	if count == 0 {
		f.buf = append(f.buf, 0xff, 0xff)
		return io.EOF
	}
	for row := range count {
		if err := f.row(row); err != nil {
			return err
		}
	}
	f.rows += int64(count)
	return nil
}

func (f *binaryFeed) row(row int) (err error) {
	buf := binary.BigEndian.AppendUint16(f.buf, uint16(len(f.encoders)))
	for i, encode := range f.encoders {
		column := f.stream.columns[i]
		if column.null(row) {
			buf = append(buf, 0xff, 0xff, 0xff, 0xff)
			continue
		}
		if buf, err = encode(buf, column, row); err != nil {
			return fmt.Errorf("read %s: row %d, column %s: %w", f.path, f.rows+int64(row)+1, f.targets[i].Name, err)
		}
	}
	f.buf = buf
	return nil
}

// Close implements io.Closer.
func (f *binaryFeed) Close() error {
	f.stop()
	f.stream.interrupt()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stream.close()
	if f.err == nil {
		f.err = io.ErrClosedPipe
	}
	f.buf, f.off = nil, 0
	return nil
}
