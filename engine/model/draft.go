package model

import (
	"context"
	"slices"

	"ledgermill/engine/contract"
	"ledgermill/engine/sqltext"
)

// draft is a model on its way: its file, its tree, and where things stand.
type draft struct {
	*source
	*header
	model *Model
	st    statement
	tree  *tree
	needs map[string]sqltext.Pos // datasets that come before it, and where it names them

	unclear bool // its header has a fault: what follows from it would be a guess
	unbound bool // it names what is not there
}

// models reads every model: what its header says and which datasets it names.
func (l *loader) models(ctx context.Context) {
	type file struct{ file, name string }
	var files []file
	for _, f := range l.files(modelsDir) {
		// All names are claimed first, so that a model may read a later file's.
		if name, ok := l.claim(f, datasetName); ok {
			files = append(files, file{f, name})
		}
	}
	for _, f := range files {
		l.report.Models++
		if d, ok := l.draft(ctx, f.file); ok {
			l.drafts[f.name] = d
			l.project.Models[f.name] = d.model
		} else {
			l.broken[f.name] = true
		}
	}
}

// draft reads one model; false where nothing can be said of its SELECT.
func (l *loader) draft(ctx context.Context, file string) (*draft, bool) {
	s, readable := l.read(file, modelWords(), false)
	h := readHeader(s.directives)
	l.faults = append(l.faults, h.faults...)
	if !readable && len(s.statements) == 0 {
		return nil, false
	}
	st, err := s.one("a model", l.Parameters)
	if err != nil {
		l.faults.Add(s.start(), err)
		return nil, false
	}
	d := &draft{source: s, header: h, st: st, needs: map[string]sqltext.Pos{}, unclear: !readable || len(h.faults) > 0}
	var ok bool
	if d.tree, ok = l.parse(ctx, st); !ok {
		return nil, false
	}
	d.model = &Model{Name: s.name, File: file, Source: s.src, SQL: st.text, About: h.about, Parameters: s.parameters,
		Preserves: h.preserves.text, Load: h.load.text, st: st}
	for _, f := range d.tree.findings {
		l.faultTry(st.pos(f.off), f.remedy, "%s", f.msg)
		l.broken[s.name] = true
		d.unbound = d.unbound || f.table
	}
	l.inputs(d)
	l.references(d)
	l.broken[s.name] = l.broken[s.name] || d.unclear || d.unbound
	return d, true
}

// inputs sorts the tables that the SELECT names.
func (l *loader) inputs(d *draft) {
	m := d.model
	for _, t := range d.tree.tables {
		pos := d.st.pos(t.off)
		switch {
		case t.name == BusinessDay:
			m.UsesBusinessDay = true
		case t.name == m.Name:
			m.ReadsItself = true
			if !slices.ContainsFunc(d.reads, func(r readsInput) bool { return r.input == m.Name }) {
				l.faultTry(pos, "to build on the unit before: `-- reads "+m.Name+": previous`", "%s reads itself", m.Name)
				d.unbound = true
			}
		case !l.isDataset(t.name):
			l.fault(pos, "no contract or model is called %s%s", t.name, sqltext.DidYouMean(t.name, append(l.datasets(), BusinessDay)))
			d.unbound = true
		default:
			if _, seen := d.needs[t.name]; !seen {
				d.needs[t.name] = pos
				m.Inputs = append(m.Inputs, t.name)
			}
		}
	}
	slices.Sort(m.Inputs)
}

// references adds the datasets that tests name: they are made before the model.
func (l *loader) references(d *draft) {
	m := d.model
	for _, t := range d.tests {
		switch {
		case t.Kind != Relationship || t.Target == m.Name:
		case !l.isDataset(t.Target):
			l.fault(t.named(t.Target), "no contract or model is called %s%s", t.Target, sqltext.DidYouMean(t.Target, l.datasets()))
			d.unbound = true
		default:
			if _, seen := d.needs[t.Target]; !seen {
				d.needs[t.Target] = t.Pos
			}
			if !slices.Contains(m.references, t.Target) {
				m.references = append(m.references, t.Target)
			}
		}
	}
	slices.Sort(m.references)
}

// input is what a model needs to know of one of its inputs.
type input struct {
	partition    contract.Partition
	businessDate string
}

func (l *loader) input(name string) input {
	if c := l.project.Contracts[name]; c != nil {
		return input{c.Partition, c.BusinessDate}
	}
	m := l.project.Models[name]
	return input{m.Partition, m.BusinessDate}
}
