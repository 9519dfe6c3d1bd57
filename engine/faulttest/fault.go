package faulttest

import (
	"os"
	"time"
)

// Fault is what happens at a point.
type Fault int

// The faults. Beside [Fail] they are for system calls and points alike.
const (
	Fail Fault = iota // the call is not made and fails, this once
	Kill              // the process is killed before the call
	Full              // it fails with all others from there on that would take space of a file system
	Hold              // the call does not return: somebody else has to end the process
	Pass              // nothing, but for what Reached does
)

// Child is a run of this very binary whose system calls are watched. Its main
// function has to call [Boot] first.
type Child struct {
	Args    []string
	Env     []string
	Dir     string
	Places  map[string]string // directories whose changes count, with what they are called
	Ports   map[uint16]string // servers to which messages count, with what they are called
	At      int               // the number of the call that is disturbed, from 1; 0: none is
	Fault   Fault
	Reached func(*os.Process) // is called before that call is decided; nil: nothing is
	Limit   time.Duration     // after which the child is killed as one that hangs
}

// Ended is what came of a child.
type Ended struct {
	Points []string // the names of the calls that counted
	Hit    string   // the one that was disturbed; "" if it did not come to that
	Killed bool     // by a signal
	Hung   bool     // it took longer than the limit
	Exit   int      // -1 if a signal ended it
	Output string   // both streams
}
