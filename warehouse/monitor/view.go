package monitor

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"ledgermill/engine/sqltext"
)

// View is one screen: an SQL file.
type View struct {
	Number int    // 1 to 99, the key that shows it
	Name   string // overview
	About  string
	Panels []Panel
	file   string
}

// Panel is one table of a view, or one row of figures.
type Panel struct {
	View      string
	Name      string
	Figures   string // heading of a single row, shown as names and values; "": a table
	Key       []string
	Rates     []string      // counters of which the rate is shown
	Growths   []string      // figures that are shown with their rate
	Sparks    []string      // lists of numbers parted by commas, shown as a curve
	Sort      string        // column, "" as the rows come
	Down      bool          // the largest first
	Limit     int           // rows that a text shows at most; 0: all
	Every     time.Duration // the least time between two questions
	From      int           // first major version of the server; 0: any
	Before    int           // first major version that has it no more; 0: none
	Alarm     bool          // each row is something that somebody should look at
	Extension string        // that must be installed
	Source    string        // in place of a statement
	Statement string
	Absent    map[string]string // column to the reason of a null in it
	Metrics   []Metric
	Labels    map[string]string // column of the key to the name of its label
}

// Metric is a column as Prometheus knows it.
type Metric struct {
	Column  string
	Name    string
	Help    string
	Counter bool // else a gauge
	at      sqltext.Pos
}

// unknown are the columns that the header names and a table of the panel does not have.
func (p *Panel) unknown(t Table) []string {
	have := map[string]bool{"": true} // no order
	for _, c := range t.Columns {
		have[c.Name] = true
	}
	names := slices.Concat(p.Key, p.Rates, p.Growths, p.Sparks)
	for _, name := range slices.Concat(p.Rates, p.Growths) {
		have[name+perSecond] = true
	}
	for _, m := range p.Metrics {
		names = append(names, m.Column)
	}
	names = slices.Concat(names, []string{p.Sort}, sortedKeys(p.Absent), sortedKeys(p.Labels))
	names = slices.DeleteFunc(names, func(name string) bool { return have[name] })
	slices.Sort(names)
	return slices.Compact(names)
}

var viewFile = regexp.MustCompile(`^(\d\d)_(?:mill_)?([a-z][a-z0-9_]*)\.sql$`)

// vocabulary are the words of a panel's header.
func vocabulary() []sqltext.DirectiveWord {
	words := []sqltext.DirectiveWord{{Name: "absent", Column: true}, {Name: "metric", Column: true}, {Name: "label", Column: true}}
	for _, name := range []string{"about", "panel", "figures", "key", "rate", "growth", "spark", "sort", "alarm", "limit", "every", "from version",
		"before version", "extension", "source"} {
		words = append(words, sqltext.DirectiveWord{Name: name})
	}
	return words
}

// ReadViews reads the views of a directory: files NN_name.sql, or NN_mill_name.sql. A metric
// is the same thing in all of them: Prometheus would get none otherwise. All faults are returned at once, as [sqltext.Errors].
func ReadViews(files fs.FS) ([]View, error) {
	entries, err := fs.ReadDir(files, ".")
	if err != nil {
		return nil, fmt.Errorf("read views: %w", err)
	}
	var views []View
	var faults sqltext.Errors
	for _, e := range entries {
		if path.Ext(e.Name()) != ".sql" {
			continue
		}
		text, err := fs.ReadFile(files, e.Name())
		if err != nil {
			return nil, fmt.Errorf("read views: %w", err)
		}
		view, wrong := readView(e.Name(), string(text))
		views, faults = append(views, view), append(faults, wrong...)
	}
	if len(faults) > 0 {
		return nil, faults
	}
	slices.SortFunc(views, func(a, b View) int { return a.Number - b.Number })
	for i := 1; i < len(views); i++ {
		if views[i].Name == views[i-1].Name || views[i].Number == views[i-1].Number {
			return nil, sqltext.Errors{{Pos: sqltext.Pos{File: views[i].file, Line: 1, Col: 1},
				Msg: fmt.Sprintf("has the number or the name of %s", views[i-1].file)}}
		}
	}
	if faults = clashes(views); len(faults) > 0 {
		return nil, faults
	}
	return views, nil
}

// clashes are metrics that are said to be two things.
func clashes(views []View) (faults sqltext.Errors) {
	said := map[string]Metric{}
	for _, v := range views {
		for _, p := range v.Panels {
			for _, m := range p.Metrics {
				before, known := said[m.Name]
				switch {
				case m.Name == upMetric:
					faults = append(faults, sqltext.Errorf(m.at, "metric %s is the monitor's own", m.Name))
				case !known:
					said[m.Name] = m
				case m.Help != before.Help || m.Counter != before.Counter:
					faults = append(faults, sqltext.Errorf(m.at, "metric %s has another help or kind at %s", m.Name, before.at))
				}
			}
		}
	}
	return faults
}

func readView(file, text string) (View, sqltext.Errors) {
	name := viewFile.FindStringSubmatch(file)
	if name == nil {
		return View{}, sqltext.Errors{{Pos: sqltext.Pos{File: file, Line: 1, Col: 1}, Msg: "is no name of a view", Remedy: "call it 12_name.sql"}}
	}
	v := View{Name: name[2], file: file}
	v.Number, _ = strconv.Atoi(name[1]) // two digits
	var faults sqltext.Errors
	line := 0
	for i, part := range panelTexts(text) {
		directives, wrong := sqltext.Header(file, part, vocabulary())
		r := panelReader{panel: Panel{View: v.Name, Absent: map[string]string{}, Labels: map[string]string{}}, first: i == 0}
		for _, d := range directives {
			if err := r.read(d); err != nil {
				wrong = append(wrong, err)
			}
		}
		if i == 0 {
			v.About = r.about
		} else if err := r.statement(file, part); err != nil {
			wrong = append(wrong, err)
		} else {
			v.Panels = append(v.Panels, r.panel)
		}
		for _, w := range wrong {
			w.Pos.Line += line
		}
		for i := range r.panel.Metrics {
			r.panel.Metrics[i].at.Line += line
		}
		faults = append(faults, wrong...)
		line += strings.Count(part, "\n")
	}
	return v, faults
}

// panelTexts parts a file where a panel begins; the first part is what is above them.
func panelTexts(text string) []string {
	var parts []string
	var b strings.Builder
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "-- panel:") {
			parts = append(parts, b.String())
			b.Reset()
		}
		b.WriteString(line)
	}
	return append(parts, b.String())
}

// Select returns the views of the names, all where there are none.
func Select(views []View, names []string) ([]View, error) {
	if len(names) == 0 {
		return views, nil
	}
	var chosen []View
	for _, name := range names {
		i := slices.IndexFunc(views, func(v View) bool { return v.Name == name || strconv.Itoa(v.Number) == name })
		if i < 0 {
			return nil, &UnknownViewError{Name: name, Known: Names(views)}
		}
		chosen = append(chosen, views[i])
	}
	return chosen, nil
}

// Names of views, in their order.
func Names(views []View) []string {
	var names []string
	for _, v := range views {
		names = append(names, v.Name)
	}
	return names
}

// UnknownViewError is a view that is not there.
type UnknownViewError struct {
	Name  string
	Known []string
}

func (e *UnknownViewError) Error() string { return fmt.Sprintf("there is no view %q", e.Name) }

// Try names those that are there.
func (e *UnknownViewError) Try() string { return "--view " + strings.Join(e.Known, ", ") }

// ExitCode is that of usage.
func (e *UnknownViewError) ExitCode() int { return 2 }
