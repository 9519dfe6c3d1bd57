package model

import (
	"context"
	"io/fs"
	"maps"
	"slices"

	"ledgermill/engine/contract"
)

// Project is every file of a project that decides data, checked and bound.
type Project struct {
	Contracts map[string]*contract.Contract
	Models    map[string]*Model
	Order     []string // all datasets: the contracts sorted, then the models, each behind its inputs and references
	UnitTests []*UnitTest
	DataTests []*DataTest
	Queries   []*Query
	Warehouse fs.FS // sql/warehouse, the migrations; nil without that directory

	Broken map[string]bool // datasets with a fault of their own or above them: none but in what Examine returns
}

// Sound is the project without its broken datasets, and without what is made from them.
func (p *Project) Sound() *Project {
	sound := *p
	sound.Contracts, sound.Models, sound.Broken = maps.Clone(p.Contracts), maps.Clone(p.Models), nil
	for name, broken := range p.Broken {
		if broken {
			delete(sound.Contracts, name)
			delete(sound.Models, name)
		}
	}
	sound.Order = slices.DeleteFunc(slices.Clone(p.Order), func(name string) bool { return p.Broken[name] })
	return &sound
}

// Options are what Load needs.
type Options struct {
	FS         fs.FS // the project's root: sql/..., queries/...
	Judge      contract.Judge
	Binder     Binder            // of this project alone
	Parameters map[string]string // values in the place of parameters' defaults

	Datasets bool // contracts and models alone: what is quick enough for every save
}

// Load reads and checks every file. Faults of files are sqltext.Errors: every fault
// of every file, sorted by file, line and column. Other errors are not the files'.
func Load(ctx context.Context, o Options) (*Project, error) {
	p, _, err := load(ctx, o)
	if err != nil {
		return nil, err
	}
	return p, nil
}

// Report says what a check read and what it could not bind.
type Report struct {
	Contracts int    `json:"contracts"`
	Models    int    `json:"models"`
	Tests     int    `json:"tests"` // of `test` directives and grains
	UnitTests int    `json:"unit_tests"`
	DataTests int    `json:"data_tests"`
	Queries   int    `json:"queries"`
	Skipped   []Skip `json:"skipped"` // sorted by file
}

// Skip is a file that was read, or found, and not bound.
type Skip struct {
	File string `json:"file"`
	Why  string `json:"why"`
}

// Examine is Load for who looks at a project that may have faults: beside them comes
// what could be read of it, and in Broken what not to build on. The counts are of what
// could be read. The project is nil where the error is not the files'.
func Examine(ctx context.Context, o Options) (*Project, Report, error) {
	return load(ctx, o)
}

// Loads maps each warehouse table to the dataset that is loaded into it. On the
// lake these tables are views of their datasets.
func (p *Project) Loads() map[string]string {
	tables := map[string]string{}
	for name, m := range p.Models {
		if m.Load != "" {
			tables[m.Load] = name
		}
	}
	return tables
}

// Output is what readers see of a dataset, a contract's or a model's: its columns,
// and year, month and day as integers where it is dated. False: there is none.
func (p *Project) Output(dataset string) ([]Column, bool) {
	var columns []Column
	var dated bool
	if c, ok := p.Contracts[dataset]; ok {
		for _, col := range c.Columns {
			columns = append(columns, Column{Name: col.Name, Type: col.Type.String()})
		}
		dated = c.Partition != contract.Whole
	} else if m, ok := p.Models[dataset]; ok {
		columns = append(columns, m.Columns...)
		dated = m.Dated()
	} else {
		return nil, false
	}
	if dated {
		columns = append(columns, dateParts...)
	}
	return columns, true
}

// dateParts live in the path of a dated dataset and are never in its file.
var dateParts = []Column{{Name: "year", Type: "INTEGER"}, {Name: "month", Type: "INTEGER"}, {Name: "day", Type: "INTEGER"}}

// businessDayColumns are those of the table business_day.
var businessDayColumns = []Column{
	{Name: "business_date", Type: "DATE"}, {Name: "previous_business_date", Type: "DATE"}, {Name: "is_month_end", Type: "BOOLEAN"},
}
