package faulttest

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// callKind says how a watched call is named and where it says what it is about.
type callKind struct {
	name  string
	path  int // which argument is a path; -1: none
	file  int // which argument is the descriptor, or that of the path's directory
	bytes int // which argument is what is written; 0: none
	fails unix.Errno
	space bool // it needs space of a file system
}

// watched are the calls that change files or send messages. Those that other calls
// are made of in every libc we meet are enough.
func watched() map[int]callKind {
	calls := map[int]callKind{
		unix.SYS_OPENAT:    {name: "open", path: 1, space: true},
		unix.SYS_MKDIRAT:   {name: "mkdir", path: 1, space: true},
		unix.SYS_UNLINKAT:  {name: "remove", path: 1},
		unix.SYS_RENAMEAT:  {name: "rename", path: 1, space: true},
		unix.SYS_RENAMEAT2: {name: "rename", path: 1, space: true},
		unix.SYS_LINKAT:    {name: "link", path: 3, file: 2, space: true},
		unix.SYS_FTRUNCATE: {name: "truncate", path: -1},
		unix.SYS_FSYNC:     {name: "fsync", path: -1},
		unix.SYS_FDATASYNC: {name: "fsync", path: -1},
		unix.SYS_WRITE:     {name: "write", path: -1, bytes: 1, fails: unix.ENOSPC, space: true},
		unix.SYS_PWRITE64:  {name: "write", path: -1, bytes: 1, fails: unix.ENOSPC, space: true},
		unix.SYS_WRITEV:    {name: "write", path: -1, fails: unix.ENOSPC, space: true},
		unix.SYS_SENDTO:    {name: "write", path: -1, bytes: 1},
		unix.SYS_SENDMSG:   {name: "write", path: -1},
		unix.SYS_CONNECT:   {name: "connect", path: -1, bytes: 1, fails: unix.ECONNREFUSED},
	}
	for number, kind := range olderCalls() {
		kind.file = -1
		calls[number] = kind
	}
	return calls
}

// call is one watched call of a child, before it is made.
type call struct {
	pid    int
	number int
	args   [6]uint64
}

// point is a call that counts, or one that is none of our business.
type point struct {
	counts bool
	name   string
	fails  unix.Errno
	space  bool
	socket int // open, to be closed; -1: none
}

func (p point) close() {
	if p.socket >= 0 {
		_ = unix.Close(p.socket)
	}
}

// shut ends a connection: the other side must not wait for what will never come.
func (p point) shut() {
	if p.socket >= 0 {
		_ = unix.Shutdown(p.socket, unix.SHUT_RDWR)
	}
}

// pointOf tells what a call is about.
func (w *watch) pointOf(one call) point {
	kind := w.kinds[one.number]
	if kind.name == "connect" {
		server, known := w.Ports[portOf(one.read(kind.bytes, 4))]
		return point{counts: known, name: "connect " + server, fails: kind.fails, socket: -1}
	}
	place, ok := one.place(kind)
	switch {
	case !ok:
	case strings.HasPrefix(place, "socket:"):
		return w.message(one, kind)
	case place == os.DevNull && kind.bytes > 0:
		text, isPoint := strings.CutPrefix(string(one.read(kind.bytes, int(min(one.args[kind.bytes+1], 300)))), pointMark)
		return point{counts: isPoint, name: text, fails: unix.EIO, socket: -1}
	default:
		for root, called := range w.Places {
			if rest, below := strings.CutPrefix(place, root); below && (rest == "" || rest[0] == '/') {
				return point{counts: true, name: kind.name + " " + called + rest, fails: cmp.Or(kind.fails, unix.EIO), space: kind.space, socket: -1}
			}
		}
	}
	return point{socket: -1}
}

