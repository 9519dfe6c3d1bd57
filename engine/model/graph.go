package model

import (
	"context"
	"maps"
	"slices"
	"strings"

	"ledgermill/engine/sqltext"
)

// graph orders the datasets and finds the cycles. A model stands behind what it
// reads and behind what its tests name.
func (l *loader) graph(context.Context) {
	g := &grapher{loader: l, state: map[string]uint8{}}
	for _, name := range append(sortedKeys(l.project.Contracts), sortedKeys(l.drafts)...) {
		if g.state[name] == 0 {
			g.visit(name)
		}
	}
	l.project.Order = g.order
}

type grapher struct {
	*loader
	state map[string]uint8 // 1: on the path, 2: done
	path  []edge
	order []string
}

// edge is a dataset on the path of a visit, and where it names the next one.
type edge struct {
	name string
	at   sqltext.Pos
}

func (g *grapher) visit(name string) {
	g.state[name] = 1
	if d := g.drafts[name]; d != nil {
		g.path = append(g.path, edge{name: name})
		for _, to := range sortedKeys(d.needs) {
			g.path[len(g.path)-1].at = d.needs[to]
			switch {
			case g.state[to] == 1:
				g.cycle(to)
			case g.state[to] == 0 && (g.drafts[to] != nil || g.project.Contracts[to] != nil):
				g.visit(to)
			}
		}
		g.path = g.path[:len(g.path)-1]
	}
	g.state[name] = 2
	g.order = append(g.order, name)
}

// cycle reports the path from to back to itself, at its first name.
func (g *grapher) cycle(to string) {
	from := slices.IndexFunc(g.path, func(e edge) bool { return e.name == to })
	loop := g.path[from:]
	var b strings.Builder
	for i, e := range loop {
		g.broken[e.name] = true
		g.drafts[e.name].unbound = true
		next := loop[(i+1)%len(loop)].name
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(e.name + " needs " + next + " (" + e.at.String() + ")")
	}
	g.fault(loop[0].at, "models in a circle: %s", b.String())
}

// Upstream returns the datasets that the named ones are made from, at any distance,
// in Order, the named ones left out.
func (p *Project) Upstream(names ...string) []string {
	return p.reach(names, func(name string) []string {
		if m := p.Models[name]; m != nil {
			return m.Inputs
		}
		return nil
	})
}

// Downstream returns the datasets that are made from the named ones, at any
// distance, in Order, the named ones left out.
func (p *Project) Downstream(names ...string) []string {
	readers := map[string][]string{}
	for _, m := range p.Models {
		for _, input := range m.Inputs {
			readers[input] = append(readers[input], m.Name)
		}
	}
	return p.reach(names, func(name string) []string { return readers[name] })
}

func (p *Project) reach(names []string, next func(string) []string) []string {
	found := map[string]bool{}
	todo := slices.Clone(names)
	for len(todo) > 0 {
		name := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, n := range next(name) {
			if !found[n] {
				found[n] = true
				todo = append(todo, n)
			}
		}
	}
	for _, name := range names {
		delete(found, name)
	}
	return p.inOrder(found)
}

func (p *Project) inOrder(set map[string]bool) []string {
	var all []string
	for _, name := range p.datasets() {
		if set[name] {
			all = append(all, name)
		}
	}
	return all
}

// union adds b's names to a.
func union(a map[string]bool, b []string) {
	maps.Copy(a, setOf(b))
}

func setOf(names []string) map[string]bool {
	set := map[string]bool{}
	for _, n := range names {
		set[n] = true
	}
	return set
}
