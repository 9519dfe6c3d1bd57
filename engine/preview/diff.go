package preview

import (
	"context"
	"fmt"
	"slices"
	"time"

	"ledgermill/engine"
	"ledgermill/engine/duckdb"
	"ledgermill/engine/job"
	"ledgermill/engine/model"
)

// Published is the version of the lake, to compare with.
const Published = "published"

// DiffOptions say what is compared.
type DiffOptions struct {
	Date     string // of the unit; "": the last that both sides have
	Against  string // Published, or the name of Revision
	Examples int
	// Revision is a project as it was; with Published it is nil.
	Revision *Options
}

// before is the older version of a unit.
type before struct {
	path, what string
	unique     []string // a key that was found to identify its rows
}

// Diff is what an edit changes in a unit.
type Diff struct {
	Dataset string   `json:"dataset"`
	Unit    job.Unit `json:"unit"`
	Against string   `json:"against"`
	*duckdb.Difference
	By   []string      `json:"sums_by"`
	Took time.Duration `json:"-"`
}

// Diff evaluates the dataset on a unit and compares it with an older version.
func (s *Session) Diff(ctx context.Context, o DiffOptions) (*Diff, error) {
	began := time.Now()
	if s.project.Contracts[s.dataset] != nil {
		return nil, &UnknownError{Name: s.dataset, Names: modelNames(s.project)}
	}
	u, err := s.diffUnit(o)
	if err != nil {
		return nil, err
	}
	old, err := s.before(ctx, o, u)
	if err != nil {
		return nil, err
	}
	task, err := s.look.Task(ctx, s.target, u)
	if err != nil {
		return nil, err
	}
	by := s.currencies()
	d, err := s.bench.Engine.Compare(ctx, task, duckdb.Comparison{Old: old.path, Key: s.target.Grain, Proven: old.unique != nil && slices.Equal(old.unique, s.target.Grain), By: by, Examples: o.Examples, Private: s.masks})
	if err != nil {
		return nil, s.at(err)
	}
	if old.unique = d.Key; len(d.Key) > 0 {
		s.old[o.key(u)] = old
	}
	return &Diff{Dataset: s.dataset, Unit: u, Against: old.what, Difference: d, By: d.By, Took: time.Since(began)}, nil
}

func modelNames(p *model.Project) []string {
	var names []string
	for _, name := range p.Order {
		if p.Models[name] != nil {
			names = append(names, name)
		}
	}
	return names
}

// currencies are the columns that the contracts' control totals are parted by: sums of
// different groups are not added up.
func (s *Session) currencies() []string {
	var by []string
	for _, name := range s.project.Order {
		c := s.project.Contracts[name]
		if c == nil || c.Control == nil {
			continue
		}
		for _, column := range c.Control.By {
			if !slices.Contains(by, column) {
				by = append(by, column)
			}
		}
	}
	return by
}

// diffUnit is the unit of the date; without one the last that is published, or, where
// a revision is compared, the last there is.
func (s *Session) diffUnit(o DiffOptions) (job.Unit, error) {
	have := s.look.Units(s.target.Name)
	if o.Revision != nil {
		return s.unit(o.Date, have)
	}
	var published []job.Unit
	for _, u := range have {
		if record, ok := s.look.State().Unit(s.dataset, string(u)); ok && record.Key != "" && !record.Lost {
			published = append(published, u)
		}
	}
	if len(published) == 0 {
		return "", &engine.UnitError{Dataset: s.dataset, What: Published}
	}
	u, err := s.unit(o.Date, have)
	if o.Date == "" && err == nil {
		return published[len(published)-1], nil
	}
	if err == nil && !slices.Contains(published, u) {
		return "", &engine.UnitError{Dataset: s.dataset, Unit: u, Have: published, What: Published}
	}
	return u, err
}

// key names an older version of a unit.
func (o DiffOptions) key(u job.Unit) string { return o.Against + "\x00" + string(u) }

// before makes or finds the older version, once.
func (s *Session) before(ctx context.Context, o DiffOptions, u job.Unit) (before, error) {
	key := o.key(u)
	if old, known := s.old[key]; known {
		return old, nil
	}
	var old before
	if o.Revision == nil {
		path, ok, err := s.look.Published(ctx, s.dataset, u)
		if err != nil {
			return old, err
		}
		if !ok {
			return old, &engine.UnitError{Dataset: s.dataset, Unit: u, What: Published}
		}
		record, _ := s.look.State().Unit(s.dataset, string(u))
		old = before{path: path, what: fmt.Sprintf("published by run %s", record.Run)}
	} else {
		path, err := s.revision(ctx, o, u)
		if err != nil {
			return old, err
		}
		old = before{path: path, what: o.Against}
	}
	s.old[key] = old
	return old, nil
}

// revision makes the unit as an older project does.
func (s *Session) revision(ctx context.Context, o DiffOptions, u job.Unit) (string, error) {
	old := New(s.dataset, Options{Examine: o.Revision.Examine, Open: func(ctx context.Context, p *model.Project, _ string) (*Bench, error) {
		return o.Revision.Open(ctx, p, s.bench.Mill.Work) // where this session's engine may read
	}})
	s.closers = append(s.closers, old.Close)
	if err := old.Refresh(ctx); err != nil {
		if unknown, is := err.(*UnknownError); is {
			unknown.Where = o.Against
		}
		return "", fmt.Errorf("%s: %w", o.Against, err)
	}
	if old.target.Partition != s.target.Partition {
		return "", &engine.PartitionError{Dataset: s.dataset, Published: old.target.Partition, Now: s.target.Partition}
	}
	path, err := old.look.File(ctx, old.target, u)
	if err != nil {
		return "", fmt.Errorf("%s: %w", o.Against, err)
	}
	return path, nil
}
