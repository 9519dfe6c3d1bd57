package spark

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// driver is the program that spark-submit runs: it takes statements over a socket.
//
//go:embed driver.py
var driver []byte

// application is a running Spark application.
type application struct {
	*link
	command *exec.Cmd
	said    *tail
	dir     string
	exited  chan struct{}
}

const (
	// starting is how long an application may wait for its master's resources.
	starting = 10 * time.Minute
	// ending is how long it may take to end by itself.
	ending = 20 * time.Second
)

// submit starts an application and waits until it takes statements.
func submit(ctx context.Context, s Settings) (a *application, err error) {
	found, err := Find(ctx, s)
	if err != nil {
		return nil, err
	}
	all, err := s.properties()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(s.Work, "driver")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("start spark: %w", err)
	}
	a = &application{dir: dir, said: &tail{}, exited: make(chan struct{})}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	program, properties := filepath.Join(dir, "driver.py"), filepath.Join(dir, "spark.properties")
	if err := errors.Join(os.WriteFile(program, driver, 0o600), os.WriteFile(properties, []byte(propertyFile(all)), 0o600)); err != nil {
		return nil, fmt.Errorf("start spark: %w", err)
	}
	socket, err := listen(dir)
	if err != nil {
		return nil, fmt.Errorf("start spark: %w", err)
	}
	defer func() { err = errors.Join(err, socket.Close()) }()
	args := []string{"--properties-file", properties, "--load-spark-defaults", "--name", s.Name}
	if s.Master != "" {
		args = append(args, "--master", s.Master)
	}
	if s.Packages != "" {
		args = append(args, "--packages", s.Packages)
	}
	a.command = exec.Command(found.Submit, append(args, program)...)
	a.command.Dir = dir
	a.command.Env = append(s.environment(), "LEDGERMILL_SPARK_SOCKET="+socketName, "PYSPARK_DRIVER_PYTHON="+found.Python,
		"PYSPARK_PYTHON="+found.Python, "PYTHONUNBUFFERED=1")
	a.command.Stdout, a.command.Stderr = a.said, a.said
	a.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // it is ended with all that it started
	a.command.WaitDelay = time.Second                           // that what it started may go on writing ends no later
	s.Log.InfoContext(ctx, "starting spark", "submit", found.Submit, "master", s.RunsOn(), "java", found.Java)
	began := time.Now()
	if err := a.command.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", found.Submit, err)
	}
	go func() {
		_ = a.command.Wait() // how it ended, its last words tell
		close(a.exited)
	}()
	if err := a.greet(ctx, socket, s.Log); err != nil {
		return nil, errors.Join(err, a.kill())
	}
	if s.IsLocal() && !isLocal(a.hello.Master) { // by spark-env.sh: its executors do not find this machine by its own address
		return nil, errors.Join(&MissingError{"no setting, property or spark-defaults.conf says that it runs on " + a.hello.Master,
			"set spark.master to " + a.hello.Master}, a.kill())
	}
	if err := os.Remove(properties); err != nil { // it holds keys, and has been read
		return nil, errors.Join(fmt.Errorf("start spark: %w", err), a.kill())
	}
	s.Log.InfoContext(ctx, "spark has started", "version", a.hello.Version, "master", a.hello.Master, "application", a.hello.Application,
		"ui", a.hello.UI, "seconds", time.Since(began).Seconds())
	return a, nil
}

// socketName is that of the link in the driver's directory, where the driver runs.
const socketName = "link"

// listen makes the socket of a directory. By its whole path it could be longer than
// the hundred bytes that a socket's name may have.
func listen(dir string) (*net.UnixListener, error) {
	at, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	socket, err := net.ListenUnix("unix", &net.UnixAddr{Name: fmt.Sprintf("/proc/self/fd/%d/%s", at.Fd(), socketName), Net: "unix"})
	if err == nil {
		socket.SetUnlinkOnClose(false) // the directory goes as a whole
	}
	return socket, errors.Join(err, at.Close())
}

// greet waits for the driver to say that it is ready.
func (a *application) greet(ctx context.Context, socket *net.UnixListener, log *slog.Logger) error {
	type met struct {
		link *link
		err  error
	}
	came := make(chan met, 1)
	go func() {
		conn, err := socket.Accept()
		if err != nil {
			came <- met{err: err}
			return
		}
		l, err := newLink(conn, log)
		if err != nil {
			err = errors.Join(err, conn.Close())
		}
		came <- met{l, err}
	}()
	select {
	case m := <-came:
		if m.err != nil {
			return &ApplicationError{What: "it ended before it had begun", Said: a.said.String()}
		}
		a.link = m.link
		go func() { // Python, which Java has started, lives on without it, and would let the mill wait
			<-a.exited
			_ = a.conn.Close() // it may be closed by now
		}()
		if a.hello.Error != nil {
			return &ApplicationError{What: a.hello.Error.Message}
		}
		return nil
	case <-a.exited:
		return &ApplicationError{What: "it cannot be started", Said: a.said.String()}
	case <-time.After(starting):
		return &ApplicationError{What: fmt.Sprintf("it was not ready after %s", starting), Said: a.said.String()}
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// close ends the application: the driver stops when its socket closes.
func (a *application) close() error {
	err := a.conn.Close()
	if errors.Is(err, net.ErrClosed) {
		err = nil
	}
	select {
	case <-a.exited:
		return errors.Join(err, os.RemoveAll(a.dir))
	case <-time.After(ending):
	}
	return errors.Join(err, a.kill(), os.RemoveAll(a.dir))
}

// kill ends the process and all that it started.
func (a *application) kill() error {
	err := syscall.Kill(-a.command.Process.Pid, syscall.SIGKILL)
	if errors.Is(err, syscall.ESRCH) {
		err = nil
	}
	<-a.exited
	return err
}

// tail keeps the last that was written to it.
type tail struct {
	mu   sync.Mutex
	data []byte
}

// lastWords is how much of it is kept.
const lastWords = 8 << 10

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.data = append(t.data, p...)
	if over := len(t.data) - lastWords; over > 0 {
		t.data = append(t.data[:0], t.data[over:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.data))
}
