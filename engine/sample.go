package engine

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"ledgermill/engine/job"
	"ledgermill/engine/model"
	"ledgermill/engine/sqltext"
)

// Sampling says which rows of a unit's inputs are asked for.
type Sampling struct {
	Model *model.Model
	Unit  job.Unit
	Rows  int    // of each input at most, 1 to 100
	Where string // a condition on rows of the first input; "" for none
}

// SampleError says that a unit's inputs cannot be sampled.
type SampleError struct{ msg, remedy string }

func (e *SampleError) Error() string { return e.msg }

// Try returns the remedy.
func (e *SampleError) Try() string { return e.remedy }

// ExitCode is that of usage.
func (e *SampleError) ExitCode() int { return ExitUsage }

// Sample reads some rows of what a model reads on a unit: those of its first input
// by chance, the same ones each time, and of others those that go with them. Raw
// records are read from their objects, models from the lake. Values are literals of
// SQL; private ones are replaced, equal ones by equal ones. Columns that the model
// does not use are left out. It needs Lineage, and changes nothing.
func (m *Mill) Sample(ctx context.Context, s Sampling) ([]model.GivenRows, error) {
	r, err := m.ready(ctx, s)
	if err != nil {
		return nil, err
	}
	sampler := &sampler{run: r, Sampling: s, names: model.NewPseudonyms(), inputs: r.inputsOf(s.Model, s.Unit)}
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails since Go 1.24
	sampler.salt = hex.EncodeToString(salt)
	names := slices.Clone(s.Model.Inputs)
	if s.Model.ReadsItself {
		names = append(names, s.Model.Name)
	}
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(sampler.rank(a), sampler.rank(b)) })
	var all []model.GivenRows
	for i, name := range names {
		given, err := sampler.input(ctx, name, names[0], i == 0)
		if err != nil {
			return nil, err
		}
		all = append(all, given)
	}
	return all, nil
}

// ready brings the raw records that a unit is made from into memory.
func (m *Mill) ready(ctx context.Context, s Sampling) (*run, error) {
	from, _ := s.Unit.Bounds()
	sel := Selection{From: from, To: s.Unit.Last(), Datasets: append(m.Project.Upstream(s.Model.Name), s.Model.Name)}
	p, err := m.prepareRun(ctx, sel, false)
	if err != nil {
		return nil, err
	}
	r := &run{Mill: m, planner: p, reads: map[string][]job.Unit{}, report: &Report{}}
	if units := r.cat.units[s.Model.Name]; !slices.Contains(units, s.Unit) {
		near := "there are none"
		if i, _ := slices.BinarySearch(units, s.Unit); len(units) > 0 {
			near = "the nearest is " + string(units[min(i, len(units)-1)])
		}
		return nil, &SampleError{fmt.Sprintf("%s has no unit %s: %s", s.Model.Name, s.Unit, near), "ledgermill status lists the units"}
	}
	for _, name := range s.Model.Inputs {
		units := r.cat.granted(s.Model, name, s.Unit)
		f := r.feeds[name]
		if f == nil {
			if len(r.filesOf(name, units)) == 0 {
				return nil, &SampleError{fmt.Sprintf("%s reads %s, of which nothing is published for %s", s.Model.Name, name, s.Unit), "ledgermill run"}
			}
			continue
		}
		for _, u := range units {
			if v, stands := r.verdicts[name][u]; stands {
				return nil, &HeldError{Dataset: name, Unit: u, Reason: v.Reason}
			}
		}
		r.reads[name] = units
		if err := r.ensureLanded(ctx, f, units); err != nil {
			return nil, err
		}
		if _, err := r.Engine.Settle(ctx, f.contract, units, r.Work); err != nil {
			return nil, err
		}
	}
	return r, nil
}

type sampler struct {
	*run
	Sampling
	names  *model.Pseudonyms
	inputs job.Inputs
	salt   string
}

// rank puts the input first that the model preserves, then those with dates.
func (s *sampler) rank(name string) int {
	switch {
	case name == s.Model.Preserves:
		return 0
	case name == s.Model.Name:
		return 3
	case s.Project.BusinessDateOf(name) != "":
		return 1
	}
	return 2
}

