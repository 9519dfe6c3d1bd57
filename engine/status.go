package engine

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"ledgermill/engine/job"
	"ledgermill/engine/ledger"
)

// The states of a unit.
const (
	StatusDone    = "done"
	StatusStale   = "stale"
	StatusHeld    = "held"
	StatusSealed  = "sealed"
	StatusRefused = "refused"
	StatusLost    = "lost"
	StatusFailed  = "failed"
)

// Status is how every unit of every dataset stands.
type Status struct {
	Units   []UnitStatus   `json:"units"`
	Orphans []Orphan       `json:"orphans"`
	Objects []ObjectChange `json:"objects"` // what the listing has that the ledger has not
	Exit    int            `json:"exit"`
}

// UnitStatus is how one unit stands.
type UnitStatus struct {
	Dataset string   `json:"dataset"`
	Unit    job.Unit `json:"unit"`
	Status  string   `json:"status"`
	Rows    int64    `json:"rows"`
	Run     string   `json:"run,omitempty"`
	In      string   `json:"in,omitempty"` // the environment that it is read from; "": this one
	Why     []string `json:"why,omitempty"`
}

// Status compares the ledger with the statements and the listing of the input.
// No object is read: one that the ledger does not know is listed as new, and its
// units are not named yet.
func (m *Mill) Status(ctx context.Context, sel Selection) (*Status, error) {
	if err := m.take(ctx, Selection{}); err != nil {
		return nil, err
	}
	s := &Status{Units: []UnitStatus{}, Orphans: m.Orphans(sel), Objects: []ObjectChange{}}
	for _, name := range m.Project.Order {
		f := m.feeds[name]
		if f == nil {
			continue
		}
		for _, key := range f.unread() {
			change := NewObject
			if _, known := f.objects[key]; known {
				change = ReplacedObject
			}
			s.Objects = append(s.Objects, ObjectChange{Feed: name, Key: key, Change: change, Size: f.listed[key].object.Size})
		}
		refused := f.refused()
		s.Objects = append(append(s.Objects, f.news()...), refused...)
		for _, o := range refused {
			s.Exit = Graver(s.Exit, o.Exit)
		}
	}
	p := m.planner(sel)
	planned := map[string]map[job.Unit]PlannedUnit{}
	for _, u := range p.planned {
		set(planned, u.Dataset, u.Unit, u)
	}
	for _, name := range m.Project.Order {
		if !slices.Contains(sel.Datasets, name) && sel.Datasets != nil {
			continue
		}
		for _, u := range p.cat.units[name] {
			if u.Overlaps(sel.From, sel.To) {
				s.Units = append(s.Units, m.unitStatus(p, name, u, planned[name][u]))
			}
		}
	}
	for _, u := range p.planned {
		s.Exit = Graver(s.Exit, u.Exit)
	}
	return s, nil
}

func (m *Mill) unitStatus(p *planner, name string, u job.Unit, plan PlannedUnit) UnitStatus {
	record, published := m.State().Unit(name, string(u))
	s := UnitStatus{Dataset: name, Unit: u, Status: StatusDone, Rows: record.Rows, Run: record.Run, In: record.Borrowed, Why: plan.Why}
	verdict, stands := p.verdicts[name][u]
	if !stands {
		verdict, stands = m.State().Verdicts[name][string(u)]
		if stands {
			s.Why = []string{verdict.Reason}
		}
	}
	switch {
	case stands && verdict.Exit == ExitDone:
		if plan.Action == ActionSeal {
			s.Status = StatusSealed
		}
	case stands && verdict.Kind == ledger.RefusedKind:
		s.Status = StatusRefused
	case stands && verdict.Kind == ledger.FailedKind:
		s.Status = StatusFailed
	case stands:
		s.Status = StatusHeld
	case record.Lost:
		s.Status = StatusLost
	case plan.Action == ActionMake || plan.Action == ActionCheck || !published:
		s.Status = StatusStale
	}
	if s.Status != StatusDone {
		s.In = ""
	}
	return s
}

// Text prints a line a dataset and status, and the units that are not done.
func (s *Status) Text(w io.Writer) error {
	b := &strings.Builder{}
	for _, o := range s.Objects {
		fmt.Fprintf(b, "object  %-10s %s\n", o.Change, o.Key)
		if o.Change == RefusedObject {
			fmt.Fprintf(b, "    %s\n", o.Detail)
		}
	}
	type span struct {
		UnitStatus
		last job.Unit
		n    int
		rows int64
	}
	var spans []span
	for _, u := range s.Units {
		i := len(spans) - 1
		if i >= 0 && spans[i].Dataset == u.Dataset && spans[i].Status == u.Status && spans[i].In == u.In && (u.Status == StatusDone || slices.Equal(spans[i].Why, u.Why)) {
			spans[i].last, spans[i].n, spans[i].rows = u.Unit, spans[i].n+1, spans[i].rows+u.Rows
			continue
		}
		spans = append(spans, span{UnitStatus: u, last: u.Unit, n: 1, rows: u.Rows})
	}
	for _, x := range spans {
		units := string(x.Unit)
		if x.n > 1 {
			units += " to " + string(x.last)
		}
		fmt.Fprintf(b, "%-28s %-24s %5d %-5s %-8s %14s rows", x.Dataset, units, x.n, nounFor(x.n, "unit"), x.Status, count(x.rows))
		if x.In != "" {
			fmt.Fprintf(b, "  in %s", x.In)
		}
		if x.Status != StatusDone && len(x.Why) > 0 {
			fmt.Fprintf(b, "\n    %s", strings.Join(x.Why, "; "))
		}
		b.WriteString("\n")
	}
	orphansText(b, s.Orphans)
	if b.Len() == 0 {
		b.WriteString("nothing is published yet\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}
