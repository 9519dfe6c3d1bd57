package progress

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"
)

const (
	fileName = "progress.json"
	// between is the least time between two writes, but for a stage's first and last.
	between = time.Second
	// largest is more than a state takes.
	largest = 64 << 10
)

// State is where a run is.
type State struct {
	Run     string    `json:"run"`
	Command string    `json:"command"`
	Host    string    `json:"host"`
	PID     int       `json:"pid"`
	Started time.Time `json:"started"`
	Updated time.Time `json:"updated"`
	Stages  []Stage   `json:"stages"`
}

// Stage is one stage of a run.
type Stage struct {
	Name    string    `json:"name"` // read, models, load
	Started time.Time `json:"started"`
	Updated time.Time `json:"updated"`
	Done    int64     `json:"done"`     // objects, units or parts
	Total   int64     `json:"expected"` // of them
	Rows    int64     `json:"rows"`     // records or rows so far
	Bytes   int64     `json:"bytes"`    // so far: of text read, of files made, as they are sent
	What    string    `json:"what"`     // the object or unit at hand
}

// Now is the stage at work, the last that has begun.
func (s State) Now() (Stage, bool) {
	if len(s.Stages) == 0 {
		return Stage{}, false
	}
	return s.Stages[len(s.Stages)-1], true
}

// Remaining is how long the stage takes until its end at the pace so far; false where
// nothing is done yet.
func (s Stage) Remaining(now time.Time) (time.Duration, bool) {
	if s.Done <= 0 || s.Total <= 0 {
		return 0, false
	}
	left := max(0, s.Total-s.Done)
	return time.Duration(float64(now.Sub(s.Started)) * float64(left) / float64(s.Done)), true
}

// Writer keeps the state of a run in its directory. Its methods may be called at the
// same time.
type Writer struct {
	mu      sync.Mutex
	path    string
	state   State
	written time.Time
	now     func() time.Time
}

// NewWriter makes a writer for a run; without a directory yet, see [Writer.Into].
func NewWriter(run, command string, now func() time.Time) *Writer {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return &Writer{now: now, state: State{Run: run, Command: command, Host: host, PID: os.Getpid(), Started: now().UTC(), Stages: []Stage{}}}
}

// Into says where the run stages its files, and writes the first state there.
func (w *Writer) Into(dir string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.path = filepath.Join(dir, fileName)
	w.write()
}

// Update notes where a stage is.
func (w *Writer) Update(s Stage) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.now().UTC()
	at := slices.IndexFunc(w.state.Stages, func(known Stage) bool { return known.Name == s.Name })
	if s.Started, s.Updated = now, now; at >= 0 {
		s.Started = w.state.Stages[at].Started
		w.state.Stages[at] = s
	} else {
		w.state.Stages = append(w.state.Stages, s)
	}
	w.state.Updated = now
	if end := s.Total > 0 && s.Done >= s.Total; at < 0 || end || now.Sub(w.written) >= between {
		w.write()
	}
}

// write replaces the file. That it cannot be written is nobody's trouble.
func (w *Writer) write() {
	if w.path == "" {
		return
	}
	w.written = w.now().UTC()
	text, err := json.Marshal(w.state)
	if err != nil {
		return
	}
	// In place, a little longer than needed: a reader who sees half of it reads again.
	f, err := os.OpenFile(w.path, os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return
	}
	_, _ = f.WriteAt(append(text, '\n'), 0)
	_ = f.Close()
}

// Read returns the states of the runs that stage below root and are alive, as far as
// this machine can tell; those of other machines count as alive.
func Read(root string) ([]State, error) {
	entries, err := os.ReadDir(root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	host, _ := os.Hostname() // then each run counts as another machine's
	var states []State
	for _, e := range entries {
		s, ok := readState(filepath.Join(root, e.Name(), fileName))
		if ok && (s.Host != host || !errors.Is(syscall.Kill(s.PID, 0), syscall.ESRCH)) {
			states = append(states, s)
		}
	}
	slices.SortFunc(states, func(a, b State) int { return a.Started.Compare(b.Started) })
	return states, nil
}

func readState(path string) (s State, ok bool) {
	for range 3 { // one that is being written
		f, err := os.Open(path)
		if err != nil {
			return s, false
		}
		text := make([]byte, largest)
		n, _ := f.ReadAt(text, 0) // io.EOF is how it ends
		_ = f.Close()
		end := slices.Index(text[:n], '\n')
		if end >= 0 && json.Unmarshal(text[:end], &s) == nil {
			return s, true
		}
	}
	return s, false
}

// Spill is how many bytes lie below the directory of a run: what its engine has
// spilled, what is parked and what is staged.
func Spill(root, run string) int64 {
	var sum int64
	_ = filepath.WalkDir(filepath.Join(root, run), func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil // it goes while it is looked at
		}
		if info, err := d.Info(); err == nil && !d.IsDir() {
			sum += info.Size()
		}
		return nil
	})
	return sum
}