func (s *sampler) input(ctx context.Context, name, first string, isFirst bool) (model.GivenRows, error) {
	given := model.GivenRows{Name: name, Columns: s.used(name)}
	private := s.Lineage.Private(name)
	var list []string
	for _, c := range given.Columns {
		literal := model.Literal(c)
		if slices.Contains(private, c.Name) {
			literal = s.names.Mask(c, s.salt)
		}
		list = append(list, literal+" as "+sqltext.QuoteName(c.Name))
	}
	with := "with _first as (" + s.rowsOf(first, s.Where) + ") "
	rows := "select * from _first"
	if !isFirst {
		rows = s.rowsOf(name, s.going(name, first))
	}
	d := &model.DataTest{Name: "sample", File: s.Model.File, SQL: with + "select " + strings.Join(list, ", ") + " from (" + rows + ")", On: []string{name}, Inputs: []string{name}}
	if name != first {
		d.Inputs = append(d.Inputs, first)
	}
	found, err := s.Engine.Audit(ctx, job.Audit{Unit: s.Unit, Previous: s.cat.before(s.Model, s.Unit), Test: d, Inputs: s.inputs})
	if err != nil && s.Where != "" {
		return given, &SampleError{"the rows cannot be chosen: " + s.discreet(err.Error()), "--where with a condition on columns of " + first}
	}
	if err != nil {
		return given, err
	}
	for _, row := range found.Examples {
		given.Rows = append(given.Rows, s.names.Replace(given.Columns, row))
	}
	return given, nil
}

// rowsOf chooses rows of an input: by a hash of what identifies them, so that it is
// the same ones each time and not those of one customer or one hour.
func (s *sampler) rowsOf(name, where string) string {
	if where == "" {
		where = "true"
	}
	var key, texts []string
	for _, k := range s.key(name) {
		key = append(key, sqltext.QuoteName(k))
		texts = append(texts, "cast("+sqltext.QuoteName(k)+" as varchar)")
	}
	return fmt.Sprintf("select * from %s where (%s\n) order by md5(concat_ws('|', %s)), %s limit %d",
		sqltext.QuoteName(name), where, strings.Join(texts, ", "), strings.Join(key, ", "), s.Rows)
}

// key are the columns that identify a row of a dataset; without any all of them.
func (s *sampler) key(name string) []string {
	if c := s.Project.Contracts[name]; c != nil && len(c.Key) > 0 {
		return c.Key
	}
	if one := s.Project.Models[name]; one != nil && len(one.Grain) > 0 {
		return one.Grain
	}
	var names []string
	for _, c := range s.Project.Stored(name) {
		names = append(names, c.Name)
	}
	return names
}

// going is the condition of the rows that go with those of the first input: their
// keys are there, or its keys here.
func (s *sampler) going(name, first string) string {
	columns := func(dataset string) []string {
		var names []string
		for _, c := range s.Project.Stored(dataset) {
			names = append(names, c.Name)
		}
		return names
	}
	for _, pair := range []struct{ key, in []string }{{s.key(name), columns(first)}, {s.key(first), columns(name)}} {
		there := !slices.ContainsFunc(pair.key, func(k string) bool { return !slices.Contains(pair.in, k) })
		if there && len(pair.key) < len(columns(name)) {
			var list []string
			for _, k := range pair.key {
				list = append(list, sqltext.QuoteName(k))
			}
			names := strings.Join(list, ", ")
			return fmt.Sprintf("row(%s) in (select row(%s) from _first)", names, names)
		}
	}
	return ""
}

// used are the columns of an input that the model uses, and its business date.
func (s *sampler) used(name string) []model.Column {
	d := s.Lineage.Dataset(s.Model.Name)
	used := map[string]bool{s.Project.BusinessDateOf(name): true}
	for _, from := range d.Rows {
		used[from.Column.Column] = used[from.Column.Column] || from.Dataset == name
	}
	for _, c := range d.Columns {
		for _, from := range c.From {
			used[from.Column.Column] = used[from.Column.Column] || from.Dataset == name
		}
	}
	all := s.Project.Stored(name)
	if d.Unclear != "" {
		return all
	}
	some := slices.DeleteFunc(slices.Clone(all), func(c model.Column) bool { return !used[c.Name] })
	if len(some) == 0 {
		return all[:1]
	}
	return some
}
