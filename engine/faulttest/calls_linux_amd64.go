package faulttest

import "golang.org/x/sys/unix"

const auditArch = unix.AUDIT_ARCH_X86_64

// olderCalls are those that newer machines no longer have.
func olderCalls() map[int]callKind {
	return map[int]callKind{
		unix.SYS_RENAME: {name: "rename", path: 0, space: true},
		unix.SYS_LINK:   {name: "link", path: 1, space: true},
		unix.SYS_UNLINK: {name: "remove", path: 0},
		unix.SYS_RMDIR:  {name: "remove", path: 0},
		unix.SYS_MKDIR:  {name: "mkdir", path: 0, space: true},
	}
}
