package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"ledgermill/engine/faulttest"
	"ledgermill/engine/lake"
	"ledgermill/engine/ledger"
)

// crashChild is the variable that makes this binary the program with its seams marked.
// Its value is the budget of the run, 0 for that of the settings.
const crashChild = "LEDGERMILL_CRASH_CHILD"

// crashMain is the program as the sweep runs it: every call of a store and every
// statement of DuckDB is a point, beside the system calls that are watched from
// outside.
func crashMain() int {
	points, err := faulttest.OpenPoints()
	if err != nil {
		printError(os.Stderr, err)
		return 1
	}
	budget, err := strconv.ParseInt(os.Getenv(crashChild), 10, 64)
	if err != nil {
		printError(os.Stderr, err)
		return 1
	}
	a := &app{env: os.Environ(), stdin: strings.NewReader(""), stdout: os.Stdout, stderr: os.Stderr}
	a.seams.budget = budget
	a.seams.statement = func(_ context.Context, statement string) error {
		return points.Pass("duckdb: " + firstWords(statement))
	}
	stores := []string{"input", "lake"}
	var mu sync.Mutex
	a.seams.store = func(s lake.Store) lake.Store {
		mu.Lock()
		defer mu.Unlock()
		name := stores[0]
		stores = stores[1:]
		return &marked{Store: s, name: name, points: points}
	}
	return a.run(context.Background(), os.Args)
}

func firstWords(statement string) string {
	words := strings.Fields(statement)
	return strings.Join(words[:min(len(words), 9)], " ")
}

// marked is a store whose calls are points: before they are made, and those that
// change something once more when they are made and the answer is lost.
type marked struct {
	lake.Store
	name   string
	points *faulttest.Points
}

func (m *marked) point(call, key string) string {
	if m.name == "lake" && strings.HasPrefix(key, ledger.Prefix) && call == "create" {
		return "ledger: append " + key
	}
	return m.name + ": " + call + " " + key
}

func (m *marked) before(call, key string) error { return m.points.Pass(m.point(call, key)) }

func (m *marked) around(call, key string, change func() error) error {
	err := m.before(call, key)
	if err == nil {
		err = change()
	}
	if err == nil {
		err = m.points.Pass(m.point(call, key) + ", answer lost")
	}
	return err
}

func (m *marked) List(ctx context.Context, prefix string) ([]lake.Object, error) {
	if err := m.before("list", prefix); err != nil {
		return nil, err
	}
	return m.Store.List(ctx, prefix)
}

func (m *marked) Stat(ctx context.Context, key string) (lake.Object, error) {
	if err := m.before("stat", key); err != nil {
		return lake.Object{}, err
	}
	return m.Store.Stat(ctx, key)
}

func (m *marked) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	if err := m.before("open", key); err != nil {
		return nil, err
	}
	r, err := m.Store.Open(ctx, key)
	if err != nil {
		return nil, err
	}
	return &markedReader{ReadCloser: r, pass: func() error { return m.before("read", key) }}, nil
}

// markedReader is a point behind its first bytes.
type markedReader struct {
	io.ReadCloser
	pass func() error
	read bool
}

func (r *markedReader) Read(p []byte) (int, error) {
	if !r.read {
		r.read = true
		return r.ReadCloser.Read(p[:min(len(p), 16)])
	}
	if r.pass != nil {
		err := r.pass()
		if r.pass = nil; err != nil {
			return 0, err
		}
	}
	return r.ReadCloser.Read(p)
}

func (m *marked) Create(ctx context.Context, key string, data []byte) error {
	return m.around("create", key, func() error { return m.Store.Create(ctx, key, data) })
}

func (m *marked) Put(ctx context.Context, key string, data []byte) error {
	return m.around("put", key, func() error { return m.Store.Put(ctx, key, data) })
}

func (m *marked) Copy(ctx context.Context, from, to string) error {
	return m.around("copy", from, func() error { return m.Store.Copy(ctx, from, to) })
}

func (m *marked) Remove(ctx context.Context, key string) error {
	return m.around("remove", key, func() error { return m.Store.Remove(ctx, key) })
}

func (m *marked) StagingDir(run string) (dir string, err error) {
	err = m.around("staging directory", run, func() (err error) { dir, err = m.Store.StagingDir(run); return err })
	return dir, err
}

func (m *marked) Stage(ctx context.Context, key, path string) (u lake.Upload, err error) {
	err = m.around("stage", key, func() (err error) { u, err = m.Store.Stage(ctx, key, path); return err })
	return u, err
}

func (m *marked) Complete(ctx context.Context, u lake.Upload) (o lake.Object, err error) {
	err = m.around("complete", u.Key, func() (err error) { o, err = m.Store.Complete(ctx, u); return err })
	return o, err
}

func (m *marked) Abort(ctx context.Context, u lake.Upload) error {
	return m.around("abort", u.Key, func() error { return m.Store.Abort(ctx, u) })
}

func (m *marked) Sweep(ctx context.Context, keep func(string) bool) (runs []string, err error) {
	err = m.around("sweep", "", func() (err error) { runs, err = m.Store.Sweep(ctx, keep); return err })
	return runs, err
}

func (m *marked) Lock(ctx context.Context, holder lake.Info) (func() error, error) {
	if err := m.before("lock", ""); err != nil {
		return nil, err
	}
	unlock, err := m.Store.Lock(ctx, holder)
	if err != nil {
		return nil, err
	}
	return func() error { return errors.Join(m.before("unlock", ""), unlock()) }, nil
}

// chance are the parts of a point's name that differ from run to run.
var chance = regexp.MustCompile(`[0-9A-Z]{26}|[0-9a-f]{16,64}|\b[0-9a-f]{8}\b|_[0-9a-f]{6}\b|[0-9]{3,}`)

// stratum is what a point has in common with others like it: the seam and what it does.
func stratum(point string) string {
	words := strings.Fields(chance.ReplaceAllString(point, "#"))
	seam := words[0]
	switch {
	case seam == "duckdb:", seam == "postgres:", seam == "s3:", strings.HasSuffix(seam, ":"):
		seam = strings.Join(words[:min(len(words), 2)], " ")
	case len(words) > 1: // a file
		place, _, _ := strings.Cut(words[1], "/")
		seam += " " + place
	}
	return seam
}

// strata counts points by stratum.
func strata(points []string) map[string]int {
	count := map[string]int{}
	for _, p := range points {
		count[stratum(p)]++
	}
	return count
}

// table prints counts, a line each.
func table(title string, counts map[string]int) string {
	var b bytes.Buffer
	fmt.Fprintln(&b, title)
	for _, name := range sortedNames(counts) {
		fmt.Fprintf(&b, "%6d  %s\n", counts[name], name)
	}
	return b.String()
}
