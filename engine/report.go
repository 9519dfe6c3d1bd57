package engine

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"ledgermill/engine/job"
	"ledgermill/engine/ledger"
	stands "ledgermill/engine/standing"
)

// Report is what a run did. Text prints it for people, JSON for programs.
type Report struct {
	Run       string             `json:"run"`
	Command   string             `json:"command"`
	Started   time.Time          `json:"started"`
	Seconds   float64            `json:"seconds"`
	Exit      int                `json:"exit"`
	Plan      *Plan              `json:"plan,omitempty"`
	Steps     map[string]float64 `json:"steps"` // seconds by step
	Units     []MadeUnit         `json:"units"`
	Verdicts  []ledger.Verdict   `json:"verdicts"`
	Tests     []job.TestResult   `json:"tests"`
	Accounts  []FeedAccount      `json:"accounts"`
	Published int                `json:"published"` // objects
	Unchanged int                `json:"unchanged"` // made again with equal rows
	Bytes     int64              `json:"bytes"`     // published
	Read      ReadTotals         `json:"read"`
	Reading   *Reading           `json:"reading,omitempty"` // how objects of an object store were read; nil where there are none
	Known     int                `json:"known"`             // objects that match a contract, read before or now
	Load      *LoadReport        `json:"load,omitempty"`
	Unusual   []stands.Note      `json:"unusual,omitempty"` // figures unlike those of the weeks before
}

// ReadTotals is what was read of raw objects.
type ReadTotals struct {
	Objects int   `json:"objects"`
	Records int64 `json:"records"`
	Bytes   int64 `json:"bytes"` // of text, decompressed
}

// MadeUnit is a unit that was made.
type MadeUnit struct {
	Dataset string   `json:"dataset"`
	Unit    job.Unit `json:"unit"`
	Rows    int64    `json:"rows"`
	Why     []string `json:"why,omitempty"`
}

// FeedAccount are the accounts of one feed in a run: of the units that it made and
// of the records without a date in the objects that it read.
type FeedAccount struct {
	Feed       string        `json:"feed"`
	Aggregates []string      `json:"aggregates"` // sum(amount)
	Cell       ledger.Cell   `json:"cell"`
	Objects    []PartAccount `json:"objects"` // of the cell, and of the objects that were refused
	Units      []PartAccount `json:"units"`
	Lake       *ledger.Tally `json:"lake,omitempty"`      // in the models that preserve the feed
	Warehouse  *ledger.Tally `json:"warehouse,omitempty"` // in the tables that these load
}

// PartAccount is the part of an account that is of one object or of one unit.
type PartAccount struct {
	Name    string          `json:"name"` // the object's key, or the unit
	Cell    ledger.Cell     `json:"cell"` // of a refused object as it was read
	Refused *ledger.Refusal `json:"refused,omitempty"`
}

// NothingToDo reports whether the run found everything up to date.
func (r *Report) NothingToDo() bool {
	return len(r.Units) == 0 && len(r.Verdicts) == 0 && (r.Load == nil || r.Load.Leaves == 0)
}

// finish adds up what was made and what was not.
func (r *run) finish() {
	why := map[string]map[job.Unit][]string{}
	for _, p := range r.planned {
		set(why, p.Dataset, p.Unit, p.Why)
	}
	for _, name := range r.Project.Order {
		for _, u := range sortedKeys(r.records[name]) {
			r.report.Units = append(r.report.Units, MadeUnit{Dataset: name, Unit: u, Rows: r.records[name][u].Rows, Why: why[name][u]})
		}
		for _, u := range sortedKeys(r.verdicts[name]) {
			if v := r.verdicts[name][u]; v.Exit != ExitDone {
				r.report.Verdicts = append(r.report.Verdicts, v)
				r.report.Exit = Graver(r.report.Exit, v.Exit)
			}
		}
		if f := r.feeds[name]; f != nil {
			r.report.Known += len(f.objects)
			r.account(name, f)
			for _, o := range f.refused() {
				r.report.Exit = Graver(r.report.Exit, o.Exit)
			}
		}
	}
	r.report.Tests = append(r.report.Tests, r.tests...)
	r.report.Reading = r.reading()
}

