package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ledgermill/engine"
	"ledgermill/engine/faulttest"
	"ledgermill/engine/lake/s3test"
	"ledgermill/warehouse/warehousetest"
)

// TestSmallDisk leaves a run ever more room on a real file system, from none until it
// passes: on the lake's, where staged files and the ledger are as well, and on that of
// what is spilled, parked and fetched, with a directory and with a bucket.
func TestSmallDisk(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("a small file system takes root to mount")
	}
	for _, c := range []struct {
		place  string
		bucket bool
	}{{"lake", false}, {"temp", false}, {"temp", true}} {
		t.Run(fmt.Sprintf("%s bucket %t", c.place, c.bucket), func(t *testing.T) {
			t.Parallel()
			var server *s3test.Server
			if c.bucket {
				if !s3test.Wanted() {
					t.Skip("LEDGERMILL_TEST_NO_S3 is set")
				}
				server = s3test.MinIO().Shared(t)
			}
			budget := int64(0)
			if c.place == "temp" && !c.bucket {
				budget = parking
			}
			n := newNight(t, server, budget)
			stride := warehousetest.Stride(8, 4, 1)
			fulls := 0
			for pages := 0; n.inRoom(t, c.place, int64(pages)<<12); pages += stride {
				fulls++
			}
			t.Logf("%d runs on a full disk, one each %d kB", fulls, stride*4)
			if fulls == 0 {
				t.Error("no disk was full")
			}
		})
	}
}

// inRoom runs with so many bytes free and reports whether that was too little.
func (n *night) inRoom(t *testing.T, place string, free int64) (full bool) {
	t.Helper()
	site := n.copy(t)
	defer site.drop(t)
	disk := faulttest.NewSmallDisk(t, filepath.Join(site.dir, place), "4m")
	defer disk.Release()
	disk.Fill(free)
	d := disturbance{site: site, kind: sweepKind{name: "small disk", exits: []int{engine.ExitFailed}, says: "o space left"}}
	began := time.Now()
	d.run.Exit, d.run.Output = site.run(t)
	d.took = time.Since(began)
	disk.Free()
	d.repair(t)
	if found := d.violations(); len(found) > 0 {
		t.Errorf("%d bytes free in %s:\n%s\nthe run printed:\n%s", free, place, strings.Join(found, "\n"), d.run.Output)
		return false
	}
	return d.run.Exit != n.exit
}
