package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"ledgermill/engine/job"
	"ledgermill/engine/ledger"
	"ledgermill/engine/model"
)

// Look makes units to be looked at: what a model's files say now, on raw objects and
// published units as they are. It publishes nothing, and a unit that may not be made
// again may be looked at.
type Look struct {
	*run
	made    map[string]map[job.Unit]lookedAt
	settled map[string][]job.Unit // of contracts, in order
}

// lookedAt is a unit of an upstream model that was made to be read.
type lookedAt struct {
	print, content, path string
}

// Look reads what is new of the raw objects, so that the units there are can be named.
func (m *Mill) Look(ctx context.Context) (*Look, error) {
	l := &Look{made: map[string]map[job.Unit]lookedAt{}, settled: map[string][]job.Unit{}}
	if err := m.samePartitions(); err != nil {
		return nil, err
	}
	m.Engine.Use(m.Project.Contracts, m.Project.Models)
	if err := m.take(ctx, Selection{}); err != nil {
		return nil, err
	}
	if err := m.survey(ctx, true); err != nil {
		return nil, err
	}
	l.start(m)
	return l, nil
}

func (l *Look) start(m *Mill) {
	p := &planner{mill: m, cat: m.catalogue(), verdicts: map[string]map[job.Unit]ledger.Verdict{}}
	l.run = &run{Mill: m, planner: p, plan: &Plan{}, reads: map[string][]job.Unit{}, files: map[string]map[job.Unit]string{},
		records: map[string]map[job.Unit]ledger.UnitRecord{}, contents: map[string]map[job.Unit]string{}, report: &Report{}}
}

// Edited goes on with other models over the same contracts: what was landed, and the
// units that are the same as before, are kept. False: the contracts differ, and a new
// Look is needed.
func (l *Look) Edited(p *model.Project) (bool, error) {
	if len(p.Contracts) != len(l.feeds) {
		return false, nil
	}
	for name, c := range p.Contracts {
		if f := l.feeds[name]; f == nil || f.hash != contractHash(l.Semantics, c) {
			return false, nil
		}
	}
	m := l.Mill
	m.Project = p
	if err := m.samePartitions(); err != nil {
		return false, err
	}
	m.Engine.Use(p.Contracts, p.Models)
	reads := l.reads
	l.start(m)
	l.reads = reads
	return true, nil
}

// Units are those that can be made of a dataset, in order.
func (l *Look) Units(dataset string) []job.Unit { return slices.Clone(l.cat.units[dataset]) }

// Published is where the published file of a unit lies, for the engine to open; false
// where there is none.
func (l *Look) Published(ctx context.Context, dataset string, u job.Unit) (path string, ok bool, err error) {
	record, ok := l.State().Unit(dataset, string(u))
	if !ok || record.Key == "" || record.Lost {
		return "", false, nil
	}
	path = l.Lake.Location(record.Key)
	if c, copied := l.Engine.(*copier); copied {
		path, err = c.path(ctx, path)
	}
	return path, err == nil, err
}

// Task is what the engine needs to evaluate a model on a unit. What it reads is made
// first where it is not published, or not as the files say now.
func (l *Look) Task(ctx context.Context, one *model.Model, u job.Unit) (job.Task, error) {
	if !slices.Contains(l.cat.units[one.Name], u) {
		return job.Task{}, &UnitError{Dataset: one.Name, Unit: u, Have: l.cat.units[one.Name]}
	}
	if err := l.inputs(ctx, one, u); err != nil {
		return job.Task{}, err
	}
	t := job.Task{Unit: u, Previous: l.cat.before(one, u), Model: one, Inputs: l.inputsOf(one, u), Directory: l.Work}
	if c, copied := l.Engine.(*copier); copied {
		var err error
		if t.Inputs, err = c.inputs(ctx, t.Inputs); err != nil {
			return t, err
		}
	}
	return t, nil
}

// File is a unit of a model as a file: the published one where the files say the same.
func (l *Look) File(ctx context.Context, one *model.Model, u job.Unit) (string, error) {
	if !slices.Contains(l.cat.units[one.Name], u) {
		return "", &UnitError{Dataset: one.Name, Unit: u, Have: l.cat.units[one.Name]}
	}
	if _, err := l.upstream(ctx, one, u); err != nil {
		return "", err
	}
	if path, made := l.files[one.Name][u]; made {
		return path, nil
	}
	path, _, err := l.Published(ctx, one.Name, u)
	return path, err
}

