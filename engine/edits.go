package engine

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"ledgermill/engine/job"
)

// Edit is how a file differs from what published units were made by.
type Edit struct {
	Dataset string     `json:"dataset"`
	File    string     `json:"file"`
	Units   []job.Unit `json:"units"` // made by the text before, in order
	Diff    string     `json:"diff"`  // unified, without its heading; "": the ledger has not kept the text before
}

// edits are those that make the plan's units stale, each text before for itself.
func (p *planner) edits() []Edit {
	type version struct{ dataset, sql string }
	units := map[version][]job.Unit{}
	for _, u := range p.planned {
		record, published := p.mill.State().Unit(u.Dataset, string(u.Unit))
		if !published || record.Lost || u.Action != ActionMake && u.Action != ActionHold {
			continue
		}
		if text, sql := p.mill.text(u.Dataset); text != "" && sql != record.SQL {
			at := version{u.Dataset, record.SQL}
			units[at] = append(units[at], u.Unit)
		}
	}
	var edits []Edit
	for at, of := range units {
		after, _ := p.mill.text(at.dataset)
		before, kept := p.mill.State().Statement(at.dataset, at.sql)
		if kept && before == after {
			continue // other semantics of the same text
		}
		slices.Sort(of)
		e := Edit{Dataset: at.dataset, File: p.mill.fileOf(at.dataset), Units: of}
		if kept {
			e.Diff = difference(e.File, before, after)
		}
		edits = append(edits, e)
	}
	slices.SortFunc(edits, func(a, b Edit) int { return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Units[0], b.Units[0])) })
	return edits
}

// fileOf is where a dataset is said.
func (m *Mill) fileOf(dataset string) string {
	if c := m.Project.Contracts[dataset]; c != nil {
		return c.File
	}
	return m.Project.Models[dataset].File
}

// difference is a unified diff of two texts without its heading: only one file is
// spoken of.
func difference(file, before, after string) string {
	text := string(diff.Diff(file, []byte(before), file, []byte(after)))
	for range 3 {
		_, text, _ = strings.Cut(text, "\n")
	}
	return text
}

func (e Edit) text(b *strings.Builder) {
	span := string(e.Units[0])
	if n := len(e.Units); n > 1 {
		span = fmt.Sprintf("%s to %s (%d units)", span, e.Units[n-1], n)
	}
	fmt.Fprintf(b, "\nedited  %s since %s was made\n", e.File, span)
	if e.Diff == "" {
		b.WriteString("    the ledger has not kept the text before\n")
	}
	for line := range strings.Lines(e.Diff) {
		b.WriteString("    " + line)
	}
}
