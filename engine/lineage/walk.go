package lineage

import (
	"cmp"
	"slices"
)

// Edge is one step between two columns. The empty column of To stands for the rows of
// its dataset.
type Edge struct {
	From Column `json:"from"`
	To   Column `json:"to"`
	How  How    `json:"how"`
}

// edges yields the steps that lead into a column, or into the rows of a dataset.
func (d *Dataset) into(column string) []Edge {
	var all []Edge
	add := func(sources []Source) {
		for _, s := range sources {
			all = append(all, Edge{From: s.Column, To: Column{d.Name, column}, How: s.How})
		}
	}
	if column == "" {
		add(d.Rows)
		return all
	}
	if c := d.Column(column); c != nil {
		add(c.From)
	}
	return all
}

// Upstream are the steps by which a column is made, back to where nothing more is
// known, the near ones first. Each step stands once.
func (g *Graph) Upstream(of Column) []Edge {
	return g.walk(of, func(at Column) ([]Edge, []Column) {
		d := g.Dataset(at.Dataset)
		if d == nil {
			return nil, nil
		}
		edges := d.into(at.Column)
		var next []Column
		for _, e := range edges {
			next = append(next, e.From)
		}
		return edges, next
	})
}

// Downstream are the steps by which a column goes into others, or decides about the
// rows of a dataset.
func (g *Graph) Downstream(of Column) []Edge {
	out := map[Column][]Edge{}
	for _, d := range g.Datasets {
		for _, c := range d.Columns {
			for _, e := range d.into(c.Name) {
				out[e.From] = append(out[e.From], e)
			}
		}
		for _, e := range d.into("") {
			out[e.From] = append(out[e.From], e)
		}
	}
	return g.walk(of, func(at Column) ([]Edge, []Column) {
		var next []Column
		for _, e := range out[at] {
			if e.To.Column != "" { // rows make nothing: what is chosen by them is another column
				next = append(next, e.To)
			}
		}
		return out[at], next
	})
}

func (g *Graph) walk(from Column, step func(Column) ([]Edge, []Column)) []Edge {
	seen := map[Column]bool{from: true}
	var all []Edge
	for todo := []Column{from}; len(todo) > 0; todo = todo[1:] {
		edges, next := step(todo[0])
		all = append(all, edges...)
		for _, n := range next {
			if !seen[n] {
				seen[n] = true
				todo = append(todo, n)
			}
		}
	}
	return all
}

// Around is the part of the graph that a dataset is made from and that is made from
// it, at any distance.
func (g *Graph) Around(dataset string) *Graph {
	keep := map[string]bool{dataset: true}
	for _, d := range slices.Backward(g.Datasets) {
		if keep[d.Name] {
			for _, input := range d.Inputs {
				keep[input] = true
			}
		}
	}
	below := map[string]bool{dataset: true}
	for _, d := range g.Datasets {
		if slices.ContainsFunc(d.Inputs, func(input string) bool { return below[input] }) {
			below[d.Name], keep[d.Name] = true, true
		}
	}
	part := &Graph{}
	for _, d := range g.Datasets {
		if keep[d.Name] {
			part.Datasets = append(part.Datasets, d)
		}
	}
	return part
}

// Edges are all steps of the graph, sorted.
func (g *Graph) Edges() []Edge {
	var all []Edge
	for _, d := range g.Datasets {
		for _, c := range d.Columns {
			all = append(all, d.into(c.Name)...)
		}
		all = append(all, d.into("")...)
	}
	slices.SortStableFunc(all, func(a, b Edge) int {
		return cmp.Or(cmp.Compare(a.To.Dataset, b.To.Dataset), cmp.Compare(a.To.Column, b.To.Column), cmp.Compare(a.From.String(), b.From.String()), cmp.Compare(a.How, b.How))
	})
	return all
}
