package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/mattn/go-runewidth"
	"golang.org/x/term"

	"ledgermill/engine"
	"ledgermill/engine/check"
	"ledgermill/engine/preview"
	"ledgermill/engine/sqltext"
)

// watch shows something, and again on every save of a SQL file: in place on a terminal,
// one below the other elsewhere. Faults are shown in the place of it, and the watch goes
// on. It ends with the context.
func (a *app) watch(ctx context.Context, w *workspace, show func(context.Context, io.Writer) error) error {
	if _, carried := w.files.(builtin); carried {
		return usagef("ledgermill init DIR, then edit there", "there are no files to watch: the project is the one that the program carries")
	}
	watcher, err := preview.Watch(w.config.Project)
	if err != nil {
		return err
	}
	if f, isFile := a.stdout.(*os.File); isFile && term.IsTerminal(int(f.Fd())) {
		_, height, err := term.GetSize(int(f.Fd()))
		if err != nil {
			height = 24
		}
		// What stood there scrolls up and is not written over.
		fmt.Fprint(a.stdout, strings.Repeat("\n", height), "\x1b[H", "reading the raw objects for the first time\r\n")
	}
	for {
		var out bytes.Buffer
		if err := show(ctx, &out); err != nil && ctx.Err() == nil {
			a.showFault(&out, w, err)
		}
		if ctx.Err() == nil {
			err = a.redraw(out.String())
		}
		if err == nil {
			err = watcher.Next(ctx)
		}
		if ctx.Err() != nil {
			// The end of a watch, and no failure: only the exit code tells.
			if _, screen := terminal(a.stdout); screen {
				fmt.Fprintln(a.stdout) // what comes next stands below
			}
			var stopped *interruption
			a.exit = engine.ExitInterrupted
			if errors.As(context.Cause(ctx), &stopped) {
				a.exit = stopped.ExitCode()
			}
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// showFault prints what is wrong, with the line where it is that of a file.
func (a *app) showFault(out io.Writer, w *workspace, err error) {
	var many sqltext.Errors
	var one *sqltext.Error
	if !errors.As(err, &many) && errors.As(err, &one) {
		many = sqltext.Errors{one}
	}
	if many == nil {
		printError(out, err)
		return
	}
	width, _ := terminal(a.stdout)
	_ = check.Faults(w.files, many).TextFindings(out, width) // into memory
}

// redraw shows a text in the place of what was shown before.
func (a *app) redraw(text string) error {
	stamp := time.Now().Format("15:04:05") + ", again on every save; Ctrl-C ends"
	f, isFile := a.stdout.(*os.File)
	if !isFile || !term.IsTerminal(int(f.Fd())) {
		_, err := fmt.Fprintf(a.stdout, "%s\n%s\n", text, stamp)
		return err
	}
	width, height, err := term.GetSize(int(f.Fd()))
	if err != nil {
		width, height = 80, 24
	}
	lines := fit(text, width, height-1)
	// Home, each line to its end, and what is left of the screen: clearing it first would flicker.
	const home, lineEnd, rest = "\x1b[H", "\x1b[K\r\n", "\x1b[J"
	_, err = io.WriteString(a.stdout, home+strings.Join(append(lines, stamp), lineEnd)+"\x1b[K"+rest)
	return err
}

// fit is as much of a text as so many rows of a screen hold; the lines that do not fit
// are counted in the last one.
func fit(text string, width, rows int) []string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	room, used := -1, 0 // the lines that leave a row for the count
	for i, line := range lines {
		used += 1 + max(runewidth.StringWidth(line)-1, 0)/max(width, 1)
		if room < 0 && used >= rows {
			room = i
		}
		if used > rows {
			return append(slices.Clone(lines[:room]), fmt.Sprintf("… %s more", engine.Plural(len(lines)-room, "line")))
		}
	}
	return lines
}
