package engine_test

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"ledgermill/engine"
	"ledgermill/engine/lake"
)

var rerunsFlag = flag.Int("reruns", 0, "how often TestReadersDuringReruns makes the day again; by default 4 times, and 100 with "+longVariable+" set")

func reruns() int {
	switch {
	case *rerunsFlag > 0:
		return *rerunsFlag
	case long():
		return 100
	}
	return 4
}

// TestReadersDuringReruns polls a day with readers that know nothing of the mill
// while it is made again and again, with other rows each time: a reader finds the
// old total or the new one, or fails.
func TestReadersDuringReruns(t *testing.T) {
	t.Parallel()
	onSites(t, func(t *testing.T, at site) {
		if at.program == nil || at.fetch {
			t.Skip("readers of a bucket do not see how the mill reads")
		}
		b := newBenchAt(t, inPlaceProject(), at)
		write := func(version int) {
			var text strings.Builder
			text.WriteString("id,d,v,note\n")
			n := 4_000 + 1_000*version
			for i := range n {
				fmt.Fprintf(&text, "%d,2025-01-01,%d.50,note %d of version %d\n", i, i%(100+version), i*7919, version)
			}
			b.write("t/1.csv", text.String())
			b.write("t/1.csv.control.json", fmt.Sprintf(`{"records": %d}`, n))
		}
		_, root := b.stores()
		allowed := map[string]bool{}
		for version := range 2 {
			write(version)
			b.run(engine.Selection{})
			allowed[totalOf(t, root.(*lake.Bucket))] = true
		}
		if len(allowed) != 2 {
			t.Fatalf("the versions have the totals %v", allowed)
		}
		ctx, stop := context.WithCancel(t.Context())
		readers := startReaders(ctx, t, root.(*lake.Bucket))
		for i := range reruns() {
			write(i % 2)
			b.run(engine.Selection{})
		}
		stop()
		for _, r := range readers {
			r.done.Wait()
			if len(r.totals) == 0 || len(r.totals) < len(allowed) && reruns() >= 100 {
				t.Errorf("%s found %d totals: %v", r.name, len(r.totals), r.failures)
			}
			for total := range r.totals {
				if !allowed[total] {
					t.Errorf("%s found %s, allowed are %v", r.name, total, slices.Collect(maps.Keys(allowed)))
				}
			}
			t.Logf("%s: %d polls, %d failures %v", r.name, r.polls, len(r.failures), r.failures[:min(1, len(r.failures))])
		}
	})
}

// poller is a reader and what it has found.
type poller struct {
	name     string
	done     sync.WaitGroup
	totals   map[string]bool
	polls    int
	failures []string
}

func (p *poller) found(total string, err error) {
	p.polls++
	if err != nil {
		p.failures = append(p.failures, err.Error())
		return
	}
	p.totals[total] = true
}

// startReaders polls with a DuckDB of its own, and with pyarrow where there is one.
func startReaders(ctx context.Context, t *testing.T, root *lake.Bucket) []*poller {
	t.Helper()
	duck := &poller{name: "duckdb", totals: map[string]bool{}}
	duck.done.Go(func() {
		for ctx.Err() == nil {
			// A reader that has met a replaced object wants a new session (duckdb-httpfs#338).
			total, err := duckTotal(ctx, root)
			if ctx.Err() == nil {
				duck.found(total, err)
			}
		}
	})
	readers := []*poller{duck}
	python, err := exec.LookPath("python3")
	if err == nil {
		err = exec.CommandContext(ctx, python, "-c", "import pyarrow.dataset").Run()
	}
	if err != nil {
		t.Logf("no pyarrow to read with: %v", err)
		if long() {
			t.Error("in full length the day is polled with pyarrow, too: python3 -m pip install pyarrow")
		}
		return readers
	}
	arrow := &poller{name: "pyarrow", totals: map[string]bool{}}
	arrow.done.Go(func() {
		if err := pollWithArrow(ctx, python, root, arrow); err != nil && ctx.Err() == nil {
			arrow.failures = append(arrow.failures, err.Error())
		}
	})
	return append(readers, arrow)
}

// totalOf is what a reader finds that nobody disturbs.
func totalOf(t *testing.T, root *lake.Bucket) string {
	t.Helper()
	total, err := duckTotal(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	return total
}

// duckTotal is what a plain DuckDB finds below the dataset.
func duckTotal(ctx context.Context, root *lake.Bucket) (total string, err error) {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	a := root.Access()
	for _, statement := range []string{
		"load '" + extension().Path + "'",
		fmt.Sprintf("create temporary secret s (type s3, key_id '%s', secret '%s', endpoint '%s', region '%s', url_style 'path', use_ssl %t)",
			a.AccessKey.Reveal(), a.SecretKey.Reveal(), a.Host, a.Region, a.Secure),
	} {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return "", err
		}
	}
	var n int64
	var sum string
	err = db.QueryRowContext(ctx, "select count(*), cast(sum(v) as varchar) from read_parquet('"+root.Location("t/**/*.parquet")+"', hive_partitioning = true)").Scan(&n, &sum)
	return fmt.Sprintf("%d %s", n, sum), err
}

const arrowPoll = `
import os, sys, pyarrow.dataset as ds, pyarrow.compute as pc
from pyarrow.fs import S3FileSystem
fs = S3FileSystem(access_key=os.environ["ACCESS"], secret_key=os.environ["SECRET"], endpoint_override=os.environ["ENDPOINT"], region=os.environ["REGION"], scheme="http")
while True:
    try:
        table = ds.dataset(os.environ["PLACE"], filesystem=fs, format="parquet", partitioning="hive").to_table(columns=["v"])
        print(table.num_rows, pc.sum(table["v"]), flush=True)
    except (OSError, ValueError) as e:
        print("error", str(e).replace("\n", " "), flush=True)
`

func pollWithArrow(ctx context.Context, python string, root *lake.Bucket, p *poller) error {
	a := root.Access()
	cmd := exec.CommandContext(ctx, python, "-c", arrowPoll)
	cmd.Env = append(os.Environ(), "ACCESS="+a.AccessKey.Reveal(), "SECRET="+a.SecretKey.Reveal(), "ENDPOINT="+a.Host, "REGION="+a.Region,
		"PLACE="+strings.TrimPrefix(root.Location("t"), "s3://"))
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		text, failed := strings.CutPrefix(lines.Text(), "error ")
		if failed {
			p.found("", errors.New(text))
		} else {
			p.found(text, nil)
		}
	}
	return cmd.Wait()
}
