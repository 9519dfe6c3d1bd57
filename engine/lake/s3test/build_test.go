package s3test

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

// TestBuildOnce has several test binaries find no program at the same time. A small
// program of a module that this one needs anyway stands for a server.
func TestBuildOnce(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds a program")
	}
	version, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Version}}", "github.com/klauspost/compress").Output()
	if err != nil {
		t.Fatal(err)
	}
	program := Program{Name: "s2d", Package: "github.com/klauspost/compress/s2/cmd/s2d", Version: strings.TrimSpace(string(version))}
	cache := t.TempDir()
	var mu sync.Mutex
	var said bytes.Buffer
	var builders sync.WaitGroup
	for range 3 {
		builders.Go(func() {
			path, err := program.buildIn(t.Context(), cache, writer(func(p []byte) {
				mu.Lock()
				defer mu.Unlock()
				said.Write(p)
			}))
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := os.Stat(path); err != nil {
				t.Error(err)
			}
		})
	}
	builders.Wait()
	if n := strings.Count(said.String(), "building s2d"); n != 1 {
		t.Errorf("built %d times:\n%s", n, said.String())
	}
	entries, err := os.ReadDir(cache)
	if err != nil || len(entries) != 2 { // the program's directory and its lock
		t.Errorf("left in the cache: %v, %v", entries, err)
	}
	program.Version = "v0.0.1-none"
	if _, err := program.buildIn(t.Context(), cache, &said); err == nil || !strings.Contains(err.Error(), "build s2d: ") {
		t.Errorf("a version that does not exist: %v", err)
	}
}

type writer func([]byte)

func (w writer) Write(p []byte) (int, error) {
	w(p)
	return len(p), nil
}