// account adds up one feed.
func (r *run) account(name string, f *feed) {
	a := FeedAccount{Feed: name, Aggregates: []string{}}
	if f.contract.Control != nil {
		for _, g := range f.contract.Control.Aggregates {
			a.Aggregates = append(a.Aggregates, g.Func+"("+g.Column+")")
		}
	}
	var cells []ledger.Cell
	var lake ledger.Tally
	inLake := false
	for _, u := range sortedKeys(r.records[name]) {
		if !r.dirty[name][u] {
			continue // settled as an input alone
		}
		cells = append(cells, r.records[name][u].Cells...)
		for _, one := range r.Project.Models {
			if made, ok := r.records[one.Name][u]; ok && one.Preserves == name {
				inLake = true
				if r.controlOf(one) != nil {
					lake = lake.Plus(made.Control)
				} else {
					lake.Records += made.Rows
				}
			}
		}
	}
	read := map[string]bool{}
	for _, change := range f.changes {
		record := f.objects[change.Key]
		switch change.Change {
		case NewObject, ReplacedObject, RereadObject, RefusedObject:
		default:
			continue
		}
		if read[change.Key] {
			continue
		}
		read[change.Key] = true
		r.report.Read.Objects++
		r.report.Read.Records += record.Records
		r.report.Read.Bytes += record.Text
		for _, cell := range record.Cells {
			if cell.Unit == ledger.NoDate {
				cells = append(cells, cell)
			}
		}
	}
	if len(cells) == 0 && len(read) == 0 {
		return
	}
	a.Cell = ledger.Sum(cells)
	a.Objects, a.Units = f.parts(cells, read), parts(cells, func(c ledger.Cell) string { return c.Unit })
	if inLake {
		a.Lake = &lake
	}
	r.report.Accounts = append(r.report.Accounts, a)
}

// parts adds up cells by what they have in common.
func parts(cells []ledger.Cell, name func(ledger.Cell) string) []PartAccount {
	of := map[string][]ledger.Cell{}
	for _, c := range cells {
		of[name(c)] = append(of[name(c)], c)
	}
	all := []PartAccount{}
	for _, key := range sortedKeys(of) {
		all = append(all, PartAccount{Name: key, Cell: ledger.Sum(of[key])})
	}
	return all
}

// parts are the accounts of objects: of those with cells in what was made, and of
// those that were read and refused.
func (f *feed) parts(cells []ledger.Cell, read map[string]bool) []PartAccount {
	refused := func(key string) bool { return read[key] && f.objects[key].Refused != nil }
	all := parts(slices.DeleteFunc(slices.Clone(cells), func(c ledger.Cell) bool { return refused(c.Object) }), func(c ledger.Cell) string { return c.Object })
	for _, key := range sortedKeys(read) {
		if o := f.objects[key]; refused(key) {
			p := PartAccount{Name: key, Cell: ledger.Sum(o.Cells), Refused: o.Refused}
			p.Cell.Object, p.Cell.ETag, p.Cell.Read.Records = key, o.ETag, max(p.Cell.Read.Records, o.Records)
			all = append(all, p)
		}
	}
	slices.SortStableFunc(all, func(a, b PartAccount) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// noteIdle leaves a note of a run that found nothing to do, so that nobody takes it for
// one that did not run. One that looked at a part of the project says nothing of the rest.
func (r *run) noteIdle(ctx context.Context) error {
	if !r.sel.whole() {
		return nil
	}
	err := r.ledger.NoteIdle(ctx, ledger.RunSummary{Run: r.Run, Command: r.Command, Started: r.report.Started, Finished: r.Now().UTC(), Exit: r.report.Exit})
	if err != nil {
		r.report.Exit = Graver(r.report.Exit, r.ExitCode(err))
	}
	return err
}

// count writes a number with thousands separators: 1,003,412.
// Figure writes the text of an exact number with thousands separators.
func Figure(text string) string {
	whole, fraction, found := strings.Cut(text, ".")
	if !found {
		return thousands(whole)
	}
	return thousands(whole) + "." + fraction
}

func count(n int64) string { return thousands(strconv.FormatInt(n, 10)) }

// Money writes an exact sum with thousands separators and at least two decimals.
func money(d decimal.Decimal) string {
	text := d.StringFixed(max(2, -d.Exponent()))
	whole, cents, _ := strings.Cut(text, ".")
	return thousands(whole) + "." + cents
}

func thousands(digits string) string {
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "-", digits[1:]
	}
	var b strings.Builder
	for i, c := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(c)
	}
	return sign + b.String()
}

func reasonsOf(c ledger.Cell) []string { return slices.Sorted(maps.Keys(c.Rejected)) }
