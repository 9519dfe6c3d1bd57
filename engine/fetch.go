package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"ledgermill/engine/job"
	"ledgermill/engine/ledger"
	"ledgermill/engine/records"
)

// place is where an engine finds an object that was counted: in its directory, or in
// the copy that was made on the way.
func (m *Mill) place(f *feed, key string) string {
	if !remote(m.Input) {
		return m.Input.Location(key)
	}
	name := ledger.Fingerprint(f.contract.Name, key)
	shape := strings.ToLower(path.Ext(key))
	if records.CompressionOf(key) != records.Plain {
		shape = strings.ToLower(path.Ext(strings.TrimSuffix(key, path.Ext(key)))) + shape
	}
	return filepath.Join(m.Work, "fetched", name+shape)
}

// source opens an object to be counted. Of one in an object store a copy is made
// while it is read; it is whole once all has been read.
func (m *Mill) source(ctx context.Context, f *feed, key string) (io.ReadCloser, error) {
	raw, err := m.Input.Open(ctx, key)
	if err != nil {
		return nil, &StoreError{Op: "open", URL: m.Input.URL() + "/" + key, Err: err}
	}
	if !remote(m.Input) {
		return raw, nil
	}
	file := m.place(f, key)
	err = os.MkdirAll(filepath.Dir(file), 0o755)
	var out *os.File
	if err == nil {
		out, err = os.Create(file)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("fetch object %s: %w", key, err), raw.Close())
	}
	m.fetched.Add(1)
	return &fetching{Reader: io.TeeReader(raw, &copying{out, key}), raw: raw, out: out}, nil
}

// fetching reads an object and writes its copy.
type fetching struct {
	io.Reader
	raw io.Closer
	out *os.File
}

func (f *fetching) Close() error { return errors.Join(f.raw.Close(), f.out.Close()) }

// copying tells a full disk from a store that cannot be read.
type copying struct {
	out *os.File
	key string
}

func (c *copying) Write(p []byte) (int, error) {
	n, err := c.out.Write(p)
	if err != nil {
		err = &job.SpaceError{Err: fmt.Errorf("fetch object %s: %w", c.key, err)}
	}
	return n, err
}

// again opens what was counted a second time.
func (m *Mill) again(ctx context.Context, f *feed, key string) (io.ReadCloser, error) {
	if !remote(m.Input) {
		return m.source(ctx, f, key)
	}
	return os.Open(m.place(f, key))
}

// discardCopies removes the copies of objects that the engine has landed, clean or as
// they were fetched.
func (m *Mill) discardCopies(all []prepared) error {
	var err error
	for _, p := range all {
		switch {
		case p.record.Refused != nil:
		case p.object.InPlace != nil:
			m.inPlace.Add(1)
		case p.object.Path != m.Input.Location(p.object.Key):
			if gone := os.Remove(p.object.Path); !errors.Is(gone, os.ErrNotExist) {
				err = errors.Join(err, gone)
			}
		}
	}
	return err
}

// forgetCopy removes the copy of an object that no engine will read.
func (m *Mill) forgetCopy(f *feed, key string) error {
	if !remote(m.Input) {
		return nil
	}
	if err := os.Remove(m.place(f, key)); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
