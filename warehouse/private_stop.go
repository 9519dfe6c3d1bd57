package warehouse

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// stop ends the server if it runs. The shutdown writes a checkpoint, which may
// take a moment after a big load.
func (p place) stop(ctx context.Context) error {
	postmaster, err := p.readPostmaster()
	if postmaster == nil || err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), stopPatience, errors.New("the private server does not stop"))
	defer cancel()
	control := filepath.Join(p.binaries(), "bin", "pg_ctl")
	if !exists(control) {
		return p.interrupt(ctx, postmaster.pid)
	}
	cmd := exec.CommandContext(ctx, control, "stop", "-w", "-m", "fast", "-t", strconv.Itoa(int(stopPatience.Seconds())), "-D", p.data())
	cmd.Env = helperEnvironment(p)
	cmd.Dir = p.home
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: p.credential, Setpgid: true}
	if text, err := cmd.CombinedOutput(); err != nil {
		if postmaster, readErr := p.readPostmaster(); postmaster == nil && readErr == nil {
			return nil
		}
		return fmt.Errorf("pg_ctl stop: %w: %s", err, strings.TrimSpace(string(text)))
	}
	return nil
}

// interrupt does what pg_ctl does, for a server of another release than this program
// fetches: one that was adopted, whose pg_ctl lies elsewhere or nowhere any more.
func (p place) interrupt(ctx context.Context, pid int) error {
	if err := p.mayInterrupt(pid); err != nil {
		return err
	}
	if err := syscall.Kill(pid, syscall.SIGINT); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("interrupt process %d: %w", pid, err)
	}
	tick := time.NewTicker(lockPoll)
	defer tick.Stop()
	for {
		if left, err := p.readPostmaster(); left == nil || left.pid != pid || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("process %d: %w", pid, context.Cause(ctx))
		case <-tick.C:
		}
	}
}

// mayInterrupt keeps root from a process that is not the server user's: that user
// writes the file which names it. From anybody else's process others are kept by the
// system.
func (p place) mayInterrupt(pid int) error {
	if p.credential == nil {
		return nil
	}
	info, err := os.Stat(fmt.Sprintf("/proc/%d", pid))
	if err != nil {
		return fmt.Errorf("whose process %d is, which %s names: %w", pid, p.postmaster(), err)
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); !ok || int(stat.Uid) != p.uid {
		return fmt.Errorf("process %d, which %s names, is not of user %d", pid, p.postmaster(), p.uid)
	}
	return nil
}
