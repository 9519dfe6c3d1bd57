package faulttest

import (
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// bootVariable holds the descriptor over which a child gives its filter away. Whoever
// starts with it is not the program yet.
const bootVariable = "FAULTTEST_BOOT"

// Boot is called first in the main function of a program that [Child] runs. In a
// process that is to be watched it puts the filter in place and does not return: the
// program starts again behind it. Anywhere else it does nothing.
func Boot() {
	text := os.Getenv(bootVariable)
	if text == "" {
		return
	}
	fmt.Fprintln(os.Stderr, "faulttest:", boot(text))
	os.Exit(1)
}

// boot lets one thread have the filter and start the program, and another, which has
// none, give the filter's listener away: sending is among what is watched.
func boot(descriptor string) error {
	number, err := strconv.Atoi(descriptor)
	if err != nil {
		return err
	}
	if err := os.Unsetenv(bootVariable); err != nil {
		return err
	}
	unix.CloseOnExec(number)
	listeners, failed, watched := make(chan int), make(chan error, 1), make(chan struct{})
	go func() {
		runtime.LockOSThread()
		listener, err := install()
		if err != nil {
			failed <- err
			return
		}
		listeners <- listener
		<-watched
		failed <- syscall.Exec("/proc/self/exe", os.Args, os.Environ())
	}()
	select {
	case listener := <-listeners:
		if err := give(number, listener); err != nil {
			return err
		}
		close(watched)
		return <-failed
	case err := <-failed:
		return err
	}
}

// give sends a descriptor and waits until it is listened to.
func give(socket, listener int) error {
	if err := unix.Sendmsg(socket, []byte{1}, unix.UnixRights(listener), nil, 0); err != nil {
		return err
	}
	if err := unix.Close(listener); err != nil {
		return err
	}
	answer := make([]byte, 1)
	_, err := unix.Read(socket, answer)
	return err
}

// install makes this thread, and what it starts, ask before each watched call.
func install() (listener int, err error) {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return 0, err
	}
	code := program()
	fprog := unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}
	for _, flags := range []uintptr{unix.SECCOMP_FILTER_FLAG_NEW_LISTENER | unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, unix.SECCOMP_FILTER_FLAG_NEW_LISTENER} {
		fd, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, uintptr(unsafe.Pointer(&fprog)))
		if errno == 0 {
			return int(fd), nil
		}
		if err = errno; errno != unix.EINVAL { // an older kernel does not know the second flag
			break
		}
	}
	return 0, err
}

// program is the filter: what is watched asks, of openat that which may write; the
// rest goes on. Offsets are those of struct seccomp_data.
func program() []unix.SockFilter {
	const number, architecture, thirdArgument = 0, 4, 16 + 2*8
	statement := func(code uint16, k uint32) unix.SockFilter { return unix.SockFilter{Code: code, K: k} }
	jump := func(code uint16, k uint32, yes, no uint8) unix.SockFilter {
		return unix.SockFilter{Code: code, K: k, Jt: yes, Jf: no}
	}
	const load, equal, anyBit, end = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K, unix.BPF_RET | unix.BPF_K
	allow, ask := statement(end, unix.SECCOMP_RET_ALLOW), statement(end, unix.SECCOMP_RET_USER_NOTIF)
	code := []unix.SockFilter{
		statement(load, architecture), jump(equal, auditArch, 1, 0), allow,
		statement(load, number),
		jump(equal, unix.SYS_OPENAT, 0, 4), statement(load, thirdArgument), jump(anyBit, unix.O_WRONLY|unix.O_RDWR|unix.O_CREAT, 0, 1), ask, allow,
	}
	for nr := range watched() {
		code = append(code, jump(equal, uint32(nr), 0, 1), ask)
	}
	return append(code, allow)
}

// listen takes the listener that a child gives away.
func listen(socket *net.UnixConn) (listener int, err error) {
	control := make([]byte, unix.CmsgSpace(4))
	n, size, _, _, err := socket.ReadMsgUnix(make([]byte, 1), control)
	if err == nil && n == 0 {
		err = errors.New("the child ended")
	}
	if err != nil {
		return 0, err
	}
	messages, err := unix.ParseSocketControlMessage(control[:size])
	if err != nil {
		return 0, err
	}
	for _, m := range messages {
		if fds, err := unix.ParseUnixRights(&m); err == nil && len(fds) == 1 {
			unix.CloseOnExec(fds[0])
			_, err = socket.Write([]byte{1})
			return fds[0], err
		}
	}
	return 0, errors.New("the child gave no listener")
}
