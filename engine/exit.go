package engine

// The exit codes of the command line. Of several the gravest is taken: see Graver.
const (
	ExitDone        = 0   // done, or nothing to do
	ExitFailed      = 1   // failed
	ExitUsage       = 2   // usage or configuration
	ExitRefused     = 3   // refused beyond a limit, a test failed, or a difference was found
	ExitBalance     = 4   // the accounts do not balance
	ExitUnreachable = 5   // a store, directory or database cannot be reached
	ExitLocked      = 6   // another run holds the lock
	ExitHeld        = 7   // all that could be made is published, but an object was refused or a unit is held
	ExitInterrupted = 130 // by SIGINT
	ExitTerminated  = 143 // by SIGTERM
)

// Graver is the graver of two exit codes.
func Graver(a, b int) int {
	if gravity(a) < gravity(b) {
		return b
	}
	return a
}

func gravity(code int) int {
	for i, c := range []int{ExitDone, ExitHeld, ExitUnreachable, ExitRefused, ExitBalance, ExitLocked, ExitFailed, ExitUsage, ExitTerminated, ExitInterrupted} {
		if c == code {
			return i
		}
	}
	return gravity(ExitFailed)
}
