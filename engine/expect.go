package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"ledgermill/engine/job"
	"ledgermill/engine/model"
)

// Expectation is what a run of a plan will come to, by what the ledger knows of runs
// and units before. What is only checked is taken as made: it is so at most.
type Expectation struct {
	Datasets []ExpectedDataset `json:"datasets"`
	// Seconds is how long the lake takes, LoadSeconds the warehouse behind it; 0 where
	// no run can tell.
	Seconds     float64  `json:"seconds,omitempty"`
	LoadSeconds float64  `json:"load_seconds,omitempty"`
	Runs        []string `json:"runs,omitempty"` // whose records tell, newest first
}

// ExpectedDataset is the part of one dataset.
type ExpectedDataset struct {
	Dataset string `json:"dataset"`
	Units   int    `json:"units"`
	Rows    int64  `json:"rows"`    // of the units of which it can be told
	Unknown int    `json:"unknown"` // units of which it cannot
}

// Bounds of what an expectation goes by.
const (
	expectUnits = 10 // neighbours that tell how many rows a new unit has
	expectRuns  = 8  // records of runs that are read
)

// expect adds to a plan how many rows it will make and how long that will take.
func (p *planner) expect(ctx context.Context, plan *Plan) error {
	of := map[string]*ExpectedDataset{}
	for i, u := range plan.Units {
		if u.Action != ActionMake && u.Action != ActionCheck {
			continue
		}
		e := of[u.Dataset]
		if e == nil {
			e = &ExpectedDataset{Dataset: u.Dataset}
			of[u.Dataset] = e
		}
		e.Units++
		rows, known := p.expectRows(u.Dataset, u.Unit)
		if !known {
			e.Unknown++
			continue
		}
		plan.Units[i].Rows = &rows
		e.Rows += rows
	}
	if len(of) == 0 {
		return nil
	}
	plan.Expected = &Expectation{}
	for _, name := range p.mill.Project.Order {
		if e := of[name]; e != nil {
			plan.Expected.Datasets = append(plan.Expected.Datasets, *e)
		}
	}
	return p.expectTime(ctx, plan.Expected)
}

// expectRows is how many rows a unit will about have: a contract's as its objects hold
// them, a model's as it had, as what it preserves has, or as its neighbours had.
func (p *planner) expectRows(dataset string, u job.Unit) (rows int64, known bool) {
	if f := p.mill.feeds[dataset]; f != nil {
		for _, v := range p.cat.versions[dataset][u] {
			for _, cell := range f.objects[v.Key].Cells {
				if cell.Unit == string(u) || u == job.Whole {
					rows += cell.Accepted.Records
				}
			}
		}
		return rows, true
	}
	if one := p.mill.Project.Models[dataset]; one.Preserves != "" {
		return p.expectRows(one.Preserves, u)
	}
	if record, published := p.mill.State().Unit(dataset, string(u)); published {
		return record.Rows, true
	}
	names := p.mill.State().UnitNames(dataset)
	at, _ := slices.BinarySearch(names, string(u))
	from := max(0, min(at-expectUnits/2, len(names)-expectUnits))
	var near []int64
	for _, name := range names[from:min(len(names), from+expectUnits)] {
		record, _ := p.mill.State().Unit(dataset, name)
		near = append(near, record.Rows)
	}
	if near == nil {
		return 0, false
	}
	slices.Sort(near)
	return near[len(near)/2], true
}

// expectTime tells the time by the runs that have made something of late.
func (p *planner) expectTime(ctx context.Context, e *Expectation) error {
	var makes, loads []paced
	runs := p.mill.State().Runs
	for _, one := range slices.Backward(runs) {
		if len(e.Runs) == expectRuns {
			break
		}
		if one.Units == 0 || one.Error != "" {
			continue
		}
		var report Report
		err := readReport(ctx, p.mill.Lake, one.Run, &report)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return &StoreError{Op: "read the record of run " + one.Run + " in", URL: p.mill.Lake.URL(), Err: err}
		}
		var rows int64
		for _, u := range report.Units {
			rows += u.Rows
		}
		e.Runs = append(e.Runs, one.Run)
		makes = append(makes, paced{float64(rows), report.Seconds - report.Steps["load"]})
		if report.Load != nil && report.Load.Rows > 0 {
			loads = append(loads, paced{float64(report.Load.Rows), report.Load.Seconds})
		}
	}
	var rows, loaded float64
	for _, d := range e.Datasets {
		rows += float64(d.Rows)
		if one := p.mill.Project.Models[d.Dataset]; one != nil && one.Load != "" && one.Publish != model.No {
			loaded += float64(d.Rows)
		}
	}
	e.Seconds = expectSeconds(makes, rows)
	if loaded > 0 {
		e.LoadSeconds = expectSeconds(loads, loaded)
	}
	return nil
}

// paced is how long so many rows took.
type paced struct{ rows, seconds float64 }

// expectSeconds lays a line through what was measured: a run costs something, and each
// row. Neither costs less than nothing.
func expectSeconds(all []paced, rows float64) float64 {
	var n, sx, sy, sxx, sxy float64
	for _, a := range all {
		n, sx, sy, sxx, sxy = n+1, sx+a.rows, sy+a.seconds, sxx+a.rows*a.rows, sxy+a.rows*a.seconds
	}
	if n == 0 {
		return 0
	}
	spread := n*sxx - sx*sx
	if spread > 0 {
		slope := (n*sxy - sx*sy) / spread
		if start := (sy - slope*sx) / n; slope >= 0 && start >= 0 {
			return start + slope*rows
		}
	}
	if sx == 0 || n*sxy < sx*sy && spread > 0 { // more rows took less: the number of rows tells nothing
		return sy / n
	}
	return sy / sx * rows
}

func (e *Expectation) text(b *strings.Builder) {
	b.WriteString("\nexpected\n")
	for _, d := range e.Datasets {
		rows := "about " + count(d.Rows)
		switch {
		case d.Unknown == d.Units:
			rows = "nobody knows how many"
		case d.Unknown > 0:
			rows += fmt.Sprintf(" and of %s nobody knows how many", Plural(d.Unknown, "unit"))
		}
		fmt.Fprintf(b, "  %-28s %14s  %s rows\n", d.Dataset, Plural(d.Units, "unit"), rows)
	}
	if e.Seconds == 0 {
		return
	}
	load := ""
	if e.LoadSeconds > 0 {
		load = ", and " + secondsText(e.LoadSeconds) + " to load"
	}
	fmt.Fprintf(b, "  takes %s%s, by the last %s\n", secondsText(e.Seconds), load, Plural(len(e.Runs), "run"))
}
