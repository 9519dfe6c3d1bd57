package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"ledgermill/engine/job"
	"ledgermill/engine/ledger"
)

// planFormat is the version of plan files that this program writes and reads.
const planFormat = 1

// PlanFile is a plan that somebody looks at before it is run, with the world that it is
// true of. A run of it does that, or nothing.
type PlanFile struct {
	Format    int       `json:"format"`
	Program   string    `json:"program"`
	Project   string    `json:"project"`
	At        time.Time `json:"at"`
	Input     string    `json:"input"` // URLs
	Lake      string    `json:"lake"`
	Selection Selection `json:"selection"`

	Plan       *Plan               `json:"plan"`
	Statements map[string]string   `json:"statements"` // by dataset: hash of what makes it and of its tests
	Objects    []PlannedObject     `json:"objects"`    // that the input listed, by feed and in natural order
	Published  map[string][]string `json:"published"`  // by dataset: the fingerprints of the plan's units, in its order; "" of a new one
}

// PlannedObject is a raw object as it was listed.
type PlannedObject struct {
	Feed    string `json:"feed"`
	Key     string `json:"key"`
	Version string `json:"version"`           // ETag, or what a file system says of it; and of its control file
	Waiting bool   `json:"waiting,omitempty"` // it had not settled: a run of the plan leaves it alone
}

// MovedError says that a plan is not what a run would do any more.
type MovedError struct{ What []string }

func (e *MovedError) Error() string {
	const most = 5
	what := e.What
	more := ""
	if len(what) > most {
		what, more = what[:most], fmt.Sprintf("; and %d more", len(e.What)-most)
	}
	return "the plan does not hold any more: " + strings.Join(what, "; ") + more
}

// Try returns the remedy.
func (e *MovedError) Try() string {
	return "ledgermill plan --output FILE again, and look at what it says now"
}

// ExitCode is that of a difference.
func (e *MovedError) ExitCode() int { return ExitRefused }

// PlanFileError says that a file is no plan that can be run.
type PlanFileError struct {
	Problem string
	Err     error
}

func (e *PlanFileError) Error() string {
	if e.Err != nil {
		return e.Problem + ": " + e.Err.Error()
	}
	return e.Problem
}

// Unwrap returns the cause.
func (e *PlanFileError) Unwrap() error { return e.Err }

// Try returns the remedy.
func (e *PlanFileError) Try() string { return "ledgermill plan --output FILE writes one" }

// ExitCode is that of usage.
func (e *PlanFileError) ExitCode() int { return ExitUsage }

// ReadPlan reads a plan file.
func ReadPlan(r io.Reader) (*PlanFile, error) {
	var f PlanFile
	if err := json.NewDecoder(r).Decode(&f); err != nil {
		return nil, &PlanFileError{Problem: "it is no plan", Err: err}
	}
	switch {
	case f.Format == 0 || f.Plan == nil:
		return nil, &PlanFileError{Problem: "it is no plan"}
	case f.Format > planFormat:
		return nil, &PlanFileError{Problem: fmt.Sprintf("it has format %d, this program knows %d", f.Format, planFormat)}
	}
	return &f, nil
}

// PlanFile makes a plan that can be run by itself.
func (m *Mill) PlanFile(ctx context.Context, sel Selection) (*PlanFile, error) {
	plan, err := m.Plan(ctx, sel)
	if err != nil {
		return nil, err
	}
	f := m.world(plan.Units)
	f.Format, f.Program, f.At, f.Selection, f.Plan = planFormat, m.Program, m.Now().UTC(), sel, plan
	return f, nil
}

// world is all that a plan depends on and can change behind it.
func (m *Mill) world(units []PlannedUnit) *PlanFile {
	f := &PlanFile{Project: m.Name, Input: m.Input.URL(), Lake: m.Lake.URL(), Statements: map[string]string{}, Objects: []PlannedObject{}, Published: map[string][]string{}}
	for _, name := range m.Project.Order {
		_, sql := m.text(name)
		if one := m.Project.Models[name]; one != nil {
			f.Statements[name] = ledger.Fingerprint(m.Semantics, sql, m.testsPrint(one))
			continue
		}
		f.Statements[name] = ledger.Fingerprint(m.Semantics, sql, m.limitsPrint(m.Project.Contracts[name]))
		feed := m.feeds[name]
		waiting := map[string]bool{}
		for _, c := range feed.changes {
			if c.Change == WaitingObject {
				waiting[c.Key] = true
				if _, listed := feed.listed[c.Key]; !listed {
					f.Objects = append(f.Objects, PlannedObject{Feed: name, Key: c.Key, Waiting: true})
				}
			}
		}
		for _, key := range feed.keys() {
			f.Objects = append(f.Objects, PlannedObject{Feed: name, Key: key, Version: feed.listed[key].version(), Waiting: waiting[key]})
		}
	}
	for _, u := range units {
		record, _ := m.State().Unit(u.Dataset, string(u.Unit))
		f.Published[u.Dataset] = append(f.Published[u.Dataset], record.Fingerprint)
	}
	return f
}

