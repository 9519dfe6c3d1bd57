package lineage

import (
	"slices"
	"strings"

	"ledgermill/engine/sqltext"
)

// Kind is what a dataset of a graph is.
type Kind string

// The kinds.
const (
	Sent     Kind = "sent"     // what senders write, where a contract makes columns of it
	Contract Kind = "contract" // raw records, checked
	Calendar Kind = "calendar" // the business day
	Model    Kind = "model"    // a dataset of the lake
	Table    Kind = "table"    // of the warehouse
	Query    Kind = "query"    // a named query
	DataTest Kind = "test"     // a data test
)

// The prefixes of names that are not files' of the project.
const (
	sentPrefix  = "sent:"
	tablePrefix = "warehouse:"
)

// Dataset is a contract, a model, or what is made from or reads one.
type Dataset struct {
	Name    string          `json:"name"` // warehouse:x is a table of the warehouse, sent:x what senders write
	Kind    Kind            `json:"kind"`
	File    string          `json:"file,omitempty"`
	About   string          `json:"about,omitempty"`
	Inputs  []string        `json:"inputs,omitempty"` // the datasets that it is made from
	Columns []DatasetColumn `json:"columns"`
	Rows    []Source        `json:"rows,omitempty"`    // what decides which rows there are
	Unclear string          `json:"unclear,omitempty"` // why the sources of its columns are not known
}

// DatasetColumn is a column of a dataset, and what it comes from.
type DatasetColumn struct {
	Name    string   `json:"name"`
	Type    string   `json:"type,omitempty"` // DuckDB's
	About   string   `json:"about,omitempty"`
	Private bool     `json:"private,omitempty"` // a contract says so of it, or of what it comes from
	From    []Source `json:"from,omitempty"`
}

// Graph is the lineage of a project: its datasets, each behind what it is made from.
type Graph struct {
	Datasets []Dataset `json:"datasets"`
}

// Dataset returns the dataset of that name; nil where there is none.
func (g *Graph) Dataset(name string) *Dataset {
	i := slices.IndexFunc(g.Datasets, func(d Dataset) bool { return d.Name == name })
	if i < 0 {
		return nil
	}
	return &g.Datasets[i]
}

// Column returns the column of that name, in any case; nil where there is none.
func (d *Dataset) Column(name string) *DatasetColumn {
	i := slices.IndexFunc(d.Columns, func(c DatasetColumn) bool { return same(c.Name, name) })
	if i < 0 {
		return nil
	}
	return &d.Columns[i]
}

// Private are the columns of a dataset that hold what a contract calls private.
func (g *Graph) Private(dataset string) []string {
	d := g.Dataset(dataset)
	if d == nil {
		return nil
	}
	var names []string
	for _, c := range d.Columns {
		if c.Private {
			names = append(names, c.Name)
		}
	}
	return names
}

// Readers are the datasets that read one, in the graph's order.
func (g *Graph) Readers(dataset string) []string {
	var names []string
	for _, d := range g.Datasets {
		if slices.Contains(d.Inputs, dataset) {
			names = append(names, d.Name)
		}
	}
	return names
}

// UnknownError says that a name is no dataset and no column of the project.
type UnknownError struct {
	Name   string
	part   string // of Name, that is not known
	known  []string
	places []string // datasets that have a column of that name, if that is all that is said
}

func (e *UnknownError) Error() string {
	if e.places != nil {
		return e.Name + " is a column of " + strings.Join(e.places, ", ") + ": say which"
	}
	return "no dataset or column is called " + e.Name + sqltext.DidYouMean(e.part, e.known)
}

// Try returns the remedy.
func (e *UnknownError) Try() string {
	return "name a contract, a model, a table of the warehouse or a query, or a column as dataset.column; `ledgermill lineage` lists them"
}

// ExitCode is that of usage.
func (e *UnknownError) ExitCode() int { return 2 }

// Find reads the name of a dataset, or of a column: dataset.column. Prefixes may be
// left out.
func (g *Graph) Find(name string) (dataset string, column string, err error) {
	var known []string
	for _, d := range g.Datasets {
		known = append(known, d.Name, plain(d.Name))
	}
	at, column, isColumn := strings.Cut(name, ".")
	d := g.called(at)
	switch {
	case d == nil && !isColumn:
		return g.findColumn(name, known)
	case d == nil:
		return "", "", &UnknownError{Name: name, part: at, known: known}
	case !isColumn:
		return d.Name, "", nil
	}
	c := d.Column(column)
	if c == nil {
		known = known[:0]
		for _, c := range d.Columns {
			known = append(known, at+"."+c.Name)
		}
		return "", "", &UnknownError{Name: name, part: name, known: known}
	}
	return d.Name, c.Name, nil
}

// findColumn finds a column by its name alone, where one dataset has it.
func (g *Graph) findColumn(name string, known []string) (dataset string, column string, err error) {
	var places []string
	for _, d := range g.Datasets {
		if c := d.Column(name); c != nil {
			places, dataset, column = append(places, d.Name), d.Name, c.Name
		}
	}
	if len(places) == 1 {
		return dataset, column, nil
	}
	return "", "", &UnknownError{Name: name, part: name, known: known, places: places}
}

func (g *Graph) called(name string) *Dataset {
	for _, prefix := range []string{"", tablePrefix, sentPrefix} {
		if d := g.Dataset(prefix + strings.ToLower(name)); d != nil {
			return d
		}
	}
	return nil
}

// plain is a name without its prefix.
func plain(name string) string {
	return strings.TrimPrefix(strings.TrimPrefix(name, tablePrefix), sentPrefix)
}

// TableName is the name of a table of the warehouse in a graph.
func TableName(table string) string { return tablePrefix + table }
