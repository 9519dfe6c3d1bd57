package preview

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"ledgermill/engine"
	"ledgermill/engine/contract"
	"ledgermill/engine/duckdb"
	"ledgermill/engine/job"
	"ledgermill/engine/model"
	"ledgermill/engine/sqltext"
)

// Bench is an open mill with the engine that it works on.
type Bench struct {
	Mill   *engine.Mill
	Engine *duckdb.Engine
	Close  func() error
}

// Options are what a session needs of its surroundings.
type Options struct {
	// Examine reads the project's files as they are now: see model.Examine.
	Examine func(ctx context.Context) (*model.Project, error)
	// Open opens a bench for a project. Its work lies below a directory, which is there;
	// "" for one of its own.
	Open func(ctx context.Context, p *model.Project, below string) (*Bench, error)
}

// Session looks at one dataset. It is for one goroutine. Close it.
type Session struct {
	Options
	dataset string
	bench   *Bench
	look    *engine.Look
	project *model.Project // the dataset and what it is made from
	target  *model.Model
	old     map[string]before
	closers []func() error
}

// New makes a session for a dataset: a model or a contract.
func New(dataset string, o Options) *Session {
	return &Session{Options: o, dataset: dataset, old: map[string]before{}}
}

// Close frees what the session holds.
func (s *Session) Close() (err error) {
	for _, done := range slices.Backward(s.closers) {
		err = errors.Join(err, done())
	}
	if s.bench != nil {
		err = errors.Join(err, s.bench.Close())
	}
	s.closers, s.bench = nil, nil
	return err
}

// UnknownError says that no dataset has a name.
type UnknownError struct {
	Name  string
	Names []string
	Where string // a revision; "" the files
	Gone  string // the file that was there before
}

func (e *UnknownError) Error() string {
	if e.Where != "" {
		return fmt.Sprintf("%s has no model %s: it is new since then", e.Where, e.Name)
	}
	if e.Gone != "" {
		return e.Gone + " is gone: nothing makes " + e.Name
	}
	return "no model or contract is called " + e.Name + sqltext.DidYouMean(e.Name, e.Names)
}

// Try tells the names.
func (e *UnknownError) Try() string {
	if e.Where != "" {
		return "ledgermill preview " + e.Name
	}
	if e.Gone != "" {
		return "put it back, or end and look at one of " + strings.Join(e.Names, ", ")
	}
	return "one of " + strings.Join(e.Names, ", ")
}

// ExitCode is that of usage.
func (e *UnknownError) ExitCode() int { return engine.ExitUsage }

// Refresh takes the files as they are now. Faults of the dataset's own files, and of
// those that it is made from, are sqltext.Errors; faults of others do not matter here.
func (s *Session) Refresh(ctx context.Context) error {
	all, err := s.Examine(ctx)
	var faults sqltext.Errors
	if all == nil || err != nil && !errors.As(err, &faults) {
		return err
	}
	if err := s.sound(all, faults); err != nil {
		return err
	}
	project, target, err := narrowed(all.Sound(), s.dataset)
	if err != nil {
		return err
	}
	if s.look != nil {
		kept, err := s.look.Edited(project)
		if err != nil {
			return err
		}
		if kept {
			s.project, s.target = project, target
			return nil
		}
		if err := s.bench.Close(); err != nil {
			return err
		}
		s.bench, s.look, s.old = nil, nil, map[string]before{}
	}
	if s.bench, err = s.Open(ctx, project, ""); err != nil {
		return err
	}
	if s.look, err = s.bench.Mill.Look(ctx); err != nil {
		closed := s.bench.Close()
		s.bench, s.look = nil, nil
		return errors.Join(err, closed)
	}
	s.project, s.target = project, target
	return nil
}

// sound refuses a dataset that has a fault, or stands above one.
func (s *Session) sound(p *model.Project, faults sqltext.Errors) error {
	names, err := p.Select("+" + s.dataset)
	if err != nil || strings.ContainsAny(s.dataset, "*?[,+") {
		unknown := &UnknownError{Name: s.dataset, Names: datasets(p)}
		if s.target != nil {
			unknown.Gone = s.target.File
		}
		return unknown
	}
	if !p.Broken[s.dataset] {
		return nil
	}
	var own sqltext.Errors
	for _, f := range faults {
		base := strings.TrimSuffix(f.Pos.File[strings.LastIndexByte(f.Pos.File, '/')+1:], ".sql")
		if slices.Contains(names, base) {
			own = append(own, f)
		}
	}
	if own == nil { // of a file that the broken tree could not name
		own = faults
	}
	return own
}

