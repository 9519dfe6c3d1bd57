package monitor

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"ledgermill/engine/sqltext"
)

// panelReader reads the header of a panel.
type panelReader struct {
	panel Panel
	first bool // what is above the panels
	about string
}

var metricName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

func (r *panelReader) read(d sqltext.Directive) *sqltext.Error {
	p := &r.panel
	if (d.Word == "about") != r.first {
		return sqltext.Errorf(d.Pos, "`about` stands above the first panel, and nothing else does")
	}
	if d.Value == "" {
		return sqltext.Errorf(d.At, "`%s` needs a value", d.Word)
	}
	switch d.Word {
	case "about":
		r.about = d.Value
	case "panel":
		p.Name = d.Value
	case "figures":
		p.Figures = d.Value
	case "key":
		p.Key = sqltext.Split(d.Value, ",")
	case "rate":
		p.Rates = sqltext.Split(d.Value, ",")
	case "growth":
		p.Growths = sqltext.Split(d.Value, ",")
	case "spark":
		p.Sparks = sqltext.Split(d.Value, ",")
	case "sort":
		p.Sort, p.Down = strings.CutSuffix(d.Value, " desc")
	case "alarm":
		if d.Value != "rows" {
			return sqltext.Errorf(d.At, "an alarm is `rows`: each row is one")
		}
		p.Alarm = true
	case "extension":
		p.Extension = d.Value
	case "source":
		p.Source = d.Value
	case "absent":
		p.Absent[d.Column] = d.Value
	case "label":
		p.Labels[d.Column] = d.Value
	case "metric":
		return r.metric(d)
	default:
		return r.number(d)
	}
	return nil
}

func (r *panelReader) number(d sqltext.Directive) *sqltext.Error {
	if d.Word == "every" {
		every, err := time.ParseDuration(strings.Replace(d.Value, "min", "m", 1))
		if err != nil || every <= 0 {
			return sqltext.Errorf(d.At, "%q is no time such as 5s or 1min", d.Value)
		}
		r.panel.Every = every
		return nil
	}
	n, err := strconv.Atoi(d.Value)
	if err != nil || n <= 0 {
		return sqltext.Errorf(d.At, "%q is no number above 0", d.Value)
	}
	switch d.Word {
	case "limit":
		r.panel.Limit = n
	case "from version":
		r.panel.From = n
	case "before version":
		r.panel.Before = n
	}
	return nil
}

// metric reads `-- metric column: counter name help`.
func (r *panelReader) metric(d sqltext.Directive) *sqltext.Error {
	kind, rest, _ := strings.Cut(d.Value, " ")
	name, help, _ := strings.Cut(rest, " ")
	if kind != "counter" && kind != "gauge" || !metricName.MatchString(name) || help == "" || d.Column == "" {
		return sqltext.Errorf(d.At, "a metric is `-- metric column: counter name help`, or gauge")
	}
	r.panel.Metrics = append(r.panel.Metrics, Metric{Column: d.Column, Name: name, Help: help, Counter: kind == "counter", at: d.At})
	return nil
}

// statement takes what is below the header: one statement, or nothing where a source
// is named.
func (r *panelReader) statement(file, part string) *sqltext.Error {
	at := sqltext.Pos{File: file, Line: 1, Col: 1}
	tokens, err := sqltext.Lex(file, part)
	if err != nil {
		return sqltext.Errorf(at, "panel %s: %v", r.panel.Name, err)
	}
	statements := sqltext.Statements(sqltext.Code(tokens))
	switch {
	case r.panel.Source != "" && len(statements) > 0:
		return sqltext.Errorf(at, "panel %s has a source and a statement", r.panel.Name)
	case r.panel.Source == "" && len(statements) != 1:
		return sqltext.Errorf(at, "panel %s has %d statements, and needs one", r.panel.Name, len(statements))
	case r.panel.Figures == "" && len(r.panel.Key) == 0:
		return sqltext.Errorf(at, "panel %s needs `key`, or `figures` if it is a single row", r.panel.Name)
	case r.panel.Source == "":
		r.panel.Statement = strings.TrimSuffix(strings.TrimSpace(part), ";")
	}
	return nil
}
