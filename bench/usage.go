package bench

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// cpuTime is what this process and those that it has waited for have spent.
func cpuTime() (total time.Duration) {
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var used syscall.Rusage
		_ = syscall.Getrusage(who, &used) // fails only for another argument
		total += time.Duration(used.Utime.Nano() + used.Stime.Nano())
	}
	return total
}

// forgetPeak makes the peak of memory that of now, where the system can.
func forgetPeak() {
	// Refused or unknown elsewhere: the peak is then that of getting ready, too.
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0)
}

// peak is the largest resident memory of this process in bytes. The kernel's own
// figure for getrusage would be that of the process which started this one, if it was
// larger.
func peak() int64 {
	if bytes, ok := highWater(os.Getpid()); ok {
		return bytes
	}
	var used syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &used) // fails only for another argument
	if runtime.GOOS == "linux" {
		return used.Maxrss * 1024
	}
	return used.Maxrss
}

// highWater is the peak of any process of Linux that is still there.
func highWater(pid int) (int64, bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, false
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		if rest, found := strings.CutPrefix(lines.Text(), "VmHWM:"); found {
			kilobytes, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kilobytes * 1024, err == nil
		}
	}
	return 0, false
}

// Family follows the memory of processes that a case starts, and of theirs.
type Family struct {
	root    int
	mutex   sync.Mutex
	peaks   map[int]int64
	stop    chan struct{}
	stopped chan struct{}
}

// Follow begins with a process and asks again ten times a second, since a peak is gone
// with its process.
func Follow(pid int) *Family {
	f := &Family{root: pid, peaks: map[int]int64{}, stop: make(chan struct{}), stopped: make(chan struct{})}
	go func() {
		defer close(f.stopped)
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			f.look(f.root)
			select {
			case <-tick.C:
			case <-f.stop:
				return
			}
		}
	}()
	return f
}

func (f *Family) look(pid int) {
	if bytes, ok := highWater(pid); ok {
		f.mutex.Lock()
		f.peaks[pid] = bytes
		f.mutex.Unlock()
	}
	// Threads may have children of their own.
	tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		return
	}
	for _, task := range tasks {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", pid, task.Name()))
		if err != nil {
			continue
		}
		for child := range strings.FieldsSeq(string(text)) {
			if id, err := strconv.Atoi(child); err == nil {
				f.look(id)
			}
		}
	}
}

// SoFar is the sum of the peaks in bytes, 0 where the system does not tell them.
func (f *Family) SoFar() (bytes int64) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	for _, one := range f.peaks {
		bytes += one
	}
	return bytes
}

// Peak ends the following and returns what SoFar would. Call it once.
func (f *Family) Peak() int64 {
	close(f.stop)
	<-f.stopped
	return f.SoFar()
}

// ReadSoFar is how many bytes this process has read by system calls, whether from a
// disk or from memory. It is an error where the system does not count them.
func ReadSoFar() (int64, error) {
	text, err := os.ReadFile("/proc/self/io")
	if err != nil {
		return 0, fmt.Errorf("count bytes read: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, found := strings.CutPrefix(line, "rchar:"); found {
			return strconv.ParseInt(strings.TrimSpace(rest), 10, 64)
		}
	}
	return 0, errors.New("count bytes read: /proc/self/io does not tell")
}