// inputs makes what a model reads on a unit.
func (l *Look) inputs(ctx context.Context, one *model.Model, u job.Unit) error {
	contracts := map[string][]job.Unit{}
	for _, name := range one.Inputs {
		for _, v := range l.cat.granted(one, name, u) {
			if l.feeds[name] != nil {
				contracts[name] = append(contracts[name], v)
			} else if _, err := l.upstream(ctx, l.Project.Models[name], v); err != nil {
				return err
			}
		}
	}
	if one.ReadsItself {
		for _, v := range l.cat.granted(one, one.Name, u) {
			// As published: to make all units before it again is a run and not a look.
			if record, ok := l.State().Unit(one.Name, string(v)); ok && record.Key != "" && !record.Lost {
				continue
			}
			if _, err := l.upstream(ctx, one, v); err != nil {
				return err
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(contracts)) {
		if err := l.settle(ctx, l.feeds[name], contracts[name]); err != nil {
			return err
		}
	}
	return nil
}

// upstream makes a unit of a model that is read, unless it is published as the files
// say, or was made before; it returns the hash of its rows.
func (l *Look) upstream(ctx context.Context, one *model.Model, u job.Unit) (string, error) {
	if content, done := l.contents[one.Name][u]; done {
		return content, nil
	}
	for _, name := range one.Inputs {
		for _, v := range l.cat.granted(one, name, u) {
			if l.feeds[name] != nil {
				continue
			}
			if _, err := l.upstream(ctx, l.Project.Models[name], v); err != nil {
				return "", err
			}
		}
	}
	print, _ := l.cat.print(one, u, l.hash)
	record, published := l.State().Unit(one.Name, string(u))
	made := l.made[one.Name][u]
	switch {
	case published && record.Key != "" && !record.Lost && record.Fingerprint == print:
		set(l.contents, one.Name, u, record.Content)
		return record.Content, nil
	case made.print != print:
		l.Log.InfoContext(ctx, "making what is read", "dataset", one.Name, "unit", u)
		t, err := l.Task(ctx, one, u)
		if err != nil {
			return "", err
		}
		file, err := l.Engine.Make(ctx, t)
		if err != nil {
			return "", l.Discreet(err)
		}
		made = lookedAt{print: print, content: file.Content, path: file.Path}
		set(l.made, one.Name, u, made)
	}
	set(l.files, one.Name, u, made.path)
	set(l.contents, one.Name, u, made.content)
	return made.content, nil
}

// settle lands the records of a contract's units and tells duplicates apart.
func (l *Look) settle(ctx context.Context, f *feed, units []job.Unit) error {
	name := f.contract.Name
	for _, u := range units {
		if err := l.readable(f, u); err != nil {
			return err
		}
	}
	fresh := slices.ContainsFunc(units, func(u job.Unit) bool { return !slices.Contains(l.settled[name], u) })
	if !fresh {
		return nil
	}
	if len(l.settled[name]) > 0 {
		// Objects that land behind others could hold records of units that are settled.
		units = slices.Compact(slices.Sorted(slices.Values(slices.Concat(units, l.settled[name]))))
		if err := l.release(ctx, f); err != nil {
			return err
		}
	}
	l.reads[name] = units
	if err := l.ensureLanded(ctx, f, units); err != nil {
		return err
	}
	if _, err := l.Engine.Settle(ctx, f.contract, units, l.Work); err != nil {
		return err
	}
	l.settled[name] = units
	return nil
}

// readable refuses a unit whose raw objects are not there, or are refused.
func (l *Look) readable(f *feed, u job.Unit) error {
	for _, v := range l.cat.versions[f.contract.Name][u] {
		switch {
		case v.refusal != nil:
			return &HeldError{Dataset: f.contract.Name, Unit: u, Reason: fmt.Sprintf("object %s: %s: %s", v.Key, v.refusal.Reason, v.refusal.Detail)}
		case v.vanished:
			return &HeldError{Dataset: f.contract.Name, Unit: u, Reason: "object " + v.Key + " is gone"}
		case v.waiting:
			return &HeldError{Dataset: f.contract.Name, Unit: u, Reason: beingRewritten(v.Key)}
		}
	}
	return nil
}