// place is the path that a call is about, or what /proc calls its descriptor.
func (one call) place(kind callKind) (string, bool) {
	descriptor := func(number int) (string, bool) {
		link := fmt.Sprintf("/proc/%d/fd/%d", one.pid, number)
		if number == unix.AT_FDCWD {
			link = fmt.Sprintf("/proc/%d/cwd", one.pid)
		}
		target, err := os.Readlink(link)
		return target, err == nil
	}
	if kind.path < 0 {
		return descriptor(int(int32(one.args[kind.file])))
	}
	path, _, _ := bytes.Cut(one.read(kind.path, unix.PathMax), []byte{0})
	if filepath.IsAbs(string(path)) {
		return filepath.Clean(string(path)), true
	}
	at := unix.AT_FDCWD
	if kind.file >= 0 {
		at = int(int32(one.args[kind.file]))
	}
	dir, ok := descriptor(at)
	return filepath.Join(dir, string(path)), ok
}

// message names what is sent to one of the known servers.
func (w *watch) message(one call, kind callKind) point {
	socket, port, err := one.socket(int(int32(one.args[kind.file])))
	if err != nil {
		return point{socket: -1}
	}
	server, known := w.Ports[port]
	text := "..."
	if kind.bytes > 0 {
		size := int(one.args[kind.bytes+1])
		text = summary(one.read(kind.bytes, min(size, 300)), size)
	}
	return point{counts: known, name: server + ": " + text, fails: unix.ECONNRESET, socket: socket}
}

// summary is a request's first line, or the kinds of PostgreSQL's messages.
func summary(sent []byte, whole int) string {
	if line, _, found := bytes.Cut(sent, []byte(" HTTP/1.1\r\n")); found {
		return string(line)
	}
	var kinds []string
	for len(sent) >= 5 {
		size := 1 + int(binary.BigEndian.Uint32(sent[1:]))
		if sent[0] < 'A' || sent[0] > 'z' || size < 5 || kinds == nil && size > whole {
			break
		}
		kind := string(sent[0])
		if sent[0] == 'Q' || sent[0] == 'P' {
			kind += " " + strings.Trim(strings.Join(strings.Fields(string(bytes.Trim(sent[5:min(len(sent), size)], "\x00"))), " "), "\x00")
		}
		kinds = append(kinds, kind)
		if size > len(sent) {
			break
		}
		sent = sent[size:]
	}
	if kinds == nil {
		return "bytes"
	}
	return strings.ReplaceAll(strings.Join(kinds, " "), "\x00", " ")
}

// socket duplicates a socket of the child and returns the port of its peer.
func (one call) socket(number int) (fd int, port uint16, err error) {
	pidfd, err := unix.PidfdOpen(one.process(), 0)
	if err != nil {
		return -1, 0, err
	}
	fd, err = unix.PidfdGetfd(pidfd, number, 0)
	_ = unix.Close(pidfd)
	if err != nil {
		return -1, 0, err
	}
	peer, err := unix.Getpeername(fd)
	if err != nil {
		_ = unix.Close(fd)
		return -1, 0, err
	}
	switch p := peer.(type) {
	case *unix.SockaddrInet4:
		port = uint16(p.Port)
	case *unix.SockaddrInet6:
		port = uint16(p.Port)
	}
	return fd, port, nil
}

// process is the process that a thread belongs to.
func (one call) process() int {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", one.pid))
	if err == nil {
		if _, rest, found := strings.Cut(string(status), "\nTgid:"); found {
			var pid int
			if _, err := fmt.Sscan(rest, &pid); err == nil {
				return pid
			}
		}
	}
	return one.pid
}

// read returns at most n bytes of the child's memory at an argument.
func (one call) read(argument, n int) []byte {
	const page = 4096
	var text []byte
	for at := one.args[argument]; n > 0; { // what is behind the end of a page may not be there
		size := min(n, page-int(at%page))
		part := make([]byte, size)
		local := unix.Iovec{Base: &part[0]}
		local.SetLen(size)
		got, err := unix.ProcessVMReadv(one.pid, []unix.Iovec{local}, []unix.RemoteIovec{{Base: uintptr(at), Len: size}}, 0)
		if err != nil {
			break
		}
		text = append(text, part[:got]...)
		at, n = at+uint64(size), n-size
	}
	return text
}

// portOf is the port of a struct sockaddr of the internet's families.
func portOf(address []byte) uint16 {
	if len(address) < 4 {
		return 0
	}
	if family := binary.NativeEndian.Uint16(address); family != unix.AF_INET && family != unix.AF_INET6 {
		return 0
	}
	return binary.BigEndian.Uint16(address[2:])
}
