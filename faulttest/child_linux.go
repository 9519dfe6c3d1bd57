package faulttest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Child is a run of this very binary whose system calls are watched. Its main
// function has to call [Boot] first.
type Child struct {
	Args   []string
	Env    []string
	Dir    string
	Places map[string]string // directories whose changes count, with what they are called
	Ports  map[uint16]string // servers to which messages count, with what they are called
	At     int               // the number of the call that is disturbed, from 1; 0: none is
	Kill   bool              // the process is killed before that call; otherwise the call fails
	Limit  time.Duration     // after which the child is killed as one that hangs

	kinds map[int]callKind
}

// Ended is what came of a child.
type Ended struct {
	Points []string // the names of the calls that counted
	Hit    string   // the one that was disturbed; "" if it did not come to that
	Killed bool     // by a signal
	Hung   bool     // it took longer than the limit
	Exit   int
	Output string // both streams
}

// Run runs the child to its end. It fails with an *[UnsupportedError] where the
// kernel does not let its calls be watched.
func (c Child) Run(ctx context.Context) (ended Ended, err error) {
	c.kinds = kindsOf()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return ended, err
	}
	ours, theirs := os.NewFile(uintptr(pair[0]), "ours"), os.NewFile(uintptr(pair[1]), "theirs")
	conn, err := net.FileConn(ours)
	if err := errors.Join(err, ours.Close()); err != nil {
		return ended, errors.Join(err, theirs.Close())
	}
	socket := conn.(*net.UnixConn)
	defer func() { err = errors.Join(err, socket.Close()) }()
	cmd := exec.CommandContext(ctx, "/proc/self/exe", c.Args...)
	var out output
	cmd.Stdout, cmd.Stderr, cmd.Dir = &out, &out, c.Dir
	cmd.Env = append(c.Env[:len(c.Env):len(c.Env)], bootVariable+"=3", "GODEBUG=asyncpreemptoff=1")
	cmd.ExtraFiles = []*os.File{theirs}
	if err := cmd.Start(); err != nil {
		return ended, errors.Join(err, theirs.Close())
	}
	if err := theirs.Close(); err != nil {
		return ended, err
	}
	hung := make(chan struct{})
	limit := time.AfterFunc(c.Limit, func() { close(hung); _ = cmd.Process.Kill() })
	defer limit.Stop()
	listener, err := listen(socket)
	if err != nil {
		_ = cmd.Wait()
		return ended, &UnsupportedError{Err: fmt.Errorf("%w: %s", err, out.String())}
	}
	w := &watch{Child: c, listener: listener, kill: cmd.Process.Kill}
	served := make(chan error, 1)
	go func() { served <- w.serve() }()
	waited := cmd.Wait()
	err = <-served
	var exit *exec.ExitError
	if waited != nil && !errors.As(waited, &exit) {
		err = errors.Join(err, waited)
	}
	status := cmd.ProcessState.Sys().(syscall.WaitStatus)
	ended = Ended{Points: w.points, Hit: w.hit, Killed: status.Signaled(), Exit: cmd.ProcessState.ExitCode(), Output: out.String()}
	select {
	case <-hung:
		ended.Hung = true
	default:
	}
	return ended, errors.Join(err, ctx.Err())
}

// watch answers a child's questions, one by one.
type watch struct {
	Child
	listener int
	kill     func() error
	points   []string
	hit      string
}

// notification is struct seccomp_notif.
type notification struct {
	id           uint64
	pid          uint32
	flags        uint32
	number       int32
	architecture uint32
	instruction  uint64
	args         [6]uint64
}

// response is struct seccomp_notif_resp.
type response struct {
	id    uint64
	value int64
	err   int32
	flags uint32
}

func (w *watch) serve() (err error) {
	defer func() { err = errors.Join(err, unix.Close(w.listener)) }()
	for {
		poll := []unix.PollFd{{Fd: int32(w.listener), Events: unix.POLLIN}}
		if _, err := unix.Poll(poll, -1); errors.Is(err, unix.EINTR) {
			continue
		} else if err != nil {
			return err
		}
		if poll[0].Revents&unix.POLLIN == 0 { // nobody is left who could ask
			return nil
		}
		var n notification
		if errno := w.ioctl(unix.SECCOMP_IOCTL_NOTIF_RECV, unsafe.Pointer(&n)); errno == unix.ENOENT || errno == unix.EINTR {
			continue // whoever asked is dead
		} else if errno != 0 {
			return errno
		}
		r := w.answer(n)
		if errno := w.ioctl(unix.SECCOMP_IOCTL_NOTIF_SEND, unsafe.Pointer(&r)); errno != 0 && errno != unix.ENOENT {
			return errno
		}
	}
}

func (w *watch) ioctl(request uintptr, argument unsafe.Pointer) unix.Errno {
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(w.listener), request, uintptr(argument))
	return errno
}

// answer counts a call, and lets it go on or not.
func (w *watch) answer(n notification) response {
	goOn := response{id: n.id, flags: unix.SECCOMP_USER_NOTIF_FLAG_CONTINUE}
	name, errno, socket, counts := w.named(call{pid: int(n.pid), number: int(n.number), args: n.args})
	if socket >= 0 {
		defer func() { _ = unix.Close(socket) }()
	}
	if !counts {
		return goOn
	}
	w.points = append(w.points, name)
	if len(w.points) != w.At {
		return goOn
	}
	w.hit = name
	if w.Kill {
		_ = w.kill()
		return response{id: n.id, err: -int32(unix.EINTR)} // to a process that is no more
	}
	if socket >= 0 { // the other side must not wait for what will never come
		_ = unix.Shutdown(socket, unix.SHUT_RDWR)
	}
	return response{id: n.id, err: -int32(errno)}
}

// output keeps what a child prints.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.TrimSpace(o.text.String())
}
