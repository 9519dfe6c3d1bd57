package engine

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"ledgermill/engine/job"
	"ledgermill/engine/lake"
)

// copier is an engine that cannot open what lies in the lake's store: published
// files are copied for it first.
type copier struct {
	Engine
	copies *lake.Copies
	lake   lake.Reader
}

// copyLake gives the engine copies of the lake's files where it needs them.
func (m *Mill) copyLake() error {
	if !remote(m.Lake) && (m.ReadFrom == nil || !remote(m.ReadFrom.Lake)) || m.Reading != nil && (m.Reading.Way == InPlace || m.Reading.Lake) || m.Work == "" {
		return nil
	}
	var seen string
	if e, ok := m.Engine.(Distant); ok {
		seen = e.Seen()
	}
	dir := filepath.Join(cmp.Or(seen, m.Work), "lake")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("copies of the lake's files: %w", err)
	}
	m.copies = lake.NewCopies(m.Lake, dir)
	m.Engine = &copier{Engine: m.Engine, copies: m.copies, lake: m.Lake}
	return nil
}

// Make implements Engine.
func (c *copier) Make(ctx context.Context, t job.Task) (file job.File, err error) {
	if t.Inputs, err = c.inputs(ctx, t.Inputs); err != nil {
		return file, err
	}
	return c.Engine.Make(ctx, t)
}

// Test implements Engine.
func (c *copier) Test(ctx context.Context, t job.Task, file job.File) (results []job.TestResult, err error) {
	if t.Inputs, err = c.inputs(ctx, t.Inputs); err != nil {
		return nil, err
	}
	if file.Path, err = c.path(ctx, file.Path); err != nil {
		return nil, err
	}
	return c.Engine.Test(ctx, t, file)
}

// Audit implements Engine.
func (c *copier) Audit(ctx context.Context, a job.Audit) (result job.TestResult, err error) {
	if a.Inputs, err = c.inputs(ctx, a.Inputs); err != nil {
		return result, err
	}
	return c.Engine.Audit(ctx, a)
}

func (c *copier) inputs(ctx context.Context, in job.Inputs) (job.Inputs, error) {
	files := map[string][]string{}
	for name, paths := range in.Files {
		for _, path := range paths {
			local, err := c.path(ctx, path)
			if err != nil {
				return in, err
			}
			files[name] = append(files[name], local)
		}
	}
	in.Files = files
	return in, nil
}

// path is where the engine finds a file: staged by this run, or published.
func (c *copier) path(ctx context.Context, path string) (string, error) {
	key, published := lake.KeyAt(c.lake, path)
	if !published || !strings.Contains(path, "://") {
		return path, nil
	}
	local, err := c.copies.Path(ctx, key)
	if err != nil {
		return "", &StoreError{Op: "read", URL: path, Err: err}
	}
	return local, nil
}
