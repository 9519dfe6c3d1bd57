package main

import (
	"bufio"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine"
)

// watched is a program that shows something again on every save.
type watched struct {
	t     testing.TB
	lines *bufio.Scanner
	exit  chan int
	stop  context.CancelFunc
}

func startWatch(t testing.TB, args ...string) *watched {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	read, write := io.Pipe()
	w := &watched{t: t, lines: bufio.NewScanner(read), exit: make(chan int, 1), stop: stop}
	go func() {
		code := run(ctx, append([]string{"ledgermill"}, args...), os.Environ(), strings.NewReader(""), write, io.Discard)
		write.Close()
		w.exit <- code
	}()
	return w
}

// shown are the lines up to the one that stands below each showing.
func (w *watched) shown() string {
	w.t.Helper()
	var b strings.Builder
	for w.lines.Scan() {
		if strings.Contains(w.lines.Text(), "again on every save") {
			return b.String()
		}
		b.WriteString(w.lines.Text() + "\n")
	}
	w.t.Fatalf("the watch ended behind\n%s", b.String())
	return ""
}

// edited replaces a text of a file as editors do: by another file in its place.
func edited(t testing.TB, path, old, new string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(string(text), old) != 1 {
		t.Fatalf("%q is not once in %s", old, path)
	}
	if err := os.WriteFile(path+".swp", []byte(strings.Replace(string(text), old, new, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".swp", path); err != nil {
		t.Fatal(err)
	}
}

// TestWatch edits a model under a watch: rows again, a fault in their place, rows.
func TestWatch(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/library")); err != nil {
		t.Fatal(err)
	}
	settings := []string{"--project", dir, "--setting", "input=" + filepath.Join(dir, "raw"), "--setting", "lake.root=" + filepath.Join(dir, "lake")}
	if code := run(t.Context(), append([]string{"ledgermill", "run", "--until", "lake"}, settings...), os.Environ(), strings.NewReader(""), io.Discard, io.Discard); code != engine.ExitDone {
		t.Fatalf("run: exit %d", code)
	}
	loans, desks := filepath.Join(dir, "sql", "models", "loans.sql"), filepath.Join(dir, "sql", "models", "desk_days.sql")
	rows := startWatch(t, append([]string{"preview", "desk_days", "--date", "2025-03-03", "--watch"}, settings...)...)
	diff := startWatch(t, append([]string{"diff", "desk_days", "--date", "2025-03-03", "--watch"}, settings...)...)
	expect := func(name, shown string, texts ...string) {
		t.Helper()
		for _, text := range texts {
			if !strings.Contains(shown, text) {
				t.Errorf("%s: %q is not in\n%s", name, text, shown)
			}
		}
	}
	expect("rows at first", rows.shown(), "13.50", "south")
	expect("no difference", diff.shown(), "no difference")
	edited(t, loans, "from raw_loans", "from raw_loans where fee > 1") // above the model
	first := rows.shown()
	expect("rows of the edit", first, "north  2025-03-03      2  13.50")
	if strings.Contains(first, "south") {
		t.Errorf("the edit above is not seen:\n%s", first)
	}
	expect("difference", diff.shown(), "1 removed", "fees    south")
	edited(t, desks, "from loans", "form loans")
	expect("fault", rows.shown(), `sql/models/desk_days.sql:9:1: error: syntax error at "form", did you mean "from"?`, "\n      | ^\n")
	expect("fault of the difference", diff.shown(), `did you mean "from"?`)
	edited(t, desks, "form loans", "from loans")
	expect("rows again", rows.shown(), "13.50")
	expect("difference again", diff.shown(), "1 removed")
	text, err := os.ReadFile(desks)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(desks); err != nil {
		t.Fatal(err)
	}
	expect("removed", rows.shown(), "sql/models/desk_days.sql is gone: nothing makes desk_days")
	expect("difference of what is removed", diff.shown(), "sql/models/desk_days.sql is gone: nothing makes desk_days")
	if err := os.WriteFile(desks, text, 0o644); err != nil {
		t.Fatal(err)
	}
	expect("rows of what is back", rows.shown(), "13.50")
	expect("difference of what is back", diff.shown(), "1 removed")
	for _, w := range []*watched{rows, diff} {
		w.stop()
		for w.lines.Scan() {
		}
		if code := <-w.exit; code != engine.ExitInterrupted {
			t.Errorf("exit %d, want %d", code, engine.ExitInterrupted)
		}
	}
}

// TestWatchNeedsFiles: the project that the program carries is nobody's to edit.
func TestWatchNeedsFiles(t *testing.T) {
	t.Parallel()
	code, _, complaints := typed(t.Context(), "preview", "transactions", "--watch", "--project", t.TempDir())
	if code != engine.ExitUsage || !strings.Contains(complaints, "no files to watch") {
		t.Errorf("exit %d: %s", code, complaints)
	}
}

// BenchmarkWatch saves a model of the bank that ships, over and over, under a watch of
// a date of 100,000 records: from the save until the screen is written.
func BenchmarkWatch(b *testing.B) {
	dir := b.TempDir()
	do := func(args ...string) {
		b.Helper()
		var complaints strings.Builder
		if code := run(b.Context(), append([]string{"ledgermill"}, args...), os.Environ(), strings.NewReader(""), io.Discard, &complaints); code != engine.ExitDone {
			b.Fatalf("%v: exit %d: %s", args, code, complaints.String())
		}
	}
	bank, raw := filepath.Join(dir, "bank"), filepath.Join(dir, "raw")
	do("init", bank)
	do("generate", "--output", raw, "--rows", "100000", "--defects", "0", "--end-date", "2025-01-31")
	settings := []string{"--project", bank, "--setting", "input=" + raw, "--setting", "lake.root=" + filepath.Join(dir, "lake")}
	do(append([]string{"run", "--until", "lake"}, settings...)...)
	path := filepath.Join(bank, "sql", "models", "transactions.sql")
	for _, c := range []struct {
		name string
		args []string
	}{
		{"preview", []string{"preview", "transactions", "--watch"}},
		{"diff", []string{"diff", "transactions", "--watch"}},
		{"summary", []string{"preview", "daily_transaction_summary", "--watch"}},
	} {
		b.Run(c.name, func(b *testing.B) {
			w := startWatch(b, append(c.args, settings...)...)
			w.shown()
			from, to := "5000.00 ", "4000.00 "
			for b.Loop() {
				edited(b, path, from, to)
				w.shown()
				from, to = to, from
			}
			w.stop()
			for w.lines.Scan() {
			}
			<-w.exit
			if from != "5000.00 " {
				edited(b, path, from, "5000.00 ")
			}
		})
	}
}

// TestFit holds a text against the rows of a screen: nothing scrolls, and what is left
// out is counted.
func TestFit(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 161)
	for _, c := range []struct {
		text string
		rows int
		want []string
	}{
		{"a\nb\n", 2, []string{"a", "b"}},
		{"a\nb\nc\n", 2, []string{"a", "… 2 lines more"}},
		{"a\n" + long + "\nb", 5, []string{"a", long, "b"}},
		{"a\n" + long + "\nb", 4, []string{"a", "… 2 lines more"}},
		{"a\nb\n" + long, 3, []string{"a", "b", "… 1 line more"}},
		{strings.Repeat("é", 80) + "\nb", 2, []string{strings.Repeat("é", 80), "b"}},
	} {
		if d := cmp.Diff(c.want, fit(c.text, 80, c.rows)); d != "" {
			t.Errorf("%.20q in %d rows (-want +got):\n%s", c.text, c.rows, d)
		}
	}
}
