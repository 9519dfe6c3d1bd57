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

// Run runs the child to its end. It fails with an *[UnsupportedError] where the
// kernel does not let its calls be watched.
func (c Child) Run(ctx context.Context) (ended Ended, err error) {
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
	w := &watch{Child: c, kinds: watched(), listener: listener, process: cmd.Process}
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
	kinds    map[int]callKind
	listener int
	process  *os.Process
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
		r, answers := w.answer(n)
		if !answers {
			continue
		}
		if errno := w.ioctl(unix.SECCOMP_IOCTL_NOTIF_SEND, unsafe.Pointer(&r)); errno != 0 && errno != unix.ENOENT {
			return errno
		}
	}
}

func (w *watch) ioctl(request uintptr, argument unsafe.Pointer) unix.Errno {
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(w.listener), request, uintptr(argument))
	return errno
}

// answer counts a call, and lets it go on or not; false: it is not to return.
func (w *watch) answer(n notification) (r response, answers bool) {
	r = response{id: n.id, flags: unix.SECCOMP_USER_NOTIF_FLAG_CONTINUE}
	refused := func(errno unix.Errno) response { return response{id: n.id, err: -int32(errno)} }
	p := w.pointOf(call{pid: int(n.pid), number: int(n.number), args: n.args})
	defer func() { p.close() }()
	if !p.counts {
		return r, true
	}
	w.points = append(w.points, p.name)
	if w.Fault == Full && w.At > 0 && len(w.points) > w.At && p.space {
		return refused(unix.ENOSPC), true
	}
	if len(w.points) != w.At {
		return r, true
	}
	w.hit = p.name
	if w.Reached != nil {
		p.close() // or the connection would outlive the child
		w.Reached(w.process)
		p.socket = -1
	}
	switch w.Fault {
	case Fail:
		p.shut()
		return refused(p.fails), true
	case Kill:
		_ = w.process.Kill()
		return refused(unix.EINTR), true // to a process that is no more
	case Full:
		if p.space {
			return refused(unix.ENOSPC), true
		}
	case Hold:
		return r, false
	}
	return r, true
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
