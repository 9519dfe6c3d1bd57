package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// argWatch reads the arguments of processes and of all that they start, as anybody on
// the machine can, for as long as they run.
type argWatch struct {
	*testing.T
	texts []string // that must not be there

	mu    sync.Mutex
	roots map[int]bool
	seen  map[string]bool // command lines
	stop  chan struct{}
	ended sync.WaitGroup
}

func watchArgs(t *testing.T, texts ...string) *argWatch {
	t.Helper()
	if _, err := os.Stat("/proc/self/task"); err != nil {
		t.Skip("needs /proc")
	}
	w := &argWatch{T: t, texts: texts, roots: map[int]bool{}, seen: map[string]bool{}, stop: make(chan struct{})}
	w.ended.Go(func() {
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-w.stop:
				return
			case <-tick.C:
				w.look()
			}
		}
	})
	return w
}

func (w *argWatch) follow(pid int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.roots[pid] = true
}

func (w *argWatch) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	var walk func(pid int)
	walk = func(pid int) {
		line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if err != nil { // it has ended
			return
		}
		w.seen[string(bytes.ReplaceAll(line, []byte{0}, []byte{' '}))] = true
		tasks, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
		for _, task := range tasks {
			children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", pid, task.Name()))
			for child := range strings.FieldsSeq(string(children)) {
				var n int
				if _, err := fmt.Sscan(child, &n); err == nil {
					walk(n)
				}
			}
		}
	}
	for pid := range w.roots {
		walk(pid)
	}
}

// done ends the watch and says what it has seen.
func (w *argWatch) done() (lines []string) {
	w.Helper()
	close(w.stop)
	w.ended.Wait()
	for line := range w.seen {
		lines = append(lines, line)
		for _, text := range w.texts {
			if strings.Contains(strings.ToUpper(line), strings.ToUpper(text)) {
				w.Errorf("a process was started as %q", line)
			}
		}
	}
	return lines
}
