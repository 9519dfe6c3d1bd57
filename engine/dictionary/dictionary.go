package dictionary

import (
	"fmt"
	"slices"
	"strings"

	"ledgermill/engine/contract"
	"ledgermill/engine/lineage"
	"ledgermill/engine/model"
)

// Dictionary is the dictionary of one project.
type Dictionary struct {
	Project  string
	Sections []Section
}

// Section are the datasets of one kind.
type Section struct {
	Title    string
	About    string
	Datasets []Dataset
}

// Dataset is a contract, a model, a table of the warehouse, or a query.
type Dataset struct {
	Name    string
	ID      string // of the place in the page
	Kind    string
	File    string
	About   string
	Facts   []Fact
	Tests   []Test // of the dataset as a whole
	Inputs  []Link
	Readers []Link
	Rows    []Source // what decides which rows there are
	Columns []Column
	Unclear string // why the sources of its columns are not known
}

// Fact is something that is said of a dataset.
type Fact struct{ Name, Value string }

// Link is the name of a dataset, and where it stands.
type Link struct{ Name, ID string }

// Test is what is held against a dataset.
type Test struct {
	Text     string
	Severity string // error, warn
}

// Source is what a column comes from, by the way in which it does.
type Source struct {
	How     string
	Columns []Link
}

// Column is one column.
type Column struct {
	Name    string
	Type    string
	About   string
	Private bool
	Rules   []string // NOT NULL, DEFAULT and CHECKs of a contract
	Tests   []Test
	From    []Source
}

// New makes the dictionary of a checked project.
func New(name string, p *model.Project, g *lineage.Graph) *Dictionary {
	w := &writer{project: p, graph: g}
	d := &Dictionary{Project: name}
	for _, s := range []struct {
		kind         lineage.Kind
		title, about string
	}{
		{lineage.Contract, "Raw feeds", "What senders deliver, checked against its contract record by record."},
		{lineage.Model, "Datasets", "What is made of the raw feeds, and published in the lake."},
		{lineage.Table, "Warehouse", "The tables that datasets are loaded into."},
		{lineage.Query, "Queries", "Named queries, and what they read."},
		{lineage.DataTest, "Data tests", "Queries whose rows must not be there."},
	} {
		section := Section{Title: s.title, About: s.about}
		for _, dataset := range g.Datasets {
			if dataset.Kind == s.kind {
				section.Datasets = append(section.Datasets, w.dataset(dataset))
			}
		}
		if section.Datasets != nil {
			d.Sections = append(d.Sections, section)
		}
	}
	return d
}

type writer struct {
	project *model.Project
	graph   *lineage.Graph
}

func (w *writer) dataset(of lineage.Dataset) Dataset {
	d := Dataset{Name: shown(of.Name), ID: id(of.Name), Kind: string(of.Kind), File: of.File, About: of.About, Unclear: of.Unclear,
		Inputs: w.links(of.Inputs), Readers: w.links(w.graph.Readers(of.Name)), Rows: w.sources(of.Rows)}
	for _, c := range of.Columns {
		d.Columns = append(d.Columns, Column{Name: c.Name, Type: strings.ToLower(c.Type), About: c.About, Private: c.Private, From: w.sources(c.From)})
	}
	switch of.Kind {
	case lineage.Contract:
		w.contract(&d, w.project.Contracts[of.Name])
	case lineage.Model:
		w.model(&d, w.project.Models[of.Name])
	case lineage.Table:
		d.Name = strings.TrimPrefix(d.Name, "warehouse:") // its section says where it is
	case lineage.DataTest:
		w.dataTest(&d, of.Name)
	}
	for _, t := range w.project.DataTests {
		if slices.Contains(t.On, of.Name) {
			d.Tests = append(d.Tests, Test{Text: "data test " + t.Name, Severity: severity(t.Warn)})
		}
	}
	for _, t := range w.project.UnitTests {
		if t.Model == of.Name {
			d.Tests = append(d.Tests, Test{Text: "unit test " + t.Name, Severity: severity(false)})
		}
	}
	return d
}

func (d *Dataset) fact(name, value string) {
	if value != "" {
		d.Facts = append(d.Facts, Fact{name, value})
	}
}

