package s3test

import (
	"runtime"
	"syscall"
)

// dieWithParent makes the kernel kill the server when the thread that started it
// ends, however that came.
func dieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}

// run starts the server on a thread of its own, which stays as long as it: else
// the server would die with a thread that Go's runtime retires.
func (s *Server) run() error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := s.process.Start()
		started <- err
		if err == nil {
			_ = s.process.Wait() // killed, or ended: its output tells
			close(s.exited)
		}
	}()
	return <-started
}
