package cases

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"ledgermill/bench/pipeline"
)

// lake is the whole data as the mill publishes it.
func (d data) lake() string { return filepath.Join(d.dir(), "lake") }

// makeLake publishes what is not published yet.
func (d data) makeLake(ctx context.Context, project fs.FS) (err error) {
	if _, err := os.Stat(filepath.Join(d.lake(), "transactions")); err == nil {
		return nil
	}
	if err := d.make(ctx); err != nil {
		return err
	}
	m, err := d.openMill(ctx, project, d.input(), d.lake(), d.Dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.close()) }()
	return m.run(ctx)
}

// published is a table of a lake's rows, as DuckDB reads them.
func published(root string, t pipeline.Table) string {
	return fmt.Sprintf("read_parquet('%s/%s/**/*.parquet', hive_partitioning = false)", root, t.Dataset)
}

// unit is a published file of a dated dataset.
type unit struct {
	table pipeline.Table
	date  time.Time
	path  string
}

// units are the published files of the dated datasets, the facts first.
func units(root string) (all []unit, err error) {
	for _, t := range pipeline.Tables() {
		paths, err := filepath.Glob(filepath.Join(root, t.Dataset, "year=*", "month=*", "day=*", "*.parquet"))
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			var year, month, day int
			rest, _ := filepath.Rel(filepath.Join(root, t.Dataset), filepath.Dir(path))
			if _, err := fmt.Sscanf(rest, "year=%d/month=%d/day=%d", &year, &month, &day); err != nil {
				return nil, fmt.Errorf("date of %s: %w", path, err)
			}
			all = append(all, unit{t, time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC), path})
		}
	}
	return all, nil
}
