package model

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"ledgermill/engine/sqltext"
)

// DataTest is a file of sql/tests without `test of`: a SELECT whose rows are failures.
type DataTest struct {
	Name       string
	File       string
	Source     string
	About      string
	SQL        string   // with the parameters bound, without a semicolon
	Inputs     []string // contracts and models that it reads, sorted
	On         []string // the datasets whose units a failure holds, sorted
	Warn       bool     // a failure is a warning
	AtMost     int64    // so many rows pass
	Columns    []Column // the output
	Parameters []sqltext.Parameter

	UsesBusinessDay bool

	Stage int // of Project.Stages: what is made before it is not tested yet

	st       statement
	findings []finding
}

func (l *loader) dataTest(ctx context.Context, s *source) {
	before := len(l.faults)
	st, err := s.one("a data test", l.Parameters)
	if err != nil {
		l.faults.Add(s.start(), err)
		return
	}
	t := &DataTest{Name: s.name, File: s.file, Source: s.src, About: about(s), SQL: st.text, Parameters: s.parameters, st: st}
	tree, ok := l.parse(ctx, st)
	if !ok {
		return
	}
	t.findings = tree.findings
	sound := l.dataTestInputs(t, st, tree)
	l.dataTestOn(t, s)
	if len(l.faults) > before || !sound {
		return
	}
	if l.stageOf(t, st, tree, s); len(l.faults) > before {
		return
	}
	if t.Columns, ok = l.describe(ctx, st); ok {
		l.project.DataTests = append(l.project.DataTests, t)
	}
}

// dataTestInputs sorts the tables; false where one of them is broken.
func (l *loader) dataTestInputs(t *DataTest, st statement, tree *tree) bool {
	sound := true
	for _, table := range tree.tables {
		switch {
		case table.name == BusinessDay:
			t.UsesBusinessDay = true
		case !l.isDataset(table.name):
			l.fault(st.pos(table.off), "no contract or model is called %s%s", table.name, sqltext.DidYouMean(table.name, append(l.datasets(), BusinessDay)))
		case !slices.Contains(t.Inputs, table.name):
			t.Inputs = append(t.Inputs, table.name)
			sound = sound && !l.broken[table.name]
		}
	}
	slices.Sort(t.Inputs)
	return sound
}

// dataTestOn reads `on: <dataset>, ...[, warn][, at most N]`.
func (l *loader) dataTestOn(t *DataTest, s *source) {
	for _, d := range sqltext.Select(s.directives, "on") {
		for _, i := range items(d) {
			if strings.EqualFold(i.text, "warn") {
				t.Warn = true
				continue
			}
			if m := atMost.FindStringSubmatch(i.text); m != nil {
				l.dataTestLimit(t, i, m)
				continue
			}
			name, err := i.name()
			switch {
			case err != nil:
				l.faults = append(l.faults, err)
			case !l.isDataset(name):
				l.fault(i.pos, "no contract or model is called %s%s", name, sqltext.DidYouMean(name, l.datasets()))
			case !slices.Contains(t.On, name):
				t.On = append(t.On, name)
			}
		}
	}
	if len(t.On) == 0 {
		t.On = slices.Clone(t.Inputs)
	}
	slices.Sort(t.On)
}

// dataTestLimit reads `at most N`, of what atMost has matched.
func (l *loader) dataTestLimit(t *DataTest, i item, m []string) {
	count, err := strconv.ParseInt(m[1], 10, 64)
	switch {
	case m[2] != "" || m[3] != "":
		l.fault(i.pos, "`at most` of a data test is a whole number of rows: there is nothing that it could be a share of")
	case err != nil:
		l.fault(i.pos, "%q: %v", i.text, err)
	default:
		t.AtMost = count
	}
}
