//go:build !linux

package s3test

import "syscall"

func dieWithParent() *syscall.SysProcAttr { return nil }

func (s *Server) run() error {
	if err := s.process.Start(); err != nil {
		return err
	}
	go func() {
		_ = s.process.Wait() // killed, or ended: its output tells
		close(s.exited)
	}()
	return nil
}
