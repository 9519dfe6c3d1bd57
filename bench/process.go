package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// worker is a process that runs repetitions.
type worker struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	replies *json.Decoder
	said    tail
}

// tail keeps the end of what a process says.
type tail struct {
	mutex sync.Mutex
	text  []byte
}

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.text = append(t.text, p...)
	t.text = t.text[max(0, len(t.text)-2000):]
	return len(p), nil
}

// start starts this program again, in a process group of its own: what it starts ends
// with it.
func start() (*worker, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	w := &worker{cmd: exec.Command(self)}
	w.cmd.Env = append(os.Environ(), childVariable+"=1")
	w.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	w.cmd.Stderr = &w.said
	w.cmd.WaitDelay = 5 * time.Second // for what a killed process has left with its output open
	if w.in, err = w.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	w.replies = json.NewDecoder(out)
	if err := w.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start a process of the bench: %w", err)
	}
	return w, nil
}

// ask sends a request and waits for the reply, at most until the context is done.
func (w *worker) ask(ctx context.Context, r request) (a reply, err error) {
	if err := json.NewEncoder(w.in).Encode(r); err != nil {
		return a, fmt.Errorf("process of the bench: %w%s", err, w.words())
	}
	done := make(chan error, 1)
	go func() { done <- w.replies.Decode(&a) }()
	select {
	case err = <-done:
	case <-ctx.Done():
		err = errors.Join(context.Cause(ctx), w.signal())
		<-done
	}
	if err != nil {
		return reply{}, fmt.Errorf("process of the bench: %w%s", err, w.words())
	}
	return a, nil
}

// kill ends the process and what it has started.
func (w *worker) kill() error {
	err := w.signal()
	_ = w.in.Close() // whoever read it is gone
	_ = w.cmd.Wait() // it was killed, and says so
	return err
}

func (w *worker) signal() error {
	err := syscall.Kill(-w.cmd.Process.Pid, syscall.SIGKILL)
	if errors.Is(err, syscall.ESRCH) {
		return nil // it has ended
	}
	return err
}

// words are the last that the process has said.
func (w *worker) words() string {
	w.said.mutex.Lock()
	defer w.said.mutex.Unlock()
	if text := strings.TrimSpace(string(w.said.text)); text != "" {
		return ": " + text
	}
	return ""
}

// close lets the process end and waits for it.
func (w *worker) close() error {
	err := w.in.Close()
	if ended := w.cmd.Wait(); ended != nil {
		return errors.Join(err, fmt.Errorf("process of the bench: %w%s", ended, w.words()))
	}
	return err
}
