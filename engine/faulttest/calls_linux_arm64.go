package faulttest

import "golang.org/x/sys/unix"

const auditArch = unix.AUDIT_ARCH_AARCH64

// olderCalls are those that newer machines no longer have.
func olderCalls() map[int]callKind { return nil }
