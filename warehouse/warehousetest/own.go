package warehousetest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"ledgermill/warehouse"
)

// Pair is a server of a test's own and a streaming replica of it.
type Pair struct {
	Primary string // connection strings of the same database
	Replica string
	t       testing.TB
}

// Replicated starts a server of the test's own, with settings besides the usual, and a
// replica of it. Both are gone when the test ends.
func Replicated(t testing.TB, settings map[string]string) *Pair {
	t.Helper()
	all := map[string]string{"wal_level": "replica", "max_wal_senders": "4", "hot_standby": "on"}
	maps.Copy(all, settings)
	own := Own(t, all)
	own.Stop()
	data := filepath.Join(own.Dir, "data")
	if err := trust(data); err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(own.Dir, "replica")
	// Of a server that was shut down the files are whole; a replica begins there.
	if err := copyTree(data, copied); err != nil {
		t.Fatal(err)
	}
	own.Start()
	primary, err := pgx.ParseConfig(own.URL)
	if err != nil {
		t.Fatal(err)
	}
	conninfo := fmt.Sprintf("host=127.0.0.1 port=%d user=%s password=%s", primary.Port, primary.User, primary.Password)
	p := &Pair{Primary: own.URL, t: t}
	port := p.startReplica(own, copied, conninfo)
	p.Replica = strings.Replace(own.URL, ":"+strconv.Itoa(int(primary.Port))+"/", ":"+strconv.Itoa(port)+"/", 1)
	return p
}

// startReplica runs pg_ctl as the server's user, on a port that is free.
func (p *Pair) startReplica(own *OwnServer, data, conninfo string) (port int) {
	p.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		p.t.Fatal(err)
	}
	port = listener.Addr().(*net.TCPAddr).Port
	settings := fmt.Sprintf("port = %d\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\nshared_buffers = '16MB'\nmax_connections = 50\n"+
		"wal_level = 'replica'\nmax_wal_senders = 4\nhot_standby = on\nfsync = off\nprimary_conninfo = '%s'\n", port, conninfo)
	err = errors.Join(listener.Close(),
		writeAs(own, filepath.Join(data, "standby.signal"), ""), writeAs(own, filepath.Join(data, "postgresql.auto.conf"), settings))
	if err != nil {
		p.t.Fatal(err)
	}
	own.pgCtl("start", "-w", "-t", "60", "-D", data, "-l", filepath.Join(own.Dir, "replica.log"))
	p.t.Cleanup(func() { own.pgCtl("stop", "-w", "-m", "immediate", "-D", data) })
	return port
}

// Pause stops the replica's replay until Resume.
func (p *Pair) Pause() { execute(p.t, p.Replica, "select pg_wal_replay_pause()") }

// Resume lets the replica go on.
func (p *Pair) Resume() { execute(p.t, p.Replica, "select pg_wal_replay_resume()") }

// trust lets the replica in.
func trust(data string) error {
	path := filepath.Join(data, "pg_hba.conf")
	rules, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(rules, "host replication all 127.0.0.1/32 scram-sha-256\n"...), 0o600)
}

// copyTree copies a directory with its owners and modes.
func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		target := to + strings.TrimPrefix(path, from)
		if d.IsDir() {
			err = os.Mkdir(target, info.Mode().Perm())
		} else {
			var data []byte
			if data, err = os.ReadFile(path); err == nil {
				err = os.WriteFile(target, data, info.Mode().Perm())
			}
		}
		if stat, ok := info.Sys().(*syscall.Stat_t); ok && err == nil && os.Geteuid() == 0 {
			err = os.Lchown(target, int(stat.Uid), int(stat.Gid))
		}
		return err
	})
}

func writeAs(own *OwnServer, path, text string) error {
	err := os.WriteFile(path, []byte(text), 0o600)
	if err == nil && own.credential != nil {
		err = os.Lchown(path, int(own.credential.Uid), int(own.credential.Gid))
	}
	return err
}

// OwnServer is a server of one test, to be killed, stopped and started.
type OwnServer struct {
	URL        string // of its database
	Dir        string // data, logs and sockets
	options    warehouse.PrivateOptions
	hold       *warehouse.Server
	credential *syscall.Credential // of the server's user, for root
	t          testing.TB
}

