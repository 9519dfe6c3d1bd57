package engine

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"ledgermill/engine/job"
)

// Text prints the plan for people.
func (p *Plan) Text(w io.Writer) error {
	b := &strings.Builder{}
	for _, o := range p.Objects {
		detail := ""
		if o.Detail != "" {
			detail = ": " + o.Detail
		}
		fmt.Fprintf(b, "object  %-10s %s%s\n", o.Change, o.Key, detail)
		try(b, o.Try)
	}
	for _, g := range p.grouped() {
		fmt.Fprintf(b, "%-7s %s %s: %s\n", g.Action, g.Dataset, g.span, strings.Join(g.Why, "; "))
	}
	if b.Len() == 0 {
		b.WriteString("nothing to do\n")
	}
	orphansText(b, p.Orphans)
	for _, e := range p.Edits {
		e.text(b)
	}
	if p.Expected != nil {
		p.Expected.text(b)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// plannedSpan is a stretch of units with the same action and reason.
type plannedSpan struct {
	PlannedUnit
	span string
	last job.Unit
	n    int
}

// grouped puts neighbouring units of a dataset with the same action and reason on
// one line: a back-fill of a year is not 365 lines.
func (p *Plan) grouped() []plannedSpan {
	var spans []plannedSpan
	for _, u := range p.Units {
		i := len(spans) - 1
		if i >= 0 && spans[i].Dataset == u.Dataset && spans[i].Action == u.Action && slices.Equal(spans[i].Why, u.Why) {
			spans[i].last, spans[i].n = u.Unit, spans[i].n+1
			continue
		}
		spans = append(spans, plannedSpan{PlannedUnit: u, last: u.Unit, n: 1})
	}
	for i, s := range spans {
		spans[i].span = string(s.Unit)
		if s.n > 1 {
			spans[i].span = fmt.Sprintf("%s to %s (%s)", s.Unit, s.last, Plural(s.n, "unit"))
		}
	}
	return spans
}
