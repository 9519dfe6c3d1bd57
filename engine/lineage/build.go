package lineage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"ledgermill/engine/model"
)

// Parser makes the tree of one SELECT, as json_serialize_sql prints it.
type Parser interface {
	Parse(ctx context.Context, sql string) ([]byte, error)
}

// Build follows every statement of a checked project. Where the columns of one
// cannot be followed, its dataset says why.
func Build(ctx context.Context, p *model.Project, parser Parser) (*Graph, error) {
	b := &builder{project: p, parser: parser, graph: &Graph{}, loads: p.Loads()}
	for _, name := range p.Order {
		if p.Contracts[name] != nil {
			b.contract(name)
			continue
		}
		if err := b.model(ctx, p.Models[name]); err != nil {
			return nil, err
		}
	}
	for _, table := range slices.Sorted(maps.Keys(b.loads)) {
		b.table(table, p.Models[b.loads[table]])
	}
	for _, q := range p.Queries {
		if err := b.query(ctx, q); err != nil {
			return nil, err
		}
	}
	for _, t := range p.DataTests {
		d := Dataset{Name: t.Name, Kind: DataTest, File: t.File, About: t.About}
		if err := b.follow(ctx, &d, t.SQL, t.Columns, b.dataset); err != nil {
			return nil, err
		}
	}
	return b.graph, nil
}

type builder struct {
	project  *model.Project
	parser   Parser
	graph    *Graph
	loads    map[string]string
	calendar bool
}

func (b *builder) add(d Dataset) {
	for i, c := range d.Columns {
		d.Columns[i].Private = c.Private || b.private(c)
		if c.About == "" {
			d.Columns[i].About = b.inherited(c)
		}
	}
	b.graph.Datasets = append(b.graph.Datasets, d)
}

// private reports whether a column shows what a private one holds. An aggregate does
// where it is of the same type, max(email) and not count(email); a truth value does not.
func (b *builder) private(c DatasetColumn) bool {
	if c.Type == "BOOLEAN" {
		return false
	}
	return slices.ContainsFunc(c.From, func(s Source) bool {
		d := b.graph.Dataset(s.Dataset)
		if d == nil || !s.How.Direct() {
			return false
		}
		from := d.Column(s.Column.Column)
		return from != nil && from.Private && (s.How != Aggregation || from.Type == c.Type)
	})
}

// contract adds a contract, and what its `read` lines make of what senders write.
func (b *builder) contract(name string) {
	c := b.project.Contracts[name]
	sent := Dataset{Name: sentPrefix + name, Kind: Sent, File: c.File}
	d := Dataset{Name: name, Kind: Contract, File: c.File, About: c.About}
	beside := comments(c.File, c.Source, true, func(name string) bool { return slices.Contains(c.Names(), name) })
	for _, col := range c.Columns {
		one := DatasetColumn{Name: col.Name, Type: strings.ToUpper(strings.ReplaceAll(col.Type.String(), " ", "")), About: cmp.Or(c.ColumnAbout[col.Name], beside[col.Name]), Private: slices.Contains(c.Private, col.Name)}
		from := set{}
		for _, section := range c.Sections {
			for _, used := range section.Reads[col.Name].Uses {
				from[Source{Column{sent.Name, used}, Transformation}] = true
				if sent.Column(used) == nil {
					sent.Columns = append(sent.Columns, DatasetColumn{Name: used, Type: "VARCHAR", Private: one.Private})
				}
			}
		}
		one.From = from.sorted()
		d.Columns = append(d.Columns, one)
	}
	if len(sent.Columns) > 0 {
		for i, column := range sent.Columns {
			sent.Columns[i].Private = column.Private || slices.Contains(c.Private, column.Name)
		}
		var patterns []string
		for _, section := range c.Sections {
			patterns = append(patterns, section.Objects)
		}
		sent.About = strings.Join(patterns, "; ")
		d.Inputs = []string{sent.Name}
		b.add(sent)
	}
	b.add(d)
}

func (b *builder) model(ctx context.Context, m *model.Model) error {
	d := Dataset{Name: m.Name, Kind: Model, File: m.File, About: m.About}
	beside := comments(m.File, m.Source, false, func(name string) bool { return slices.Contains(m.Names(), name) })
	for _, c := range m.Columns {
		d.Columns = append(d.Columns, DatasetColumn{Name: c.Name, Type: c.Type, About: cmp.Or(m.ColumnAbout[c.Name], beside[c.Name])})
	}
	return b.follow(ctx, &d, m.SQL, m.Columns, b.dataset)
}

