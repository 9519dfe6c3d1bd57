package model

import (
	"path"
	"slices"
	"strings"

	"ledgermill/engine/sqltext"
)

// ChosenTests are the tests that somebody asked for.
type ChosenTests struct {
	Unit     []*UnitTest
	Data     []string // names of data tests that are files
	Datasets []string // whose `test` lines are asked for; nil: all
}

// SelectTests returns the tests of a pattern: names and globs of tests, or what Select
// takes, which chooses the tests of those datasets. "" is all.
func (p *Project) SelectTests(pattern string) (ChosenTests, error) {
	if pattern == "" {
		chosen := ChosenTests{Unit: p.UnitTests, Data: []string{}}
		for _, t := range p.DataTests {
			chosen.Data = append(chosen.Data, t.Name)
		}
		return chosen, nil
	}
	chosen := ChosenTests{Data: []string{}, Datasets: []string{}}
	var faults sqltext.Errors
	for _, piece := range strings.Split(pattern, ",") {
		piece = strings.TrimSpace(piece)
		if p.chooseNamed(piece, &chosen) {
			continue
		}
		datasets, err := p.Select(piece)
		if err != nil {
			names := slices.Concat(p.Order, p.TestNames())
			faults = append(faults, &sqltext.Error{Pos: sqltext.Pos{File: "select " + sqltext.QuoteString(piece)},
				Msg:    "no test or dataset is called " + piece + sqltext.DidYouMean(piece, names),
				Remedy: "give names or globs of tests or of datasets, parted by commas: +name, name+, daily_*"})
			continue
		}
		p.chooseOf(datasets, &chosen)
	}
	return chosen, faults.Err()
}

// TestNames are the names of the tests that are files.
func (p *Project) TestNames() []string {
	var names []string
	for _, t := range p.UnitTests {
		names = append(names, t.Name)
	}
	for _, t := range p.DataTests {
		names = append(names, t.Name)
	}
	return names
}

func (p *Project) chooseNamed(glob string, chosen *ChosenTests) bool {
	found := false
	for _, t := range p.UnitTests {
		if ok, err := path.Match(glob, t.Name); ok && err == nil {
			chosen.addUnit(t)
			found = true
		}
	}
	for _, t := range p.DataTests {
		if ok, err := path.Match(glob, t.Name); ok && err == nil {
			chosen.addData(t)
			found = true
		}
	}
	return found
}

func (p *Project) chooseOf(datasets []string, chosen *ChosenTests) {
	for _, name := range datasets {
		if !slices.Contains(chosen.Datasets, name) {
			chosen.Datasets = append(chosen.Datasets, name)
		}
	}
	for _, t := range p.UnitTests {
		if slices.Contains(datasets, t.Model) {
			chosen.addUnit(t)
		}
	}
	for _, t := range p.DataTests {
		if slices.ContainsFunc(t.On, func(name string) bool { return slices.Contains(datasets, name) }) {
			chosen.addData(t)
		}
	}
}

func (c *ChosenTests) addUnit(t *UnitTest) {
	if !slices.Contains(c.Unit, t) {
		c.Unit = append(c.Unit, t)
	}
}

func (c *ChosenTests) addData(t *DataTest) {
	if !slices.Contains(c.Data, t.Name) {
		c.Data = append(c.Data, t.Name)
	}
}

// DataTestNames are the names by which people call data tests: of files, of datasets,
// and what `test` lines say.
func (p *Project) DataTestNames() []string {
	var names []string
	for _, t := range p.DataTests {
		names = append(names, t.Name)
	}
	for _, name := range p.Order {
		m := p.Models[name]
		if m == nil {
			continue
		}
		names = append(names, name)
		for _, t := range m.Tests {
			if !slices.Contains(names, t.Text) {
				names = append(names, t.Text)
			}
		}
	}
	return names
}
