package warehouse

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"ledgermill/engine/config"
)

// live is a server that answers.
type live struct {
	pid  int
	port int
}

// readPostmaster returns the process that postmaster.pid names, nil if there
// is none: the file outlives a crash of the machine.
func (p place) readPostmaster() (*live, error) {
	text, err := os.ReadFile(p.postmaster())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	lines := strings.Split(string(text), "\n")
	if len(lines) < 4 {
		return nil, nil
	}
	pid, pidErr := strconv.Atoi(strings.TrimSpace(lines[0]))
	port, portErr := strconv.Atoi(strings.TrimSpace(lines[3]))
	if err := errors.Join(pidErr, portErr); err != nil {
		return nil, fmt.Errorf("read %s: %w", p.postmaster(), err)
	}
	if !isPostgres(pid) {
		return nil, nil
	}
	return &live{pid: pid, port: port}, nil
}

// isPostgres guards against a pid that another program got meanwhile.
func isPostgres(pid int) bool {
	if err := syscall.Kill(pid, 0); err != nil && !errors.Is(err, syscall.EPERM) {
		return false
	}
	if runtime.GOOS != "linux" {
		return true
	}
	command, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return err == nil && bytes.Contains(command, []byte("postgres"))
}

// findLive returns the running server once it answers, nil if none runs. A
// server that is still recovering from a crash is waited for.
func (p place) findLive(ctx context.Context, password config.Secret) (*live, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, startPatience, errors.New("the private server does not answer"))
	defer cancel()
	tick := time.NewTicker(lockPoll)
	defer tick.Stop()
	var last error
	for {
		found, err := p.readPostmaster()
		if found == nil || err != nil {
			return nil, err
		}
		if last = p.ask(ctx, *found, password); last == nil {
			return found, nil
		}
		if !passing(last) {
			return nil, last
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(context.Cause(ctx), last)
		case <-tick.C:
		}
	}
}

// ask proves that the server at the port is ours: ports are reused.
func (p place) ask(ctx context.Context, l live, password config.Secret) (err error) {
	conn, err := pgx.Connect(ctx, serverURL(l.port, password, "postgres").Reveal())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	var data string
	if err := conn.QueryRow(ctx, "show data_directory").Scan(&data); err != nil {
		return err
	}
	if data != p.data() {
		return fmt.Errorf("port %d is served from %s, not %s", l.port, data, p.data())
	}
	return nil
}

// passing tells a server that is coming up or going down from one that
// refuses us.
func passing(err error) bool {
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		// cannot_connect_now, admin_shutdown, crash_shutdown, too_many_connections
		switch refused.Code {
		case "57P03", "57P01", "57P02", "53300":
			return true
		}
		return false
	}
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ECONNRESET)
}

// lastLog returns the end of the server's newest log as an error to join, nil
// if there is none.
func (p place) lastLog() error {
	names, err := filepath.Glob(filepath.Join(p.logs(), "*.log"))
	if err != nil {
		return err
	}
	var newest string
	var when time.Time
	for _, name := range names {
		if info, err := os.Stat(name); err == nil && info.ModTime().After(when) {
			newest, when = name, info.ModTime()
		}
	}
	if newest == "" {
		return nil
	}
	text, err := os.ReadFile(newest)
	if err != nil {
		return err
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return fmt.Errorf("%s ends: %s", newest, strings.Join(lines[max(0, len(lines)-5):], "\n"))
}