func datasets(p *model.Project) []string {
	names := slices.Clone(p.Order)
	for name := range p.Broken {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// narrowed is the project of a dataset and what it is made from. A contract is looked
// at by a model that selects it all.
func narrowed(p *model.Project, dataset string) (*model.Project, *model.Model, error) {
	only := &model.Project{Contracts: map[string]*contract.Contract{}, Models: map[string]*model.Model{}}
	for _, name := range append(p.Upstream(dataset), dataset) {
		only.Order = append(only.Order, name)
		if c := p.Contracts[name]; c != nil {
			only.Contracts[name] = c
		} else if m := p.Models[name]; m != nil {
			only.Models[name] = m
		}
	}
	if one := only.Models[dataset]; one != nil {
		return only, one, nil
	}
	c := only.Contracts[dataset]
	if c == nil {
		return nil, nil, &UnknownError{Name: dataset, Names: p.Order}
	}
	columns, _ := p.Output(dataset)
	var list []string
	for _, col := range columns[:len(c.Columns)] {
		list = append(list, sqltext.QuoteName(col.Name))
	}
	all := &model.Model{Name: "rows of " + dataset, File: c.File, SQL: "select " + strings.Join(list, ", ") + " from " + sqltext.QuoteName(dataset),
		Publish: model.No, Partition: c.Partition, BusinessDate: c.BusinessDate, Inputs: []string{dataset}, Columns: columns[:len(c.Columns)], Grain: c.Key}
	only.Models[all.Name] = all
	only.Order = append(only.Order, all.Name)
	return only, all, nil
}

// masks reports whether a column of the dataset is private.
func (s *Session) masks(c model.Column) bool {
	if own := s.project.Contracts[s.dataset]; own != nil {
		return slices.ContainsFunc(own.Private, func(name string) bool { return strings.EqualFold(name, c.Name) })
	}
	return s.target.Masks(c)
}

// DateError says that a text is no date, or no unit of the dataset.
type DateError struct{ Text, Why string }

func (e *DateError) Error() string { return fmt.Sprintf("--date %q %s", e.Text, e.Why) }

// Try returns an example.
func (e *DateError) Try() string { return "--date 2025-01-31" }

// ExitCode is that of usage.
func (e *DateError) ExitCode() int { return engine.ExitUsage }

// unit is the one that a date lies in; without a date the last there is.
func (s *Session) unit(date string, have []job.Unit) (job.Unit, error) {
	switch {
	case !s.target.Dated() && date != "":
		return "", &DateError{date, "is not for " + s.dataset + ": it is made whole, of all dates"}
	case len(have) == 0:
		return "", &engine.UnitError{Dataset: s.dataset}
	case date == "":
		return have[len(have)-1], nil
	}
	day, err := time.Parse(time.DateOnly, date)
	if err != nil {
		u, err := job.ParseUnit(date)
		if err != nil || u.Partition() != s.target.Partition {
			return "", &DateError{date, "is not a date"}
		}
		day, _ = u.Bounds()
	}
	u := job.UnitOf(s.target.Partition, day)
	if !slices.Contains(have, u) {
		return "", &engine.UnitError{Dataset: s.dataset, Unit: u, Have: have}
	}
	return u, nil
}

// at puts a fault of a statement at its place in the model's file.
func (s *Session) at(err error) error {
	var bind *model.BindError
	if !errors.As(err, &bind) {
		return s.bench.Mill.Discreet(err)
	}
	pos := sqltext.Pos{File: s.target.File}
	if bind.Off >= 0 && bind.Off <= len(s.target.SQL) && s.project.Contracts[s.dataset] == nil {
		pos = s.target.Pos(bind.Off)
	}
	text := s.bench.Mill.Discreet(bind).Error()
	return &sqltext.Error{Pos: pos, Msg: text, Remedy: bind.Remedy}
}
