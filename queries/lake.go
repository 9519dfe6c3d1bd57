package queries

import (
	"context"
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"ledgermill/engine/duckdb"
	"ledgermill/engine/job"
	"ledgermill/engine/lake"
	"ledgermill/engine/ledger"
	"ledgermill/engine/model"
	"ledgermill/engine/sqltext"
)

func (o Options) onLake(ctx context.Context, st *statement) (*Result, error) {
	if o.Lake == nil {
		return nil, errNoLake
	}
	views, err := o.Lake.views(ctx, o.Project, st)
	if err != nil {
		return nil, err
	}
	rows, err := o.Lake.Engine.Query(ctx, views, st.text)
	if err != nil {
		return nil, missing(err, o.Project, views)
	}
	return &Result{Columns: columnsOf(rows), rows: rows}, nil
}

// views are the warehouse's tables, and every dataset by its own name.
func (l *Lake) views(ctx context.Context, p *model.Project, st *statement) (map[string]duckdb.View, error) {
	named := map[string]bool{}
	for _, t := range st.tokens {
		named[strings.ToLower(t.Name())] = true
	}
	views := map[string]duckdb.View{}
	for _, name := range p.Order {
		one := p.Models[name]
		if one == nil || one.Publish == model.No {
			continue
		}
		wanted := named[one.Name] || named[one.Load]
		view, err := l.view(one)
		if err == nil && wanted {
			err = l.copy(ctx, &view)
		} else if _, local := l.Store.(*lake.Directory); !local {
			view.Files = nil // the statement does not name it, and to look at a file costs a request
		}
		if err != nil && wanted {
			return nil, err
		}
		if err != nil {
			continue
		}
		views[one.Name] = view
		if one.Load != "" {
			views[one.Load] = view
		}
	}
	if named[RejectsTable] && !slices.Contains(p.Order, RejectsTable) {
		view := l.rejects(p)
		if err := l.copy(ctx, &view); err != nil {
			return nil, err
		}
		views[RejectsTable] = view
	}
	return views, nil
}

// view has the published units of a dataset, those of one shape together.
func (l *Lake) view(one *model.Model) (duckdb.View, error) {
	view := duckdb.View{Columns: one.Columns}
	if one.Dated() {
		view.BusinessDate = one.BusinessDate
	}
	var shapes [][]ledger.Column
	for _, name := range l.State.UnitNames(one.Name) {
		unit, _ := l.State.Unit(one.Name, name)
		if unit.Lost {
			return view, &LostError{Dataset: one.Name, Unit: name}
		}
		if unit.Key == "" {
			continue
		}
		at := slices.IndexFunc(shapes, func(s []ledger.Column) bool { return slices.Equal(s, unit.Columns) })
		if at < 0 {
			at = len(shapes)
			shapes = append(shapes, unit.Columns)
			files := duckdb.Files{}
			for _, c := range unit.Columns {
				files.Columns = append(files.Columns, model.Column{Name: c.Name, Type: c.Type})
			}
			view.Files = append(view.Files, files)
		}
		view.Files[at].Paths = append(view.Files[at].Paths, l.Store.Location(unit.Key))
	}
	return view, nil
}

// copy gives the view copies of its files where the engine cannot open them in their
// store.
func (l *Lake) copy(ctx context.Context, view *duckdb.View) error {
	if l.Copies == nil {
		return nil
	}
	for _, files := range view.Files {
		for i, location := range files.Paths {
			key, remote := lake.KeyAt(l.Store, location)
			if !remote || !strings.Contains(location, "://") {
				continue
			}
			path, err := l.Copies.Path(ctx, key)
			if err != nil {
				return err
			}
			files.Paths[i] = path
		}
	}
	return nil
}

// latest is the last date of the units that the warehouse would hold; in a project
// that loads nothing, of all.
func (l *Lake) latest(p *model.Project) time.Time {
	loads := slices.Collect(maps.Values(p.Loads()))
	var day time.Time
	for name := range p.Models {
		if len(loads) > 0 && !slices.Contains(loads, name) {
			continue
		}
		for _, unit := range l.State.UnitNames(name) {
			record, _ := l.State.Unit(name, unit)
			if last := job.Unit(unit).Last(); record.Key != "" && !record.Lost && last.After(day) {
				day = last
			}
		}
	}
	return day
}

var missingTable = regexp.MustCompile(`^Table with name (\S+) does not exist`)

// missing says which tables there are, where one is not.
func missing(err error, p *model.Project, views map[string]duckdb.View) error {
	var bind *model.BindError
	if !errors.As(err, &bind) {
		return err
	}
	m := missingTable.FindStringSubmatch(bind.Msg)
	if m == nil {
		return err
	}
	names := slices.Sorted(maps.Keys(views))
	bind.Msg, bind.Remedy = "the lake has no table "+m[1]+sqltext.DidYouMean(m[1], names), "it has "+strings.Join(names, ", ")
	if p.Contracts[strings.ToLower(m[1])] != nil {
		bind.Msg = m[1] + " is a contract: the lake keeps the datasets that are made of it"
	}
	return bind
}
