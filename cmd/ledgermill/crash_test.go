package main

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"ledgermill/engine"
	"ledgermill/engine/faulttest"
	"ledgermill/engine/lake/s3test"
	"ledgermill/engine/ledger"
	"ledgermill/warehouse/warehousetest"
)

var (
	crashSeed  = flag.Uint64("crash.seed", 1, "which points the sweep takes where it does not take all, and when random kills come")
	crashPart  = flag.String("crash.part", "1/1", "which part of its points a sweep takes: 3/20 is the third of twenty")
	crashKills = flag.Int("crash.kills", 0, "how many runs are killed at random, on all stores together; 0: as many as there is time for")
)

// sweepKind is what happens at a point.
type sweepKind struct {
	name              string
	fault             faulttest.Fault
	usual, long, full int                                            // of so many points it does: usually, in CI, and in full; 0: all
	reached           func(*testing.T, *nightSite) func(*os.Process) // nil: nothing happens beside the fault
	exits             []int                                          // of a run that did not do all of its work
	says              string                                         // what such a run says
}

func sweepKinds() []sweepKind {
	failed := []int{engine.ExitFailed, engine.ExitUnreachable}
	return []sweepKind{
		{name: "error", fault: faulttest.Fail, usual: 3, long: 24, exits: failed, says: "error: |failed"},
		{name: "kill", fault: faulttest.Kill, usual: 3, long: 24},
		{name: "full disk", fault: faulttest.Full, usual: 1, long: 8, full: 150, exits: failed, says: "o space left"},
		{name: "terminated", fault: faulttest.Pass, usual: 1, long: 8, full: 150, exits: []int{engine.ExitTerminated}, says: "interrupted by terminated",
			reached: func(t *testing.T, _ *nightSite) func(*os.Process) {
				return func(p *os.Process) {
					if err := p.Signal(syscall.SIGTERM); err != nil {
						t.Error(err)
					}
				}
			}},
		{name: "stolen lock", fault: faulttest.Pass, usual: 1, long: 8, full: 150, exits: append(failed, engine.ExitLocked), says: "error: ", reached: steal},
	}
}

// steal lets another run do all of the work while the first one stands still: it has
// taken the lock away, as from a machine that was thought dead.
func steal(t *testing.T, s *nightSite) func(*os.Process) {
	return func(*os.Process) {
		_, root := s.stores(t)
		if err := root.Remove(t.Context(), ledger.Prefix+"lock"); err != nil {
			t.Error(err)
		}
		exit, out := s.run(t)
		if exit != s.night.exit && exit != engine.ExitLocked { // the warehouse's lock is the server's, which knows who lives
			t.Errorf("the thief: exit %d\n%s", exit, out)
		}
	}
}

// TestSweep disturbs a run at the first, second, ... point until one passes untouched:
// a call of a store, a statement of DuckDB, a message to PostgreSQL or a bucket, a
// change of a file or a directory. Once the point fails, once the process is killed
// there. The next run has to bring about what an undisturbed one does.
func TestSweep(t *testing.T) {
	t.Parallel()
	onNights(t, func(t *testing.T, n *night) {
		points := n.points(t)
		for _, kind := range sweepKinds() {
			t.Run(kind.name, func(t *testing.T) {
				t.Parallel()
				(&sweep{night: n, kind: kind, points: points, sums: map[string]int{}, reached: map[string]int{}}).run(t)
			})
		}
	})
}

// parking is a budget that two objects of a day fill: what has landed waits on disk.
const parking = 1500

// onNights runs a test on a directory and on a server.
func onNights(t *testing.T, test func(*testing.T, *night)) {
	t.Helper()
	t.Run("directory", func(t *testing.T) {
		t.Parallel()
		test(t, newNight(t, nil, 0))
	})
	t.Run("parked", func(t *testing.T) {
		t.Parallel()
		test(t, newNight(t, nil, parking))
	})
	for _, program := range []s3test.Program{s3test.MinIO(), s3test.Versity()} {
		t.Run(program.Name, func(t *testing.T) {
			t.Parallel()
			if !s3test.Wanted() {
				t.Skip("LEDGERMILL_TEST_NO_S3 is set")
			}
			if program.Name != s3test.MinIO().Name && !warehousetest.Long() {
				t.Skip("one server is enough but in CI")
			}
			test(t, newNight(t, program.Shared(t), 0))
		})
	}
}

// points are those of a run that nothing disturbs.
func (n *night) points(t *testing.T) []string {
	t.Helper()
	s := n.copy(t)
	defer s.drop(t)
	ended, err := s.child(t).Run(t.Context())
	var unsupported *faulttest.UnsupportedError
	if errors.As(err, &unsupported) {
		t.Skip(err)
	}
	if err != nil || ended.Exit != n.exit {
		t.Fatalf("exit %d, %v\n%s", ended.Exit, err, ended.Output)
	}
	t.Logf("seed %d, %s", *crashSeed, table(fmt.Sprintf("%d points of an undisturbed run:", len(ended.Points)), strata(ended.Points)))
	return ended.Points
}

