package main

import (
	"context"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"ledgermill/sql"
	"ledgermill/warehouse/monitor"
)

// screenOf is a screen whose views have panels of so many rows.
func screenOf(t *testing.T, rows int) *screen {
	t.Helper()
	files, err := fs.Sub(sql.FS, "monitor")
	if err != nil {
		t.Fatal(err)
	}
	views, err := monitor.ReadViews(files)
	if err != nil {
		t.Fatal(err)
	}
	many := monitor.SourceFunc(func(context.Context) (monitor.Table, error) {
		table := monitor.NewTable("run", "stage", "#rows", "#bytes", "what")
		for i := range rows {
			table.Add(monitor.Text(fmt.Sprint("r", i)), monitor.Text("load"), monitor.Int(int64(i)), monitor.Value{}, monitor.Text(strings.Repeat("wide 日本 \x1b[2J", 20)))
		}
		return table, nil
	})
	m := &monitoring{views: views, interval: time.Second, Collector: monitor.New(monitor.Options{Views: views, None: "no server", Sources: map[string]monitor.Source{
		"run": many, "machine": monitor.Machine()}})}
	s := &screen{ctx: t.Context(), m: m}
	s.paint()
	return s
}

// press hands a message to the screen and does what it asks for, but waiting.
func press(s *screen, msg tea.Msg) {
	_, command := s.Update(msg)
	if command != nil && s.asking {
		s.Update(command())
	}
}

func keyOf(text string) tea.KeyPressMsg {
	switch text {
	case "tab":
		return tea.KeyPressMsg{Code: tea.KeyTab}
	case "down":
		return tea.KeyPressMsg{Code: tea.KeyDown}
	case "pgdown":
		return tea.KeyPressMsg{Code: tea.KeyPgDown}
	case "space":
		return tea.KeyPressMsg{Code: tea.KeySpace, Text: " "}
	}
	return tea.KeyPressMsg{Code: []rune(text)[0], Text: text}
}

// TestScreenSizes draws every view at sizes down to nothing, with 5,000 rows: no line
// is wider and no screen higher than the terminal.
func TestScreenSizes(t *testing.T) {
	t.Parallel()
	s := screenOf(t, 5000)
	for _, size := range [][2]int{{80, 24}, {200, 50}, {20, 5}, {10, 3}, {1, 1}, {0, 0}, {3, 40}, {300, 2}} {
		press(s, tea.WindowSizeMsg{Width: size[0], Height: size[1]})
		for range len(s.m.views) + 1 {
			for _, key := range []string{"tab", "pgdown", "pgdown", "down", "?", "?", "g", "2", "tab"} {
				press(s, keyOf(key))
				text := s.text()
				lines := strings.Split(text, "\n")
				if len(lines) > max(1, size[1]) {
					t.Fatalf("%v: %d lines", size, len(lines))
				}
				for _, line := range lines {
					if w := ansi.StringWidth(line); w > size[0] {
						t.Fatalf("%v: a line of %d: %q", size, w, line)
					}
					if strings.Contains(line, "\x1b[2J") {
						t.Fatalf("%v: what a server sends reaches the terminal: %q", size, line)
					}
				}
			}
		}
	}
}

// TestScreenKeys turns to views, scrolls to the end and not beyond, pauses and goes on.
func TestScreenKeys(t *testing.T) {
	t.Parallel()
	s := screenOf(t, 100)
	press(s, tea.WindowSizeMsg{Width: 80, Height: 24})
	press(s, keyOf("2"))
	if text := s.text(); !strings.Contains(text, "2 batch") || !strings.Contains(text, "r0 ") || !strings.Contains(text, "q quit") || !strings.Contains(text, "no server") {
		t.Errorf("batch:\n%s", text)
	}
	for range 20 {
		press(s, keyOf("pgdown"))
		s.text()
	}
	if text := s.text(); strings.Contains(text, "r0 ") || !strings.Contains(text, "n/a") {
		t.Errorf("at the end:\n%s", text)
	}
	press(s, keyOf("g"))
	press(s, keyOf("p"))
	before := s.sample.At
	press(s, tick{})
	if !s.sample.At.Equal(before) || !strings.Contains(s.text(), "paused") {
		t.Error("it does not pause")
	}
	press(s, keyOf("space"))
	press(s, tick{})
	if s.sample.At.Equal(before) {
		t.Error("it does not go on")
	}
	press(s, keyOf("a"))
	if s.m.views[s.at].Name != "doctor" || viewKey(9) != "0" || viewKey(40) != "" {
		t.Errorf("a shows %s", s.m.views[s.at].Name)
	}
	press(s, keyOf("tab"))
	if s.at != 0 {
		t.Errorf("behind the last view comes %d", s.at)
	}
	if _, command := s.Update(keyOf("q")); command == nil {
		t.Error("q does not end it")
	}
}

// TestScreenPausedAtOnce pauses before anything has been seen: what comes is shown, and
// looked at no further.
func TestScreenPausedAtOnce(t *testing.T) {
	t.Parallel()
	s := screenOf(t, 3)
	press(s, tea.WindowSizeMsg{Width: 80, Height: 24})
	first := s.Init()
	press(s, keyOf("p"))
	_, next := s.Update(first())
	if s.asking || next == nil || s.sample.At.IsZero() || !strings.Contains(s.text(), "paused") {
		t.Errorf("asking %t:\n%s", s.asking, s.text())
	}
}

// TestScreenTicks looks at once again and again, and turns views: one tick is to come,
// and after it one.
func TestScreenTicks(t *testing.T) {
	t.Parallel()
	s := screenOf(t, 3)
	ticks := 0
	look := func(command tea.Cmd) {
		t.Helper()
		if command == nil {
			t.Fatal("it does not look")
		}
		if _, next := s.Update(command()); next != nil {
			ticks++
		}
	}
	look(s.Init())
	for _, key := range []string{"r", "tab", "3", "r", "r"} {
		_, command := s.Update(keyOf(key))
		look(command)
	}
	if ticks != 1 {
		t.Errorf("%d ticks are to come", ticks)
	}
	_, command := s.Update(tick{})
	look(command)
	if ticks != 2 {
		t.Errorf("%d ticks have been or are to come", ticks)
	}
	_, command = s.Update(keyOf("r")) // under way when the tick comes
	s.Update(tick{})
	look(command)
	if ticks != 3 {
		t.Errorf("%d ticks have been or are to come", ticks)
	}
}