func (w *writer) contract(d *Dataset, c *contract.Contract) {
	var objects []string
	for _, s := range c.Sections {
		objects = append(objects, s.Objects)
	}
	d.fact("Objects", strings.Join(objects, "; "))
	d.fact("Key", strings.Join(c.Key, ", "))
	d.fact("Unit", unitOf(c.Partition, c.BusinessDate))
	if c.Control != nil {
		var sums []string
		for _, a := range c.Control.Aggregates {
			sums = append(sums, a.Func+"("+a.Column+")")
		}
		text := strings.Join(sums, ", ")
		if len(c.Control.By) > 0 {
			text += " by " + strings.Join(c.Control.By, ", ")
		}
		d.fact("Control totals", text)
	}
	for _, check := range c.Checks {
		d.Tests = append(d.Tests, Test{Text: check.Name + ": " + strings.Join(strings.Fields(check.Text), " "), Severity: "rejects the record"})
	}
	for i, col := range c.Columns {
		if col.NotNull {
			d.Columns[i].Rules = append(d.Columns[i].Rules, "not null")
		}
		if col.Default != "" {
			d.Columns[i].Rules = append(d.Columns[i].Rules, "default "+col.Default)
		}
	}
}

func unitOf(p contract.Partition, date string) string {
	if date == "" {
		return "the whole dataset"
	}
	return fmt.Sprintf("a %s of %s", p, date)
}

func (w *writer) model(d *Dataset, m *model.Model) {
	d.fact("Grain", strings.Join(m.Grain, ", "))
	d.fact("Unit", unitOf(m.Partition, m.BusinessDate))
	d.fact("Preserves", m.Preserves)
	d.fact("Warehouse table", m.Load)
	if m.Publish == model.No {
		d.fact("Published", "no, a step for others")
	}
	for _, t := range m.Tests {
		test := Test{Text: testText(t), Severity: severity(t.Warn)}
		columns := t.Columns
		if t.Kind == model.Unique && len(columns) > 1 || t.Kind == model.Expression || len(columns) == 0 {
			d.Tests = append(d.Tests, test)
			continue
		}
		for i, c := range d.Columns {
			if slices.Contains(columns, c.Name) {
				test.Text = columnTest(t)
				d.Columns[i].Tests = append(d.Columns[i].Tests, test)
			}
		}
	}
}

func testText(t model.Test) string {
	if t.AtMost != (model.Limit{}) {
		return t.Text + ", " + t.AtMost.String()
	}
	return t.Text
}

// columnTest is what a test says of one of its columns.
func columnTest(t model.Test) string {
	text := t.Text
	switch t.Kind {
	case model.Unique:
		text = "unique"
	case model.NotNull:
		text = "not null"
	case model.Accepted:
		text = "one of " + strings.Join(t.Values, ", ")
	case model.Relationship:
		text = "in " + t.Target + "." + t.TargetColumn
	}
	if t.AtMost != (model.Limit{}) {
		text += ", " + t.AtMost.String()
	}
	return text
}

func (w *writer) dataTest(d *Dataset, name string) {
	for _, t := range w.project.DataTests {
		if t.Name == name {
			d.fact("Holds", strings.Join(t.On, ", "))
			d.fact("Severity", severity(t.Warn))
			if t.AtMost > 0 {
				d.fact("Passes", fmt.Sprintf("with at most %d rows", t.AtMost))
			}
		}
	}
}

func severity(warn bool) string {
	if warn {
		return "warn"
	}
	return "error"
}

func (w *writer) links(names []string) []Link {
	var all []Link
	for _, name := range names {
		all = append(all, w.link(name, shown(name)))
	}
	return all
}

// link leads to a dataset; what senders write has no place of its own.
func (w *writer) link(dataset, text string) Link {
	if d := w.graph.Dataset(dataset); d == nil || d.Kind == lineage.Sent || d.Kind == lineage.Calendar {
		return Link{Name: text}
	}
	return Link{Name: text, ID: id(dataset)}
}

func (w *writer) sources(all []lineage.Source) []Source {
	var ways []Source
	for how := lineage.Identity; how <= lineage.Sort; how++ {
		one := Source{How: how.String()}
		for _, s := range all {
			if s.How == how {
				one.Columns = append(one.Columns, w.link(s.Dataset, shown(s.Column.String())))
			}
		}
		if one.Columns != nil {
			ways = append(ways, one)
		}
	}
	return ways
}

// shown is a name as people say it.
func shown(name string) string { return strings.TrimPrefix(name, "sent:") }

func id(name string) string {
	return strings.NewReplacer(":", "-", "_", "-", ".", "-").Replace(name)
}
