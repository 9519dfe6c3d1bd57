package queries

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ledgermill/engine/duckdb"
	"ledgermill/engine/lake"
	"ledgermill/engine/ledger"
	"ledgermill/engine/model"
	"ledgermill/warehouse"
)

// Options say what to run, where, and with which values.
type Options struct {
	Project *model.Project
	Name    string // of a query of the project; or
	SQL     string // a statement
	On      model.Place
	// Parameters are values in the place of the statement's defaults, by name.
	Parameters map[string]string
	// AsOf is bound to parameters whose default is current_date. Zero: the last
	// business date that is loaded.
	AsOf time.Time

	Warehouse *warehouse.Warehouse // to run there
	Lake      *Lake                // to run there
}

// Lake is what reading a lake takes. The engine may read the store's objects.
type Lake struct {
	Engine *duckdb.Engine
	State  *ledger.State
	Store  lake.Reader
	Copies *lake.Copies // of its files, where Engine cannot open them in their store; else nil
}

// Run begins the query; its rows come as the result is read. The caller owes the
// result a Close. Faults of the statement are [*sqltext.Error], and of what was
// asked for [*UnknownError], [*PlaceError], [*LostError] and [*ReadOnlyError].
func Run(ctx context.Context, o Options) (*Result, error) {
	q, err := o.query()
	if err != nil {
		return nil, err
	}
	place, err := Place(q, o.On)
	if err != nil {
		return nil, err
	}
	run := o.onWarehouse
	if place == model.Lake {
		run = o.onLake
	}
	st, err := o.statement(ctx, q, place)
	if err != nil {
		return nil, err
	}
	result, err := run(ctx, st)
	if err != nil {
		return nil, st.fault(err)
	}
	result.On, result.AsOf, result.statement = place, st.asOf, st
	return result, nil
}

// Bound is the statement that Run would send, its parameters in their places.
func Bound(ctx context.Context, o Options) (string, error) {
	q, err := o.query()
	if err != nil {
		return "", err
	}
	place, err := Place(q, o.On)
	if err != nil {
		return "", err
	}
	st, err := o.statement(ctx, q, place)
	if err != nil {
		return "", err
	}
	return st.text, nil
}

// query is the one by that name; nil for a statement.
func (o Options) query() (*model.Query, error) {
	switch {
	case o.Name != "" && o.SQL != "":
		return nil, errors.New("query: a name or a statement, and not both")
	case o.Name == "" && o.SQL == "":
		return nil, errors.New("query: neither a name nor a statement")
	case o.Name == "":
		return nil, nil
	}
	return Find(o.Project, o.Name)
}

// Find returns a query of the project by its name.
func Find(p *model.Project, name string) (*model.Query, error) {
	names := make([]string, len(p.Queries))
	for i, q := range p.Queries {
		if names[i] = q.Name; q.Name == name {
			return q, nil
		}
	}
	return nil, &UnknownError{Name: name, Names: names}
}

// Place decides where a query runs: where it was asked for, else the warehouse
// where it can. A nil query is a statement, which runs anywhere.
func Place(q *model.Query, asked model.Place) (model.Place, error) {
	switch asked {
	case "":
		if q != nil && !q.OnWarehouse() {
			return model.Lake, nil
		}
		return model.Warehouse, nil
	case model.Warehouse, model.Lake:
	default:
		return "", fmt.Errorf("a query runs on %s or %s, and not on %q", model.Warehouse, model.Lake, asked)
	}
	if q != nil && q.On != model.Both && q.On != asked {
		return "", &PlaceError{Query: q.Name, On: q.On}
	}
	return asked, nil
}

// latest is the last business date that is loaded in the place; false for none.
func (o Options) latest(ctx context.Context, place model.Place) (time.Time, bool, error) {
	if place == model.Lake {
		if o.Lake == nil {
			return time.Time{}, false, errNoLake
		}
		day := o.Lake.latest(o.Project)
		return day, !day.IsZero(), nil
	}
	if o.Warehouse == nil {
		return time.Time{}, false, errNoWarehouse
	}
	return o.Warehouse.LatestDate(ctx)
}
