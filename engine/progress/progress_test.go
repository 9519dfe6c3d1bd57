package progress

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestState writes stages and reads them from outside.
func TestState(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	now := time.Date(2025, 2, 1, 3, 0, 0, 0, time.UTC)
	w := NewWriter("8c21", "run", func() time.Time { return now })
	w.Update(Stage{Name: "read", Total: 4}) // nowhere yet: kept
	dir := filepath.Join(root, "8c21")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	w.Into(dir)
	now = now.Add(30 * time.Second)
	w.Update(Stage{Name: "read", Done: 1, Total: 4, Rows: 10, What: strings.Repeat("long", 100)})
	now = now.Add(time.Millisecond)
	w.Update(Stage{Name: "read", Done: 3, Total: 4, Rows: 30}) // too soon to be written
	s := one(t, root)
	stage, ok := s.Now()
	if !ok || stage.Done != 1 || stage.Rows != 10 || s.Run != "8c21" {
		t.Errorf("read %+v", s)
	}
	if left, ok := stage.Remaining(now); !ok || left.Round(time.Second) != 90*time.Second {
		t.Errorf("%s left, %v", left, ok)
	}
	w.Update(Stage{Name: "models", Total: 9})
	if s = one(t, root); len(s.Stages) != 2 || s.Stages[0].Done != 3 || !s.Stages[1].Started.Equal(now) {
		t.Errorf("read %+v", s.Stages)
	}
	if got := Spill(root, "8c21"); got < 100 {
		t.Errorf("%d bytes", got)
	}
}

func one(t *testing.T, root string) State {
	t.Helper()
	states, err := Read(root)
	if err != nil || len(states) != 1 {
		t.Fatalf("%+v, %v", states, err)
	}
	return states[0]
}

// TestDeadRun does not show what a run left that is no more, nor what is no state.
func TestDeadRun(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	ended := exec.Command("true")
	if err := ended.Run(); err != nil {
		t.Fatal(err)
	}
	for run, pid := range map[string]int{"dead": ended.Process.Pid, "live": os.Getpid()} {
		dir := filepath.Join(root, run)
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		w := NewWriter(run, "run", time.Now)
		w.state.PID = pid
		w.Into(dir)
	}
	if err := os.MkdirAll(filepath.Join(root, "torn"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "torn", fileName), []byte(`{"run":"to`), 0o644); err != nil {
		t.Fatal(err)
	}
	if s := one(t, root); s.Run != "live" {
		t.Errorf("shown: %+v", s)
	}
	if states, err := Read(filepath.Join(root, "nowhere")); err != nil || states != nil {
		t.Errorf("%v, %v", states, err)
	}
	// What cannot be written is not there, and nothing comes of it.
	w := NewWriter("gone", "run", time.Now)
	w.Into(filepath.Join(root, "gone"))
	w.Update(Stage{Name: "read"})
}
