package preview

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	// every is how often files are looked at: two looks a change are within the time
	// that people take for at once, and a hundred files cost a thousandth of a core.
	every = 50 * time.Millisecond
	// settle is how long files must stay as they are: editors write in several steps.
	settle = 10 * time.Millisecond
	// absent is how long a file must be gone: some editors remove it and write it anew.
	absent = 200 * time.Millisecond
)

// Watcher waits for edits of a project's SQL files.
type Watcher struct {
	root string
	seen map[string]stamp
}

// stamp is what the file system says of a version of a file.
type stamp struct {
	size     int64
	modified time.Time
}

// Watch begins to watch the files below sql/ of a project's directory.
func Watch(project string) (*Watcher, error) {
	w := &Watcher{root: filepath.Join(project, "sql")}
	var err error
	w.seen, err = w.look()
	return w, err
}

// Next waits for an edit since it was called last, or since the beginning. It ends with
// the context.
func (w *Watcher) Next(ctx context.Context) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
		now, err := w.look()
		if err != nil {
			return err
		}
		if maps.Equal(now, w.seen) {
			continue
		}
		if now, err = w.settled(ctx, now); err != nil {
			return err
		}
		if !maps.Equal(now, w.seen) { // a file that was gone may be back as it was
			w.seen = now
			return nil
		}
	}
}

// settled waits until the files stay as they are.
func (w *Watcher) settled(ctx context.Context, now map[string]stamp) (map[string]stamp, error) {
	began := time.Now()
	for {
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(settle):
		}
		again, err := w.look()
		if err != nil {
			return nil, err
		}
		if maps.Equal(again, now) && (!w.lacks(now) || time.Since(began) >= absent) {
			return now, nil
		}
		now = again
	}
}

// lacks reports whether a file that was there is gone.
func (w *Watcher) lacks(now map[string]stamp) bool {
	for path := range w.seen {
		if _, there := now[path]; !there {
			return true
		}
	}
	return false
}

func (w *Watcher) look() (map[string]stamp, error) {
	found := map[string]stamp{}
	err := filepath.WalkDir(w.root, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // removed meanwhile: an editor puts a new file in its place
		}
		hidden := strings.HasPrefix(d.Name(), ".")
		if err != nil || d.IsDir() || hidden || !strings.HasSuffix(path, ".sql") {
			return err
		}
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil {
			found[path] = stamp{info.Size(), info.ModTime()}
		}
		return err
	})
	return found, err
}
