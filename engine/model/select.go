package model

import (
	"path"
	"slices"
	"strings"

	"ledgermill/engine/sqltext"
)

// Select returns the datasets of a pattern, in Order: names and globs, parted by
// commas, each with + before it for what it is made from and + behind it for what
// is made from it. A piece that fits nothing is an error that names the nearest one.
func (p *Project) Select(pattern string) ([]string, error) {
	set := map[string]bool{}
	var faults sqltext.Errors
	for _, piece := range strings.Split(pattern, ",") {
		piece = strings.TrimSpace(piece)
		glob, up := strings.CutPrefix(piece, "+")
		glob, down := strings.CutSuffix(glob, "+")
		names := p.match(glob)
		if len(names) == 0 {
			faults = append(faults, &sqltext.Error{Pos: sqltext.Pos{File: "select " + sqltext.QuoteString(piece)},
				Msg:    "no dataset is called " + glob + sqltext.DidYouMean(glob, p.datasets()),
				Remedy: "give names or globs of contracts and models, parted by commas: +name, name+, daily_*"})
			continue
		}
		union(set, names)
		if up {
			union(set, p.Upstream(names...))
		}
		if down {
			union(set, p.Downstream(names...))
		}
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	return p.inOrder(set), nil
}

// datasets are all that have a file, also those of which nothing else is known.
func (p *Project) datasets() []string {
	all := slices.Clone(p.Order)
	for _, name := range sortedKeys(p.Broken) {
		if p.Broken[name] && !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

func (p *Project) match(glob string) []string {
	var names []string
	for _, name := range p.datasets() {
		if ok, err := path.Match(glob, name); ok && err == nil {
			names = append(names, name)
		}
	}
	return names
}
