package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sys/unix"

	"ledgermill/engine"
)

// beside is a bank on a server of its own, whose run is looked at by monitors with a
// login that may only look.
type beside struct {
	*testing.T
	dir   string
	url   string // of the server's owner
	login string // of the monitors
	env   []string
}

// newBeside generates so many records a day and makes the tables.
func newBeside(t *testing.T, url string, rows, days int) *beside {
	t.Helper()
	if _, err := exec.LookPath("ledgermill"); err != nil {
		t.Skip("the tests' own main puts the program into the path")
	}
	b := &beside{T: t, dir: t.TempDir(), url: url, login: "watcher"}
	b.env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "LEDGERMILL_") }),
		"XDG_CACHE_HOME="+filepath.Join(b.dir, "cache"), "LEDGERMILL_LAKE_SETTLE=0s", "TERM=xterm", "NO_COLOR=1")
	settings := `{"name": "bank", "input": "raw", "lake": {"root": "lake"}, "monitor": {"deadline": "06:00"}}`
	if err := os.WriteFile(filepath.Join(b.dir, "ledgermill.json"), []byte(settings), 0o644); err != nil {
		t.Fatal(err)
	}
	b.run("generate", "--output", "raw", "--rows", strconv.Itoa(rows), "--days", strconv.Itoa(days), "--end-date", "2025-01-31")
	b.run("warehouse", "init")
	b.execute("create role watcher login password 'w' in role pg_monitor, ledgermill_reader")
	return b
}

func (b *beside) execute(statements ...string) {
	b.Helper()
	conn, err := pgx.Connect(b.Context(), b.url)
	if err != nil {
		b.Fatal(err)
	}
	for _, s := range statements {
		if _, err := conn.Exec(b.Context(), s); err != nil {
			b.Errorf("%s: %v", s, err)
		}
	}
	if err := conn.Close(b.Context()); err != nil {
		b.Error(err)
	}
}

func (b *beside) command(url string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(b.Context(), "ledgermill", args...)
	cmd.Dir, cmd.Env = b.dir, append(slices.Clone(b.env), "LEDGERMILL_WAREHOUSE_URL="+url)
	return cmd
}

// run runs the program and returns what it prints.
func (b *beside) run(args ...string) []byte {
	b.Helper()
	cmd := b.command(b.url, args...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil && cmd.ProcessState.ExitCode() != engine.ExitHeld {
		b.Fatalf("ledgermill %v: %v\n%s", args, err, said.String())
	}
	return out
}

// night is a run to its end, and its report.
func (b *beside) night() engine.Report {
	b.Helper()
	var report engine.Report
	if err := json.Unmarshal(b.run("run", "--format", "json"), &report); err != nil {
		b.Fatal(err)
	}
	return report
}

// watching is a monitor in a process of its own.
type watching struct {
	*beside
	cmd     *exec.Cmd
	address string   // that it serves at
	screen  *os.File // its terminal's other side
	shown   *bytes.Buffer
	drained chan struct{}
	began   time.Time
}

var servedAt = regexp.MustCompile(`http://(127\.0\.0\.1:\d+)`)

// watcherURL is the server for a login that may only look.
func (b *beside) watcherURL() string {
	b.Helper()
	parsed, err := pgx.ParseConfig(b.url)
	if err != nil {
		b.Fatal(err)
	}
	return strings.Replace(b.url, parsed.User+":"+parsed.Password+"@", b.login+":w@", 1)
}

// serve starts `monitor --serve`.
func (b *beside) serve(interval time.Duration) *watching {
	b.Helper()
	w := &watching{beside: b, cmd: b.command(b.watcherURL(), "monitor", "--serve", "127.0.0.1:0", "--interval", interval.String()), shown: &bytes.Buffer{}, drained: make(chan struct{})}
	out, err := w.cmd.StderrPipe()
	if err == nil {
		w.began, err = time.Now(), w.cmd.Start()
	}
	if err != nil {
		b.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	at := servedAt.FindStringSubmatch(line)
	if at == nil {
		b.Fatalf("it serves nowhere: %q, %v", line, err)
	}
	w.address = at[1]
	go func() {
		defer close(w.drained)
		_, _ = io.Copy(w.shown, out)
	}()
	return w
}

// watch starts the full screen on a terminal of 80 by 24.
func (b *beside) watch(interval time.Duration, view string) *watching {
	b.Helper()
	screen, terminal, err := openTerminal(24, 80)
	if err != nil {
		b.Skipf("no terminal can be had: %v", err)
	}
	w := &watching{beside: b, cmd: b.command(b.watcherURL(), "monitor", "--view", view, "--interval", interval.String()), screen: screen, shown: &bytes.Buffer{}, drained: make(chan struct{})}
	w.cmd.Stdin, w.cmd.Stdout, w.cmd.Stderr = terminal, terminal, terminal
	w.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	w.began = time.Now()
	if err := errors.Join(w.cmd.Start(), terminal.Close()); err != nil {
		b.Fatal(err)
	}
	go func() {
		defer close(w.drained)
		_, _ = io.Copy(w.shown, screen) // it ends with an error when the terminal goes
	}()
	return w
}

// openTerminal opens both sides of a new terminal.
func openTerminal(rows, columns uint16) (screen, terminal *os.File, err error) {
	screen, err = os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		return nil, nil, err
	}
	fd := int(screen.Fd())
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = errors.Join(unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0), unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: rows, Col: columns}))
	}
	if err == nil {
		terminal, err = os.OpenFile("/dev/pts/"+strconv.Itoa(number), os.O_RDWR|syscall.O_NOCTTY, 0)
	}
	if err != nil {
		return nil, nil, errors.Join(err, screen.Close())
	}
	return screen, terminal, nil
}

