package warehouse

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"ledgermill/engine/config"
)

// settings of the private server. It is a mirror that can be loaded again from
// the lake, on a machine that does other things too: fsync stays on, so what
// was loaded survives a crash, but nothing replicates from it, so with
// wal_level=minimal a COPY into a new leaf writes no log.
func settings(p place, extra map[string]string) map[string]string {
	all := map[string]string{
		"listen_addresses":         "127.0.0.1",
		"unix_socket_directories":  p.sockets(),
		"max_connections":          "50",
		"wal_level":                "minimal",
		"max_wal_senders":          "0",
		"max_wal_size":             "4GB",
		"checkpoint_timeout":       "30min",
		"wal_compression":          "on",
		"shared_buffers":           "512MB",
		"maintenance_work_mem":     "256MB",
		"work_mem":                 "32MB",
		"random_page_cost":         "2",
		"jit":                      "off",
		"timezone":                 "UTC",
		"log_timezone":             "UTC",
		"logging_collector":        "on",
		"log_directory":            p.logs(),
		"log_filename":             "postgresql-%a.log",
		"log_truncate_on_rotation": "on",
		"log_rotation_age":         "1d",
		// Errors and their details quote values and rows, private columns and all; who
		// made the error is told it.
		"log_min_messages":                "log",
		"log_error_verbosity":             "terse",
		"autovacuum_analyze_scale_factor": "0.05",
	}
	maps.Copy(all, extra)
	return all
}

// maxSocketPath is what sun_path holds on the systems Go runs on, less the
// name of the socket.
const maxSocketPath = 104 - len("/.s.PGSQL.65535") - 1

// sockets is the socket directory, or nothing where its name is too long: the
// server then listens on loopback alone.
func (p place) sockets() string {
	if len(p.socketFolder()) > maxSocketPath {
		return ""
	}
	return p.socketFolder()
}

// start brings the server up through the helper and returns it. The locks
// go along: if this process is killed, the next one waits until the helper is
// through.
func (p place) start(ctx context.Context, o PrivateOptions, change *lock, password config.Secret) (_ *live, err error) {
	progress := o.Progress
	if progress == nil {
		progress = func(string) {}
	}
	locks := []*lock{change}
	if !p.fetched() {
		var fetch *lock
		if fetch, err = openLock(p.fetchFile()); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, fetch.close()) }()
		if err := fetch.acquire(ctx, exclusive); err != nil {
			return nil, err
		}
		locks = append(locks, fetch)
		if !p.fetched() {
			progress(fmt.Sprintf("fetching PostgreSQL %s (15 MB) from repo1.maven.org, once, into %s", p.version, p.binaries()))
		}
	}
	if !exists(p.data()) {
		progress("creating a private PostgreSQL server in " + p.dir)
	}
	port, err := p.choosePort()
	if err != nil {
		return nil, err
	}
	task := helperTask{
		Version: p.version, Binaries: p.binaries(), Owned: p.owned(), Port: port,
		Password: password.Reveal(), Settings: settings(p, o.Settings),
	}
	if err := p.runUntilFree(ctx, task, locks); err != nil {
		// The helper may have been killed after the server came up.
		return nil, errors.Join(err, p.lastLog(), p.stop(context.WithoutCancel(ctx)))
	}
	found, err := p.findLive(ctx, password)
	if err == nil && found == nil {
		err = errors.New("the server went away right after its start")
	}
	if err != nil {
		return nil, errors.Join(err, p.lastLog())
	}
	return found, writePrivate(p.portFile(), strconv.Itoa(port))
}

// runUntilFree tries again for a while where a server was killed: its
// processes end one after the other, and none may be left.
func (p place) runUntilFree(ctx context.Context, task helperTask, locks []*lock) error {
	killed := exists(p.postmaster())
	deadline := time.Now().Add(killPatience)
	for {
		err := p.runHelper(ctx, task, locks)
		if err == nil || !killed || time.Now().After(deadline) || ctx.Err() != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(10 * lockPoll):
		}
	}
}

// choosePort takes the last port again where it is free, so that a bookmarked
// connection stays good.
func (p place) choosePort() (int, error) {
	last := "0"
	if text, err := os.ReadFile(p.portFile()); err == nil {
		last = strings.TrimSpace(string(text))
	}
	listener, err := net.Listen("tcp", "127.0.0.1:"+last)
	if err != nil {
		listener, err = net.Listen("tcp", "127.0.0.1:0")
	}
	if err != nil {
		return 0, err
	}
	port := listener.Addr().(*net.TCPAddr).Port
	return port, listener.Close()
}

// runHelper starts this very program as the server's user.
func (p place) runHelper(ctx context.Context, task helperTask, locks []*lock) (err error) {
	self, err := p.self()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, self.remove()) }()
	input, err := json.Marshal(task)
	if err != nil {
		return err
	}
	// A test binary whose TestMain does not call Helper runs no test.
	cmd := exec.CommandContext(ctx, self.path, "-test.run=^$")
	cmd.Env = helperEnvironment(p)
	cmd.Dir = p.home
	cmd.Stdin = strings.NewReader(string(input))
	for _, l := range locks {
		cmd.ExtraFiles = append(cmd.ExtraFiles, l.file)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: p.credential, Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	output, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s as user %d: %w", self.path, p.uid, err)
	}
	answer, readErr := readAnswer(output)
	if err := cmd.Wait(); err != nil && answer.Error == "" {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return fmt.Errorf("helper as user %d: %w", p.uid, err)
	}
	switch {
	case answer.Error != "":
		return errors.New(answer.Error)
	case !answer.Done:
		return errors.Join(errors.New("the helper did not answer: main or TestMain must call warehouse.Helper first"), readErr)
	}
	return nil
}

func readAnswer(r io.Reader) (helperAnswer, error) {
	var answer helperAnswer
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if text, ok := strings.CutPrefix(lines.Text(), helperPrefix); ok {
			if err := json.Unmarshal([]byte(text), &answer); err != nil {
				return answer, fmt.Errorf("answer of the helper: %w", err)
			}
		}
	}
	return answer, lines.Err()
}

// helperEnvironment drops what belongs to the caller: homes the helper cannot
// enter, and PG* variables, which initdb, pg_ctl and the driver would obey.
func helperEnvironment(p place) []string {
	var env []string
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		if name == "HOME" || name == "TMPDIR" || name == "GOCOVERDIR" ||
			strings.HasPrefix(name, "PG") || strings.HasPrefix(name, "XDG_") || strings.HasPrefix(name, "LEDGERMILL_") {
			continue
		}
		env = append(env, pair)
	}
	return append(env, "HOME="+p.owned(), "TMPDIR="+p.owned(), "PGCTLTIMEOUT="+strconv.Itoa(int(startPatience.Seconds())), helperVariable+"=1")
}

const (
	// startPatience bounds recovery after a crash, not an ordinary start.
	startPatience = 10 * time.Minute
	stopPatience  = 2 * time.Minute
	// killPatience is how long the processes of a killed server may linger.
	killPatience = 10 * time.Second
)
