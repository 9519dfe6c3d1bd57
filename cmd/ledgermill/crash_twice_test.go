package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"ledgermill/engine"
	"ledgermill/engine/faulttest"
	"ledgermill/warehouse/warehousetest"
)

// onHost makes a run on a machine of another name, with a cache of its own. Who may not
// name a machine stays on this one.
func (s *nightSite) onHost(t *testing.T, name string) (cmd *exec.Cmd, out *strings.Builder) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	args := s.args(t, "--setting", "engine.cache_directory="+filepath.Join(s.dir, "cache-"+name), "run")[1:]
	if os.Geteuid() == 0 {
		cmd = exec.CommandContext(t.Context(), "sh", append([]string{"-c", `hostname "$0" && exec "$@"`, name, program}, args...)...)
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS}
	} else {
		cmd = exec.CommandContext(t.Context(), program, args...)
	}
	out = &strings.Builder{}
	cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = append(s.env(), fmt.Sprintf("%s=%d", crashChild, s.night.budget)), s.dir, out, out
	return cmd, out
}

// TestTwoMachines starts two runs of the same night together, in processes with caches
// and host names of their own: one publishes, the other stops or finds nothing to do,
// and what is there is what one run alone makes.
func TestTwoMachines(t *testing.T) {
	t.Parallel()
	rounds := warehousetest.Stride(1, 5, 5)
	onNights(t, func(t *testing.T, n *night) {
		for round := range rounds {
			t.Run(fmt.Sprint(round), func(t *testing.T) {
				t.Parallel()
				site := n.copy(t)
				defer site.drop(t)
				together(t, site)
			})
		}
	})
}

func together(t *testing.T, site *nightSite) {
	t.Helper()
	var cmds [2]*exec.Cmd
	var outs [2]*strings.Builder
	for i := range cmds {
		cmds[i], outs[i] = site.onHost(t, fmt.Sprintf("mill-%d", i))
		if err := cmds[i].Start(); err != nil {
			t.Fatal(err)
		}
	}
	winner, exits := -1, [2]int{}
	for i, cmd := range cmds {
		var exit *exec.ExitError
		if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		exits[i] = cmd.ProcessState.ExitCode()
		if exits[i] == site.night.exit && winner < 0 {
			winner = i
		}
	}
	if winner < 0 {
		t.Fatalf("neither run did its work: exits %v\n%s\n%s", exits, outs[0], outs[1])
	}
	loser := 1 - winner
	if !slices.Contains([]int{engine.ExitDone, engine.ExitLocked, site.night.exit}, exits[loser]) {
		t.Errorf("the other run: exit %d\n%s", exits[loser], outs[loser])
	}
	d := disturbance{site: site, kind: sweepKind{name: "two machines"}, run: faulttest.Ended{Exit: exits[winner], Output: outs[winner].String()}}
	d.repair(t)
	if found := d.violations(); len(found) > 0 {
		t.Errorf("%s\nexits %v, the runs printed:\n%s\n%s", strings.Join(found, "\n"), exits, outs[0], outs[1])
	}
}
