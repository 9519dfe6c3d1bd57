package check

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/mattn/go-runewidth"
)

// Text prints the findings, each with its line and a caret below the place, and then
// what was checked.
func (r *Result) Text(w io.Writer, width int) error {
	if err := r.TextFindings(w, width); err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "%d contracts, %d models, %d tests, %d unit tests, %d data tests, %d queries: %s (%.2f s)\n",
		r.Contracts, r.Models, r.Tests, r.UnitTests, r.DataTests, r.Queries, r.verdict(), r.Took.Seconds())
	for _, s := range r.Skipped {
		fmt.Fprintf(out, "not bound: %s: %s\n", s.File, s.Why)
	}
	return out.Flush()
}

// TextFindings prints the findings alone.
func (r *Result) TextFindings(w io.Writer, width int) error {
	out := bufio.NewWriter(w)
	for _, f := range r.Findings {
		f.print(out, width)
	}
	return out.Flush()
}

func (r *Result) verdict() string {
	var parts []string
	if r.Errors > 0 {
		parts = append(parts, plural(r.Errors, "fault"))
	} else {
		parts = append(parts, "no faults")
	}
	if r.Warnings > 0 {
		parts = append(parts, plural(r.Warnings, "warning"))
	}
	if r.Silenced > 0 {
		parts = append(parts, fmt.Sprintf("%d allowed", r.Silenced))
	}
	return strings.Join(parts, ", ")
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func (f Finding) print(w io.Writer, width int) {
	name := string(f.Severity)
	if f.Rule != bound {
		name += "[" + f.Rule + "]"
	}
	fmt.Fprintf(w, "%s: %s: %s\n", f.pos(), name, f.Message)
	f.excerpt(w, width)
	for _, note := range []struct{ word, text string }{{"why", f.Why}, {"try", f.Try}} {
		if note.text != "" {
			printNote(w, note.word, note.text, width)
		}
	}
	fmt.Fprintln(w)
}

// printNote breaks a note at the width and keeps its lines below each other.
func printNote(w io.Writer, word, text string, width int) {
	const indent = 7
	line := ""
	lead := "  " + word + ": "
	for _, piece := range strings.Fields(text) {
		if line != "" && indent+runewidth.StringWidth(line)+1+runewidth.StringWidth(piece) > width {
			fmt.Fprintln(w, lead+line)
			lead, line = strings.Repeat(" ", indent), ""
		}
		if line != "" {
			line += " "
		}
		line += piece
	}
	fmt.Fprintln(w, lead+line)
}

// excerpt prints the line and a caret below the place. Of a line that is wider than
// the screen it shows what stands round the place.
func (f Finding) excerpt(w io.Writer, width int) {
	if f.Line == 0 || strings.TrimSpace(f.Source) == "" {
		return
	}
	number := fmt.Sprintf("%5d | ", f.Line)
	runes := []rune(strings.ReplaceAll(f.Source, "\t", " "))
	at := min(max(f.Column-1, 0), len(runes))
	room := max(width-len(number), 20)
	from := 0
	if runewidth.StringWidth(string(runes)) > room {
		from = max(0, min(at-room/2, len(runes)-room+1))
	}
	shown, lead := runes[from:], ""
	if from > 0 {
		lead = "…"
		shown = runes[from+1:]
	}
	text := runewidth.Truncate(lead+string(shown), room, "…")
	caret := runewidth.StringWidth(lead + string(runes[min(from+len([]rune(lead)), at):at]))
	fmt.Fprintf(w, "%s%s\n%s%s^\n", number, text, strings.Repeat(" ", len(number)-2)+"| ", strings.Repeat(" ", caret))
}
