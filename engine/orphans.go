package engine

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"ledgermill/engine/job"
	"ledgermill/engine/ledger"
	"ledgermill/engine/model"
)

// Orphan is a unit that is published and that nothing makes any more.
type Orphan struct {
	Dataset string   `json:"dataset"`
	Unit    job.Unit `json:"unit"`
	Rows    int64    `json:"rows"`
	Bytes   int64    `json:"bytes"`
	Why     string   `json:"why"`
}

// Orphans are the units that nothing makes any more, of the given datasets or of all,
// and of the selection's dates: of datasets that no file says, and of dates that nothing
// has that a dataset is made from. Whole datasets are of every date.
func (m *Mill) Orphans(sel Selection, datasets ...string) []Orphan {
	orphans := []Orphan{}
	for _, name := range sortedKeys(m.Own().Units) {
		if len(datasets) > 0 && !slices.Contains(datasets, name) {
			continue
		}
		for _, unit := range m.Own().UnitNames(name) {
			if why := m.orphaned(name, unit); why != "" && job.Unit(unit).Overlaps(sel.From, sel.To) {
				record, _ := m.Own().Unit(name, unit)
				orphans = append(orphans, Orphan{Dataset: name, Unit: job.Unit(unit), Rows: record.Rows, Bytes: record.Size, Why: why})
			}
		}
	}
	return orphans
}

func (m *Mill) orphaned(name, unit string) (why string) {
	switch one := m.Project.Models[name]; {
	case one == nil && m.Project.Contracts[name] == nil:
		return "no file says this dataset any more"
	case one != nil && one.Publish != model.No && !m.made(name, unit):
		return "nothing that it is made from has this date any more"
	}
	return ""
}

// Drop takes units that nothing makes any more out of the lake, by one commit that the
// ledger keeps: readers do not find them any more, and no former version of them. Where
// there is a warehouse, what is loaded of them goes from there. Dropped is what the lake
// has no longer, also with an error of the load.
func (m *Mill) Drop(ctx context.Context, orphans []Orphan, reason string) (dropped []ledger.UnitRecord, load LoadReport, err error) {
	var entry ledger.Entry
	for _, o := range orphans {
		record, published := m.Own().Unit(o.Dataset, string(o.Unit))
		if !published || m.orphaned(o.Dataset, string(o.Unit)) == "" {
			return nil, load, &NothingError{What: fmt.Sprintf("%s %s is no orphan", o.Dataset, o.Unit)}
		}
		entry.Drops = append(entry.Drops, ledger.UnitRef{Dataset: o.Dataset, Unit: string(o.Unit)})
		entry.Removals = append(entry.Removals, keysOf(record)...)
		for _, old := range record.Kept {
			entry.Removals = append(entry.Removals, keysOf(old)...)
		}
		dropped = append(dropped, record)
	}
	if len(dropped) == 0 {
		return nil, load, &NothingError{What: "every published unit is one that something makes"}
	}
	entry.Objects = m.forgotten(entry.Drops)
	entry.Removals = append(entry.Removals, droppedStrays(entry.Objects)...)
	record, err := m.commitAlone(ctx, entry, reason, m.Warehouse != nil)
	if err != nil {
		if !m.ledger.Pending() {
			dropped = nil
		}
		return dropped, load, err
	}
	err = m.loadAlone(ctx, record, func() (err error) {
		if load, err = m.loadDropped(ctx, dropped); err != nil {
			err = fmt.Errorf("dropped from the lake, and not from the warehouse, which `ledgermill load --full` brings to it: %w", err)
		}
		return err
	})
	return dropped, load, err
}

// forgotten are the objects of feeds that no contract says any more and of which no unit
// is left.
func (m *Mill) forgotten(drops []ledger.UnitRef) (objects []ledger.ObjectRecord) {
	for _, feed := range sortedKeys(m.Own().Objects) {
		left := slices.ContainsFunc(m.Own().UnitNames(feed), func(unit string) bool {
			return !slices.Contains(drops, ledger.UnitRef{Dataset: feed, Unit: unit})
		})
		if m.Project.Contracts[feed] != nil || left {
			continue
		}
		for _, key := range sortedKeys(m.Own().Objects[feed]) {
			o := m.Own().Objects[feed][key]
			o.Dropped = true
			objects = append(objects, o)
		}
	}
	return objects
}

// orphansText writes orphans for people, and what to do about them.
func orphansText(b *strings.Builder, orphans []Orphan) {
	listOrphans(b, orphans)
	if len(orphans) > 0 {
		try(b, "ledgermill drop, which lists them and takes them out with --yes")
	}
}

// OrphansText writes orphans for people, those of a dataset that lie together on one
// line.
func OrphansText(w io.Writer, orphans []Orphan) error {
	b := &strings.Builder{}
	listOrphans(b, orphans)
	_, err := io.WriteString(w, b.String())
	return err
}

func listOrphans(b *strings.Builder, orphans []Orphan) {
	type span struct {
		Orphan
		last job.Unit
		n    int
	}
	var spans []span
	for _, o := range orphans {
		if i := len(spans) - 1; i >= 0 && spans[i].Dataset == o.Dataset && spans[i].Why == o.Why {
			spans[i].last, spans[i].n, spans[i].Rows, spans[i].Bytes = o.Unit, spans[i].n+1, spans[i].Rows+o.Rows, spans[i].Bytes+o.Bytes
			continue
		}
		spans = append(spans, span{Orphan: o, last: o.Unit, n: 1})
	}
	for _, s := range spans {
		units := string(s.Unit)
		if s.n > 1 {
			units = fmt.Sprintf("%s to %s (%s)", s.Unit, s.last, Plural(s.n, "unit"))
		}
		fmt.Fprintf(b, "orphan  %s %s, %s rows, %s: %s\n", s.Dataset, units, count(s.Rows), bytesText(s.Bytes), s.Why)
	}
}
