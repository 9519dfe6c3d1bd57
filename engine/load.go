package engine

import (
	"context"
	"errors"
	"slices"
	"time"

	"ledgermill/engine/contract"
	"ledgermill/engine/job"
	"ledgermill/engine/ledger"
	"ledgermill/engine/model"
)

// Part is one published unit of a dataset that a warehouse table holds.
type Part struct {
	Table        string
	Dataset      string
	Unit         job.Unit
	BusinessDate string // column; "" of a whole dataset
	Grain        []string
	Location     string // the lake's object, as an engine opens it
	Record       ledger.UnitRecord
	Control      *contract.Control // of what it preserves; nil for none
	Private      []string          // columns whose values are not shown, under the contracts' names and the model's own
	Gone         bool              // nothing makes the unit any more, though it is published
}

// LoadRequest says what the warehouse is to hold.
type LoadRequest struct {
	Run   string
	Parts []Part
	// Published are all parts of the lake, where the warehouse is to be made anew: all
	// of Parts are loaded, and what is not published is removed. Nil, as where nothing
	// is published at all: what differs is loaded, and nothing removed.
	Published []Part
	// Within bounds what is removed, by dates and datasets.
	Within Selection
	// Dropped are units that the lake has no longer: what is loaded of them is removed,
	// but where Published has a part at their place.
	Dropped []ledger.UnitRecord
}

// LoadReport is what a load did.
type LoadReport struct {
	Leaves  int           `json:"leaves"`
	Removed int           `json:"removed,omitempty"` // units that the lake has no longer
	Rows    int64         `json:"rows"`
	Seconds float64       `json:"seconds"`
	Control []PartControl `json:"control,omitempty"`
	Detail  any           `json:"detail,omitempty"`
}

// PartControl are the control totals that the warehouse found in a loaded unit.
type PartControl struct {
	Dataset string       `json:"dataset"`
	Unit    job.Unit     `json:"unit"`
	Control ledger.Tally `json:"control"`
}

// Parts are the published units that the selection's models load, in order: what
// the warehouse should hold.
func (m *Mill) Parts(sel Selection) []Part {
	return slices.DeleteFunc(m.Published(sel), func(p Part) bool { return p.Record.Lost })
}

// Published are the parts, and those whose file is lost and that will be made again:
// the warehouse may hold them still.
func (m *Mill) Published(sel Selection) []Part {
	var parts []Part
	for _, name := range m.Project.Order {
		one := m.Project.Models[name]
		if one == nil || one.Load == "" {
			continue
		}
		for _, unit := range m.Own().UnitNames(name) {
			record, _ := m.Own().Unit(name, unit)
			if record.Key == "" || !sel.has(name, job.Unit(unit)) {
				continue
			}
			parts = append(parts, Part{Table: one.Load, Dataset: name, Unit: job.Unit(unit), BusinessDate: dateOf(one), Grain: one.Grain,
				Location: m.Lake.Location(record.Key), Record: record, Control: m.controlOf(one),
				Private: slices.Concat(m.private(), one.Private), Gone: !m.made(name, unit)})
		}
	}
	return parts
}

// made reports whether the dataset's inputs still have the unit. They have not
// where a model reads another input than when it was published.
func (m *Mill) made(dataset, unit string) bool {
	one := m.Project.Models[dataset]
	if one == nil {
		_, there := m.State().Unit(dataset, unit)
		return there
	}
	return !one.Dated() || slices.ContainsFunc(one.Inputs, func(input string) bool { return m.made(input, unit) })
}

func dateOf(one *model.Model) string {
	if !one.Dated() {
		return ""
	}
	return one.BusinessDate
}

// Load brings the warehouse to what the lake holds. With Full all that is selected
// is loaded again, and what of that the lake does not hold is removed.
func (m *Mill) Load(ctx context.Context, sel Selection) (LoadReport, error) {
	if m.Warehouse == nil {
		return LoadReport{}, errors.New("there is no warehouse")
	}
	request := LoadRequest{Run: m.Run, Parts: m.Parts(sel)}
	if sel.Full {
		request.Published, request.Within = m.Published(Selection{}), sel
	}
	return m.Warehouse.Load(ctx, request)
}

// loadDropped removes from the warehouse what is loaded of units that were dropped.
func (m *Mill) loadDropped(ctx context.Context, dropped []ledger.UnitRecord) (LoadReport, error) {
	return m.Warehouse.Load(ctx, LoadRequest{Run: m.Run, Published: m.Published(Selection{}), Dropped: dropped})
}

func (r *run) load(ctx context.Context) error {
	began := time.Now()
	defer func() { r.timing.add("load", began) }()
	report, err := r.Mill.Load(ctx, Selection{From: r.sel.From, To: r.sel.To, Datasets: r.sel.Datasets})
	r.report.Load = &report
	r.Log.InfoContext(ctx, "loaded", "leaves", report.Leaves, "rows", report.Rows, "seconds", time.Since(began).Seconds(), "error", err)
	return err
}