// table adds a table of the warehouse: the model's columns, and those that are made
// of the business date.
func (b *builder) table(name string, m *model.Model) {
	of := b.graph.Dataset(m.Name)
	d := Dataset{Name: tablePrefix + name, Kind: Table, About: m.About, Inputs: []string{m.Name}}
	for _, c := range of.Columns {
		d.Columns = append(d.Columns, DatasetColumn{Name: c.Name, Type: c.Type, About: c.About, From: []Source{{Column{m.Name, c.Name}, Identity}}})
	}
	output, _ := b.project.Output(m.Name)
	for _, c := range output[len(m.Columns):] {
		d.Columns = append(d.Columns, DatasetColumn{Name: c.Name, Type: c.Type, From: []Source{{Column{m.Name, m.BusinessDate}, Transformation}}})
	}
	b.add(d)
}

func (b *builder) query(ctx context.Context, q *model.Query) error {
	d := Dataset{Name: q.Name, Kind: Query, File: q.File, About: q.About}
	tables := func(name string) (string, []string, bool) {
		if _, ok := b.loads[name]; ok {
			t := b.graph.Dataset(tablePrefix + name)
			var names []string
			for _, c := range t.Columns {
				names = append(names, c.Name)
			}
			return t.Name, names, true
		}
		return b.dataset(name)
	}
	return b.follow(ctx, &d, q.SQL, q.Columns, tables)
}

// dataset yields a dataset's name in the graph and its columns, for those who read it.
func (b *builder) dataset(name string) (string, []string, bool) {
	if name == model.BusinessDay {
		if !b.calendar {
			b.calendar = true
			b.add(Dataset{Name: name, Kind: Calendar, About: "the date of the unit, the one before, and whether it ends a month",
				Columns: []DatasetColumn{{Name: "business_date", Type: "DATE"}, {Name: "previous_business_date", Type: "DATE"}, {Name: "is_month_end", Type: "BOOLEAN"}}})
		}
		return name, []string{"business_date", "previous_business_date", "is_month_end"}, true
	}
	columns, ok := b.project.Output(name)
	var names []string
	for _, c := range columns {
		names = append(names, c.Name)
	}
	return name, names, ok
}

// follow adds a dataset that a statement makes. Columns are what the engine says of
// its output; nil where the engine was not asked, of a query of the warehouse.
func (b *builder) follow(ctx context.Context, d *Dataset, sql string, columns []model.Column, tables func(string) (string, []string, bool)) error {
	named := map[string]string{}
	var output []string
	for _, c := range columns {
		if d.Column(c.Name) == nil {
			d.Columns = append(d.Columns, DatasetColumn{Name: c.Name, Type: c.Type})
		}
		output = append(output, c.Name)
	}
	lookup := func(name string) ([]string, bool) {
		in, names, ok := tables(name)
		named[name] = in
		return names, ok
	}
	found, err := b.resolve(ctx, sql, lookup, output)
	var unclear *UnclearError
	var bind *model.BindError
	switch {
	case errors.As(err, &unclear), errors.As(err, &bind):
		d.Unclear = err.Error()
		for _, in := range named {
			if in != "" && in != d.Name {
				d.Inputs = append(d.Inputs, in)
			}
		}
		slices.Sort(d.Inputs)
		b.add(*d)
		return nil
	case err != nil:
		return fmt.Errorf("%s: lineage: %w", d.File, err)
	}
	for _, name := range found.Tables {
		if in := named[name]; in != d.Name {
			d.Inputs = append(d.Inputs, in)
		}
	}
	slices.Sort(d.Inputs)
	if columns == nil {
		for _, c := range found.Columns {
			d.Columns = append(d.Columns, DatasetColumn{Name: c.Name})
		}
	}
	for i, c := range found.Columns {
		d.Columns[i].From = b.stored(c.From, named)
	}
	d.Rows = b.stored(found.Rows, named)
	b.add(*d)
	return nil
}

func (b *builder) resolve(ctx context.Context, sql string, tables func(string) ([]string, bool), output []string) (*Statement, error) {
	tree, err := b.parser.Parse(ctx, sql)
	if err != nil {
		return nil, err
	}
	return Resolve(tree, tables, output)
}

// stored names the sources as the graph does. Year, month and day lie in the path of
// a unit: they come from its business date.
func (b *builder) stored(sources []Source, named map[string]string) []Source {
	all := set{}
	for _, s := range sources {
		if date := b.businessDate(s.Column); date != "" && named[s.Dataset] == s.Dataset {
			s.Column.Column, s.How = date, max(s.How, Transformation)
		}
		s.Dataset = named[s.Dataset]
		all[s] = true
	}
	return all.sorted()
}

// businessDate is the column of which a part of the path is made; "" for a column of
// the file.
func (b *builder) businessDate(c Column) string {
	if m := b.project.Models[c.Dataset]; m != nil && !slices.Contains(m.Names(), c.Column) {
		return m.BusinessDate
	}
	if k := b.project.Contracts[c.Dataset]; k != nil && !slices.Contains(k.Names(), c.Column) {
		return k.BusinessDate
	}
	return ""
}
