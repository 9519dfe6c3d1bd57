package cases

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"ledgermill/bench"
	"ledgermill/bench/peers"
	"ledgermill/bench/pipeline"
	"ledgermill/bench/result"
)

// scripted is what somebody would do by hand who knows both shells well.
type scripted struct {
	*peerSuite
	dir, duckdb, psql, url string
}

// scripts makes the lake by the duckdb shell and, to load, fills the warehouse by psql.
func (s *peerSuite) scripts(load bool) func(context.Context) (*bench.Trial, error) {
	return func(ctx context.Context) (*bench.Trial, error) {
		duckdb, psql, err := peers.FindShells()
		if err != nil {
			return nil, err
		}
		dir, err := s.scratch()
		if err != nil {
			return nil, err
		}
		by := &scripted{peerSuite: s, dir: dir, duckdb: duckdb, psql: psql}
		if !load {
			return &bench.Trial{Run: by.makeLake, Check: s.checkLake(dir), Close: func(context.Context) error { return os.RemoveAll(dir) }}, nil
		}
		url, drop, err := s.database(ctx, dir)
		if err != nil {
			return nil, errors.Join(err, os.RemoveAll(dir))
		}
		by.url = url
		return &bench.Trial{
			Run: func(ctx context.Context, sample *result.Sample) error {
				clock := newClock(sample)
				if err := by.makeLake(ctx, sample); err != nil {
					return err
				}
				clock.stage("lake")
				err := by.load(ctx, sample)
				clock.stage("load")
				return err
			},
			Check: func(ctx context.Context, sample *result.Sample) error {
				return s.checkOutput(ctx, sample, url, filepath.Join(dir, "lake"), storedBy(dir))
			},
			Close: func(ctx context.Context) error { return errors.Join(drop(ctx), os.RemoveAll(dir)) },
		}, nil
	}
}

// shell runs a script.
func (by *scripted) shell(ctx context.Context, sample *result.Sample, text string) error {
	cmd := exec.CommandContext(ctx, by.duckdb, "-bail", ":memory:")
	// As much memory as the mill has, and the same disk to spill to.
	cmd.Stdin = strings.NewReader(fmt.Sprintf("set memory_limit = '%dB';\nset temp_directory = '%s';\n%s", by.Memory, filepath.Join(by.dir, "spill"), text))
	return measured(cmd, sample)
}

func (by *scripted) makeLake(ctx context.Context, sample *result.Sample) error {
	objects, err := by.objects()
	if err != nil {
		return err
	}
	p := &pipeline.Pipeline{Switches: pipeline.Full(), Objects: objects, Models: map[string]string{}, Lake: filepath.Join(by.dir, "lake")}
	for _, t := range pipeline.Tables() {
		text, err := fs.ReadFile(by.project, "sql/models/"+t.Dataset+".sql")
		if err != nil {
			return err
		}
		p.Models[t.Dataset] = string(text)
	}
	script, err := p.Script()
	if err != nil {
		return err
	}
	return by.shell(ctx, sample, script)
}

// load writes files for the server and has a psql a core copy them into leaves.
func (by *scripted) load(ctx context.Context, sample *result.Sample) error {
	all, err := units(filepath.Join(by.dir, "lake"))
	if err != nil {
		return err
	}
	files := filepath.Join(by.dir, "csv")
	if err := os.Mkdir(files, 0o755); err != nil {
		return err
	}
	var export strings.Builder
	workers := make([]strings.Builder, runtime.NumCPU())
	shapes := map[string]pipeline.Shape{}
	err = connected(ctx, by.url, func(conn *pgx.Conn) (err error) {
		for _, t := range pipeline.Tables() {
			if shapes[t.Name], err = pipeline.ShapeOf(ctx, conn, t.Name); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i, u := range all {
		file := filepath.Join(files, fmt.Sprintf("%d.csv", i))
		fmt.Fprintf(&export, "copy (select %s from read_parquet('%s', hive_partitioning = false)) to '%s' (format csv, header false);\n", strings.Join(u.table.Stored(), ", "), u.path, file)
		workers[i%len(workers)].WriteString(leafScript(u, file, fmt.Sprintf("by_hand_%d", i), shapes[u.table.Name]))
	}
	if err := by.shell(ctx, sample, export.String()); err != nil {
		return err
	}
	parsed, err := pgx.ParseConfig(by.url)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	for i := range workers {
		group.Go(func() error {
			cmd := exec.CommandContext(ctx, by.psql, "-X", "-q", "-v", "ON_ERROR_STOP=1")
			cmd.Stdin = strings.NewReader(workers[i].String())
			cmd.Env = append(os.Environ(), "PGHOST="+parsed.Host, fmt.Sprintf("PGPORT=%d", parsed.Port), "PGUSER="+parsed.User, "PGPASSWORD="+parsed.Password, "PGDATABASE="+parsed.Database)
			if said, err := cmd.CombinedOutput(); err != nil {
				return fmt.Errorf("psql: %w: %s", err, lastWords(string(said)))
			}
			return nil
		})
	}
	return group.Wait()
}

func leafScript(u unit, file, leaf string, shape pipeline.Shape) string {
	from, to := u.date.Format(time.DateOnly), u.date.AddDate(0, 0, 1).Format(time.DateOnly)
	return fmt.Sprintf(`begin;
create table %[1]s (like %[2]s including defaults including constraints including storage, check (transaction_date >= date '%[3]s' and transaction_date < date '%[4]s'));
copy %[1]s (%[5]s) from '%[6]s' (format csv, freeze);
commit;
%[7]s;
analyze %[1]s;
alter table %[2]s attach partition %[1]s for values from ('%[3]s') to ('%[4]s');
`, leaf, u.table.Name, from, to, strings.Join(u.table.Stored(), ", "), file, strings.Join(shape.Statements(leaf), ";\n"))
}
