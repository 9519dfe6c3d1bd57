package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"ledgermill/engine/faulttest"
	"ledgermill/warehouse/warehousetest"
)

// start starts a run in a process of its own whose calls nobody watches.
func (s *nightSite) start(t *testing.T, more ...string) (cmd *exec.Cmd, out *strings.Builder) {
	t.Helper()
	args := s.args(t, append([]string{"run"}, more...)...)
	cmd, out = exec.CommandContext(t.Context(), "/proc/self/exe", args[1:]...), &strings.Builder{}
	cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = append(s.env(), fmt.Sprintf("%s=%d", crashChild, s.night.budget)), s.dir, out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, out
}

// killed runs a process and kills it after a while; it may end before.
func (s *nightSite) killed(t *testing.T, after time.Duration, more ...string) faulttest.Ended {
	t.Helper()
	cmd, out := s.start(t, more...)
	timer := time.AfterFunc(after, func() { _ = cmd.Process.Signal(syscall.SIGKILL) })
	defer timer.Stop()
	var exit *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	status := cmd.ProcessState.Sys().(syscall.WaitStatus)
	return faulttest.Ended{Killed: status.Signaled(), Exit: cmd.ProcessState.ExitCode(), Output: out.String()}
}

// TestRandomKills kills runs at any moment, and of some the run that repairs them,
// too.
func TestRandomKills(t *testing.T) {
	t.Parallel()
	count := warehousetest.Stride(2, 14, 14)
	if *crashKills > 0 {
		count = (*crashKills + 3) / 4
	}
	onNights(t, func(t *testing.T, n *night) {
		undisturbed := n.copy(t)
		began := time.Now()
		undisturbed.killed(t, nightLimit)
		took := time.Since(began)
		random := rand.New(rand.NewPCG(*crashSeed, 2))
		var mu sync.Mutex
		kills, violations, runs := 0, 0, 0
		t.Cleanup(func() {
			t.Logf("%s, seed %d: %d runs, %d kills within %s, %d violations", t.Name(), *crashSeed, runs, kills, took.Round(time.Millisecond), violations)
		})
		for i := range count {
			first, second, again := random.Int64N(int64(took)), random.Int64N(int64(took)), random.IntN(3) == 0
			t.Run(fmt.Sprintf("%d after %s", i, time.Duration(first).Round(time.Millisecond)), func(t *testing.T) {
				t.Parallel()
				site := n.copy(t)
				defer site.drop(t)
				d := disturbance{site: site, kind: sweepKind{name: "random kill", fault: faulttest.Kill}}
				d.run = site.killed(t, time.Duration(first))
				ended := []faulttest.Ended{d.run}
				if again {
					d.run = site.killed(t, time.Duration(second))
					ended = append(ended, d.run)
				}
				d.repair(t)
				found := d.violations()
				if len(found) > 0 {
					t.Errorf("killed after %s, and again %t after %s:\n%s\nthe run printed:\n%s", time.Duration(first), again, time.Duration(second), strings.Join(found, "\n"), d.run.Output)
				}
				mu.Lock()
				defer mu.Unlock()
				violations += len(found)
				for _, e := range ended {
					runs++
					if e.Killed {
						kills++
					}
				}
			})
		}
	})
}

// TestSecondSignal stops a run that cannot end, since a write of it does not return:
// the first signal waits for it, the second one ends the process at once.
func TestSecondSignal(t *testing.T) {
	t.Parallel()
	n := newNight(t, nil, 0)
	half := len(n.points(t)) / 2
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			site := n.copy(t)
			child := site.child(t)
			child.At, child.Fault = half, faulttest.Hold
			signals, ended := 0, make(chan struct{})
			child.Reached = func(p *os.Process) {
				go func() { // which of them finds the first one taken is the scheduler's business
					defer close(ended)
					for p.Signal(signal) == nil {
						signals++
						time.Sleep(20 * time.Millisecond)
					}
				}()
			}
			d := disturbance{site: site, at: child.At, kind: sweepKind{name: "second signal", fault: faulttest.Kill}}
			var err error
			if d.run, err = child.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			if d.run.Hit == "" {
				t.Fatalf("no point %d was reached\n%s", child.At, d.run.Output)
			}
			<-ended // the signal that ends the process is counted after it has done so
			if !d.run.Killed || d.run.Hung || signals < 2 {
				t.Errorf("at %q: killed %t, hung %t, exit %d, by %d signals\n%s", d.run.Hit, d.run.Killed, d.run.Hung, d.run.Exit, signals, d.run.Output)
			}
			d.repair(t)
			if found := d.violations(); len(found) > 0 {
				t.Error(strings.Join(found, "\n"))
			}
		})
	}
}