// version names the version of a listed object and of its control file.
func (l listed) version() string {
	o := l.object
	return strings.TrimSuffix(cmp.Or(o.ETag, fmt.Sprintf("%d-%d-%d", o.Size, o.ModTime.UnixNano(), o.Inode))+" "+seenControl(l.control), " ")
}

// waiting are the objects of a feed that had not settled when the plan was made: a run
// of it leaves them alone.
func (f *PlanFile) waiting(feed string) map[string]bool {
	if f == nil {
		return nil
	}
	keys := map[string]bool{}
	for _, o := range f.Objects {
		if o.Feed == feed && o.Waiting {
			keys[o.Key] = true
		}
	}
	return keys
}

// still refuses a plan of which the world has moved. The listing of the input must
// have been taken.
func (f *PlanFile) still(m *Mill) error {
	now := m.world(f.Plan.Units)
	var what []string
	for _, place := range []struct{ name, then, now string }{{"project", f.Project, now.Project}, {"the input", f.Input, now.Input}, {"the lake", f.Lake, now.Lake}} {
		if place.then != place.now {
			what = append(what, fmt.Sprintf("it is of %s %s, and this is %s", place.name, place.then, place.now))
		}
	}
	for _, name := range sortedKeys(merge(f.Statements, now.Statements)) {
		switch then, now := f.Statements[name], now.Statements[name]; {
		case then == now:
		case then == "":
			what = append(what, m.fileOf(name)+" is new")
		case now == "":
			what = append(what, name+" is in no file any more")
		default:
			what = append(what, m.fileOf(name)+", its tests or its parameters were edited")
		}
	}
	what = append(what, movedObjects(f.Objects, now.Objects)...)
	seen := map[string]int{}
	for _, u := range f.Plan.Units {
		i := seen[u.Dataset]
		seen[u.Dataset]++
		if then := f.Published[u.Dataset]; i >= len(then) || then[i] != now.Published[u.Dataset][i] {
			what = append(what, fmt.Sprintf("%s %s was published since", u.Dataset, u.Unit))
		}
	}
	if what != nil {
		return &MovedError{What: what}
	}
	return nil
}

func movedObjects(then, now []PlannedObject) (what []string) {
	type place struct{ feed, key string }
	before := map[place]PlannedObject{}
	for _, o := range then {
		before[place{o.Feed, o.Key}] = o
	}
	for _, o := range now {
		at := place{o.Feed, o.Key}
		old, known := before[at]
		delete(before, at)
		switch {
		case !known:
			what = append(what, "object "+o.Key+" is new")
		case old.Version != o.Version && !old.Waiting:
			what = append(what, "object "+o.Key+" has changed")
		}
	}
	for _, o := range then {
		if _, gone := before[place{o.Feed, o.Key}]; gone {
			what = append(what, "object "+o.Key+" is gone")
		}
	}
	return what
}

// same refuses a plan that comes out as another one: for a setting, a closed period, or
// what else a person may have done since.
func (f *PlanFile) same(now *Plan) error {
	type place struct {
		dataset string
		unit    job.Unit
	}
	before := map[place]PlannedUnit{}
	for _, u := range f.Plan.Units {
		before[place{u.Dataset, u.Unit}] = u
	}
	var what []string
	for _, u := range now.Units {
		at := place{u.Dataset, u.Unit}
		old, known := before[at]
		delete(before, at)
		switch {
		case !known:
			what = append(what, fmt.Sprintf("%s %s is not in it: %s, %s", u.Dataset, u.Unit, u.Action, strings.Join(u.Why, "; ")))
		case old.Action != u.Action:
			what = append(what, fmt.Sprintf("%s %s: %s, and not %s: %s", u.Dataset, u.Unit, u.Action, old.Action, strings.Join(u.Why, "; ")))
		}
	}
	for _, u := range f.Plan.Units {
		if _, gone := before[place{u.Dataset, u.Unit}]; gone {
			what = append(what, fmt.Sprintf("%s %s: %s, and now nothing", u.Dataset, u.Unit, u.Action))
		}
	}
	if what != nil {
		return &MovedError{What: what}
	}
	return nil
}

func merge[V any](a, b map[string]V) map[string]V {
	all := map[string]V{}
	for _, m := range []map[string]V{a, b} {
		for name, v := range m {
			all[name] = v
		}
	}
	return all
}