// Own starts a server of the test's own, with settings besides the usual. It is
// stopped and removed when the test ends.
func Own(t testing.TB, settings map[string]string) *OwnServer {
	t.Helper()
	o := warehouse.PrivateOptions{Name: "test" + strconv.Itoa(os.Getpid()) + "_" + strings.ToLower(strings.NewReplacer("/", "_", " ", "_").Replace(t.Name())),
		Version: Version(), Settings: map[string]string{"fsync": "off", "shared_buffers": "16MB", "max_wal_size": "256MB"}}
	for name, value := range settings {
		o.Settings[name] = value
	}
	s := &OwnServer{options: o, t: t}
	t.Cleanup(s.remove)
	s.Start()
	s.URL, s.Dir = s.hold.URL().Reveal(), filepath.Join(s.hold.Dir(), "pg")
	if info, err := os.Stat(s.Dir); err == nil && os.Geteuid() == 0 {
		stat := info.Sys().(*syscall.Stat_t)
		s.credential = &syscall.Credential{Uid: stat.Uid, Gid: stat.Gid}
	}
	return s
}

// Start starts the server, or waits until one that was killed has recovered. Its
// port stays.
func (s *OwnServer) Start() {
	s.t.Helper()
	s.awaitPort()
	hold, err := warehouse.StartPrivate(context.Background(), s.options)
	if err != nil {
		s.t.Fatal(err)
	}
	if s.hold != nil {
		if err := s.hold.Close(context.Background()); err != nil {
			s.t.Error(err)
		}
	}
	s.hold = hold
}

// awaitPort waits until the processes of a server that was killed have let its port
// go.
func (s *OwnServer) awaitPort() {
	s.t.Helper()
	if s.URL == "" {
		return
	}
	config, err := pgx.ParseConfig(s.URL)
	if err != nil {
		s.t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", config.Port))
		if err == nil {
			err = listener.Close()
		}
		if err == nil {
			return
		}
		if status, statusErr := warehouse.StatusPrivate(context.Background(), s.options); statusErr == nil && status.Running {
			return // it has not been killed
		}
		if time.Now().After(deadline) {
			s.t.Fatal(err)
		}
	}
}

// Stop ends the server in order.
func (s *OwnServer) Stop() {
	s.t.Helper()
	if s.hold == nil {
		return
	}
	if err := s.hold.Close(context.Background()); err != nil {
		s.t.Error(err)
	}
	s.hold = nil
}

// Kill ends all of the server's processes at once, as the machine's failure does.
func (s *OwnServer) Kill() {
	s.t.Helper()
	status, err := warehouse.StatusPrivate(context.Background(), s.options)
	if err == nil && status.Running {
		err = syscall.Kill(status.PID, syscall.SIGKILL)
	}
	if err != nil {
		s.t.Error(err)
	}
}

func (s *OwnServer) remove() {
	s.Stop()
	status, err := warehouse.StatusPrivate(context.Background(), s.options)
	if err == nil && status.Running {
		err = warehouse.StopPrivate(context.Background(), s.options)
	}
	if err = errors.Join(err, os.RemoveAll(status.Dir)); err != nil {
		s.t.Error(err)
	}
}

// pgCtl runs the pg_ctl that started the server.
func (s *OwnServer) pgCtl(args ...string) {
	s.t.Helper()
	started, err := os.ReadFile(filepath.Join(s.Dir, "data", "postmaster.opts"))
	if err != nil {
		s.t.Fatal(err)
	}
	program, _, _ := strings.Cut(string(started), " ")
	cmd := exec.Command(filepath.Join(filepath.Dir(program), "pg_ctl"), args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.credential}
	cmd.Dir = "/"
	// A server keeps what it is given as output: a pipe would never end.
	if err := cmd.Run(); err != nil {
		s.t.Errorf("pg_ctl %s: %v", strings.Join(args, " "), err)
	}
}

// Restart stops the server at once, without waiting for its sessions, and starts it.
func (s *OwnServer) Restart() {
	s.t.Helper()
	s.pgCtl("restart", "-w", "-m", "fast", "-D", filepath.Join(s.Dir, "data"), "-l", filepath.Join(s.Dir, "restart.log"))
}