// sweep is one kind of disturbance at one store.
type sweep struct {
	*night
	kind   sweepKind
	points []string

	mu      sync.Mutex
	sums    map[string]int // what came of the runs
	reached map[string]int // points that were disturbed, by stratum
	repairs []time.Duration
	wrong   int
}

func (s *sweep) run(t *testing.T) {
	t.Cleanup(func() { s.report(t) })
	every := s.kind.full
	if every == 0 {
		every = len(s.points)
	}
	part, parts := sweptPart(t)
	for i, at := range s.chosen(warehousetest.Stride(s.kind.usual, s.kind.long, every)) {
		if i%parts != part {
			continue
		}
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			t.Parallel()
			s.disturb(t, at)
		})
	}
	if every < len(s.points) || part < parts-1 || !warehousetest.Full() {
		return
	}
	t.Run("until one passes untouched", func(t *testing.T) {
		for at := len(s.points) + 1; s.disturb(t, at) != ""; at++ {
		}
	})
}

// sweptPart is the part that -crash.part names, from 0, and how many there are.
func sweptPart(t *testing.T) (part, parts int) {
	t.Helper()
	if _, err := fmt.Sscanf(*crashPart, "%d/%d", &part, &parts); err != nil || part < 1 || part > parts {
		t.Fatalf("-crash.part %q is not one like 3/20", *crashPart)
	}
	return part - 1, parts
}

// knownPoints are parts of the names of points at which the sweep has found defects: they
// are never left out.
func knownPoints() []string {
	return []string{"input: read loans/2025-05-04.csv.control.json", `duckdb: create or replace temp view "desk_days"`, "lake: put _ledger/runs/"}
}

// chosen are the numbers of n points: those at which defects were, then of each stratum
// one, as far as that goes, the others by chance.
func (s *sweep) chosen(n int) []int {
	random := rand.New(rand.NewPCG(*crashSeed, uint64(len(s.kind.name))))
	order := random.Perm(len(s.points))
	var known, first, others []int
	seen := map[string]bool{}
	for _, i := range order {
		name, list := stratum(s.points[i]), &first
		for _, part := range knownPoints() {
			if s.kind.fault == faulttest.Fail && strings.Contains(s.points[i], part) {
				name, list = part, &known
			}
		}
		if seen[name] {
			list = &others
		}
		seen[name] = true
		*list = append(*list, i+1)
	}
	all := slices.Concat(known, first, others)
	all = all[:min(n, len(all))]
	slices.Sort(all)
	return all
}

// disturb runs a copy with a fault at a point, lets it be repaired and checks the
// invariants. It returns the point, "" if the run did not come to it.
func (s *sweep) disturb(t *testing.T, at int) string {
	t.Helper()
	site := s.copy(t)
	defer site.drop(t)
	child := site.child(t)
	child.At, child.Fault = at, s.kind.fault
	if s.kind.reached != nil {
		child.Reached = s.kind.reached(t, site)
	}
	d := disturbance{site: site, at: at, kind: s.kind}
	began := time.Now()
	var err error
	if d.run, err = child.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.took = time.Since(began)
	d.repair(t)
	found := d.violations()
	if len(found) > 0 {
		t.Errorf("%s at point %d, %s:\n%s\nthe run printed:\n%s", s.kind.name, at, d.run.Hit, strings.Join(found, "\n"), d.run.Output)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wrong += len(found)
	s.repairs = append(s.repairs, d.repairs)
	switch {
	case d.run.Hit == "":
		s.sums["passed untouched"]++
	case d.run.Killed:
		s.sums["killed"]++
	default:
		s.sums[fmt.Sprintf("exit %d", d.run.Exit)]++
	}
	if d.run.Hit != "" {
		s.reached[stratum(d.run.Hit)]++
	}
	return d.run.Hit
}

func (s *sweep) report(t *testing.T) {
	slices.Sort(s.repairs)
	if len(s.repairs) == 0 {
		return
	}
	disturbed := 0
	for _, n := range s.reached {
		disturbed += n
	}
	t.Logf("%s, seed %d: %d of %d points disturbed, %d violations; repairs took %s at the median and %s at p99\n%s%s", t.Name(), *crashSeed,
		disturbed, len(s.points), s.wrong, s.repairs[len(s.repairs)/2].Round(time.Millisecond), s.repairs[len(s.repairs)*99/100].Round(time.Millisecond),
		table("what came of the runs:", s.sums), table("points disturbed:", s.reached))
}
