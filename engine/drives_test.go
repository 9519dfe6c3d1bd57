package engine_test

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine"
	"ledgermill/engine/lake/s3test"
)

// TestMinIOLosesADrive: what is asked of a MinIO of several drives is its endpoint. One
// of the four of an erasure set goes while units are made and published, and the lake is
// the one that is made in a directory.
func TestMinIOLosesADrive(t *testing.T) {
	if !sitesAsked() {
		t.Skip("starts a server of its own: set " + longVariable)
	}
	var drives []string
	server := s3test.MinIO().Own(t, func(o *s3test.Options) {
		for i := range 4 {
			drives = append(drives, filepath.Join(o.Data, "drive"+strconv.Itoa(i+1)))
			if err := os.Mkdir(drives[i], 0o755); err != nil {
				t.Fatal(err)
			}
		}
		// The drives of a test are directories of one disk, the root's perhaps.
		o.Drives, o.Environment = drives, []string{"MINIO_CI_CD=1"}
	})
	plain := newBench(t, bank())
	generate(t, plain, 5_000, 2, "2025-01-31")
	plain.run(engine.Selection{})
	b := newBench(t, bank())
	b.buckets = &buckets{server: server, raw: server.Bucket(t) + "/raw", lake: server.Bucket(t) + "/lake", sent: map[string]string{}}
	generate(t, b, 5_000, 2, "2025-01-31")
	m := b.open(true)
	var once sync.Once
	m.Progress = func(p engine.Progress) {
		if p.Step == "models" {
			once.Do(func() {
				if err := os.Rename(drives[3], drives[3]+".pulled"); err != nil {
					t.Error(err)
				}
			})
		}
	}
	report, err := m.Execute(t.Context(), engine.Selection{})
	if err := errors.Join(err, m.Close()); err != nil {
		t.Fatal(err)
	}
	if report.Exit != engine.ExitDone {
		t.Errorf("exit %d: %v", report.Exit, report.Verdicts)
	}
	// Each file holds its fingerprint, and that the ETags of the objects.
	if d := cmp.Diff(plain.contents(), b.contents()); d != "" {
		t.Errorf("hashes of rows (-directory +drives):\n%s", d)
	}
	if again := b.run(engine.Selection{}); !again.NothingToDo() {
		t.Errorf("a second run made %v", again.Units)
	}
}

// contents are the hashes of the rows of every published unit.
func (b *bench) contents() map[string]string {
	b.t.Helper()
	state, all := b.open(false).State(), map[string]string{}
	for _, dataset := range []string{"transactions", "daily_transaction_summary", "merchant_daily_summary", "customers_dim", "merchants_dim"} {
		for _, unit := range state.UnitNames(dataset) {
			record, _ := state.Unit(dataset, unit)
			all[dataset+" "+unit] = record.Content
		}
	}
	if len(all) == 0 {
		b.t.Error("nothing is published")
	}
	return all
}