// end ends the monitor as people do, and returns what it took of a core in all.
func (w *watching) end() (cpu, wall time.Duration) {
	w.Helper()
	var err error
	if w.screen != nil {
		_, err = w.screen.WriteString("q")
	} else {
		err = w.cmd.Process.Signal(syscall.SIGINT)
		<-w.drained
	}
	if err = errors.Join(err, w.cmd.Wait()); err != nil && w.cmd.ProcessState.ExitCode() != engine.ExitInterrupted {
		w.Errorf("the monitor ends with %v\n%s", err, w.shown.String())
	}
	if w.screen != nil {
		_ = w.screen.Close()
		<-w.drained
	}
	return w.cmd.ProcessState.UserTime() + w.cmd.ProcessState.SystemTime(), time.Since(w.began)
}

// look is what a monitor showed of a view: rows by panel.
type look map[string][]map[string]any

// number is a figure of a row, 0 where it is not known.
func number(row map[string]any, column string) int64 {
	n, _ := row[column].(json.Number)
	f, _ := n.Float64()
	return int64(f)
}

// see asks a serving monitor for a view.
func (w *watching) see(ctx context.Context, view string) (look, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+w.address+"/api/sample?view="+view, nil)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	var sample struct {
		Fault string
		Views []struct {
			Panels []struct {
				Panel, Missing string
				Rows           []map[string]any
			}
		}
	}
	read := json.NewDecoder(answer.Body)
	read.UseNumber()
	if err := errors.Join(read.Decode(&sample), answer.Body.Close()); err != nil {
		return nil, err
	}
	found := look{}
	for _, p := range sample.Views[0].Panels {
		found[p.Panel] = p.Rows
		if p.Missing != "" {
			w.Errorf("%s %s: %s", view, p.Panel, p.Missing)
		}
	}
	return found, nil
}

// scrape asks for the metrics, as Prometheus does.
func (w *watching) scrape() error {
	answer, err := http.Get("http://" + w.address + "/metrics")
	if err != nil {
		return err
	}
	text, err := io.ReadAll(answer.Body)
	if err := errors.Join(err, answer.Body.Close()); err != nil {
		return err
	}
	if !bytes.Contains(text, []byte("\npg_up 1\n")) {
		return fmt.Errorf("/metrics: %.300s", text)
	}
	return nil
}

// every does something at once and then so often, until a channel is closed.
func every(interval time.Duration, until <-chan struct{}, all *sync.WaitGroup, do func()) {
	all.Go(func() {
		tick := time.NewTicker(interval)
		defer tick.Stop()
		for {
			do()
			select {
			case <-until:
				return
			case <-tick.C:
			}
		}
	})
}

// cpuOf is what a process has taken of a core so far; 0 for one that is gone.
func cpuOf(pid int) time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	const ticks = time.Second / 100 // as the kernel tells it to programs
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * ticks
}

// sessions are those of the monitors, as the server tells of them while they work.
type sessions struct {
	open   int           // times that one was idle in a transaction
	oldest time.Duration // age of the oldest transaction
	most   int           // at the same time
	polls  int
	first  map[int]time.Duration // what its process had taken of a core when it was seen first
	last   map[int]time.Duration
}

// cpu is what the server's processes took for them.
func (s *sessions) cpu() time.Duration {
	var sum time.Duration
	for pid, last := range s.last {
		sum += last - s.first[pid]
	}
	return sum
}

// poll looks at them once. Those that are there at the first poll have taken what they
// have before.
func (s *sessions) poll(ctx context.Context, conn *pgx.Conn, login string) error {
	var pids []int
	var open int
	var oldest float64
	err := conn.QueryRow(ctx, `select coalesce(array_agg(pid), '{}'), count(*) filter (where state like 'idle in transaction%'),
		coalesce(max(extract(epoch from clock_timestamp() - xact_start)), 0)::float8 from pg_stat_activity where usename = $1`, login).Scan(&pids, &open, &oldest)
	if err != nil {
		return err
	}
	for _, pid := range pids {
		cpu := cpuOf(pid)
		if _, known := s.first[pid]; !known {
			if s.first[pid] = 0; s.polls == 0 {
				s.first[pid] = cpu
			}
		}
		s.last[pid] = max(cpu, s.last[pid])
	}
	s.polls++
	s.open += open
	s.most = max(s.most, len(pids))
	s.oldest = max(s.oldest, time.Duration(oldest*float64(time.Second)))
	return nil
}

// TestTerminalIsNotAsked runs a command on a terminal that answers nothing: it sends no
// query and waits for none. A library that asks for the background's colour as it is
// initialised held up every command for five seconds, on all such terminals.
func TestTerminalIsNotAsked(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("ledgermill"); err != nil {
		t.Skip("the tests' own main puts the program into the path")
	}
	screen, terminal, err := openTerminal(24, 80)
	if err != nil {
		t.Skipf("no terminal can be had: %v", err)
	}
	cmd := exec.CommandContext(t.Context(), "ledgermill", "version")
	cmd.Dir, cmd.Env = t.TempDir(), append(os.Environ(), "TERM=xterm")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = terminal, terminal, terminal
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := errors.Join(cmd.Start(), terminal.Close()); err != nil {
		t.Fatal(err)
	}
	said, _ := io.ReadAll(screen) // it ends with an error when the terminal goes
	if err := errors.Join(cmd.Wait(), screen.Close()); err != nil {
		t.Error(err)
	}
	if !bytes.HasPrefix(said, []byte("ledgermill ")) || bytes.ContainsRune(said, 0x1b) {
		t.Errorf("the terminal was sent %q", said)
	}
}
