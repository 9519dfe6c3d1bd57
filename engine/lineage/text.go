package lineage

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// View is the part of a graph that somebody asked for.
type View struct {
	Graph   *Graph
	Dataset string // "": the whole graph
	Column  string // of Dataset; "": all of them
}

// View finds what a name asks for; "" is everything.
func (g *Graph) View(name string) (*View, error) {
	if name == "" {
		return &View{Graph: g}, nil
	}
	dataset, column, err := g.Find(name)
	if err != nil {
		return nil, err
	}
	return &View{Graph: g, Dataset: dataset, Column: column}, nil
}

// Shown is the part of the graph as a graph.
func (v *View) Shown() *Graph {
	if v.Dataset == "" {
		return v.Graph
	}
	return v.Graph.Around(v.Dataset)
}

// Answer is what a view says as plain data.
type Answer struct {
	Datasets   []Dataset `json:"datasets"`
	Column     *Column   `json:"column,omitempty"`     // that was asked for
	Upstream   []Edge    `json:"upstream,omitempty"`   // by which it is made; "" as a column is the rows of a dataset
	Downstream []Edge    `json:"downstream,omitempty"` // by which it goes on
}

// Answer is the view as plain data.
func (v *View) Answer() Answer {
	a := Answer{Datasets: v.Shown().Datasets}
	if v.Column != "" {
		c := Column{v.Dataset, v.Column}
		a.Column, a.Upstream, a.Downstream = &c, v.Graph.Upstream(c), v.Graph.Downstream(c)
	}
	return a
}

// Text writes the view for people.
func (v *View) Text(w io.Writer) error {
	b := bufio.NewWriter(w)
	switch {
	case v.Column != "":
		v.columnText(b)
	case v.Dataset != "":
		v.datasetText(b)
	default:
		v.graphText(b)
	}
	return b.Flush()
}

func (v *View) graphText(b *bufio.Writer) {
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "dataset\tkind\tcolumns\tmade from\tread by")
	for _, d := range v.Graph.Datasets {
		fmt.Fprintf(t, "%s\t%s\t%d\t%s\t%s\n", d.Name, d.Kind, len(d.Columns), orNone(d.Inputs), orNone(v.Graph.Readers(d.Name)))
	}
	_ = t.Flush() // b keeps the error of the writer
	for _, d := range v.Graph.Datasets {
		if d.Unclear != "" {
			fmt.Fprintf(b, "the columns of %s are not followed: %s\n", d.Name, d.Unclear)
		}
	}
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "-"
	}
	return strings.Join(names, ", ")
}

func (v *View) datasetText(b *bufio.Writer) {
	d := v.Graph.Dataset(v.Dataset)
	fmt.Fprintf(b, "%s, %s", d.Name, d.Kind)
	if d.File != "" {
		fmt.Fprintf(b, " (%s)", d.File)
	}
	b.WriteByte('\n')
	if d.About != "" {
		fmt.Fprintf(b, "  %s\n", d.About)
	}
	if d.Unclear != "" {
		fmt.Fprintf(b, "  its columns are not followed: %s\n", d.Unclear)
	}
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	for _, c := range d.Columns {
		fmt.Fprintf(t, "  %s\t%s\t%s\n", c.Name, c.Type+private(c), sourcesText(c.From))
	}
	if len(d.Rows) > 0 {
		fmt.Fprintf(t, "  (rows)\t\t%s\n", sourcesText(d.Rows))
	}
	_ = t.Flush()
	fmt.Fprintf(b, "made from %s\nread by %s\n", orNone(d.Inputs), orNone(v.Graph.Readers(d.Name)))
}

func private(c DatasetColumn) string {
	if c.Private {
		return " private"
	}
	return ""
}

// sourcesText names each way once: identity raw.a; transformation raw.b, raw.c.
func sourcesText(sources []Source) string {
	var ways []string
	for how := Identity; how <= Sort; how++ {
		var names []string
		for _, s := range sources {
			if s.How == how {
				names = append(names, s.Column.String())
			}
		}
		if names != nil {
			ways = append(ways, how.String()+" "+strings.Join(names, ", "))
		}
	}
	return strings.Join(ways, "; ")
}

func (v *View) columnText(b *bufio.Writer) {
	at := Column{v.Dataset, v.Column}
	c := v.Graph.Dataset(at.Dataset).Column(at.Column)
	fmt.Fprintf(b, "%s  %s%s\n", at, c.Type, private(*c))
	if c.About != "" {
		fmt.Fprintf(b, "  %s\n", c.About)
	}
	b.WriteString("made from\n")
	v.branch(b, at, "  ", []Column{at}, v.sourcesOf)
	if rows := v.Graph.Dataset(at.Dataset).Rows; len(rows) > 0 {
		fmt.Fprintf(b, "rows decided by\n  %s\n", sourcesText(rows))
	}
	b.WriteString("goes into\n")
	v.branch(b, at, "  ", []Column{at}, v.usesOf)
}

// link is a step of a branch: the column at its other end, and how.
type link struct {
	to  Column
	how How
}

// branch writes a column's sources or uses as a tree; what was written on the way is
// not written again below itself.
func (v *View) branch(b *bufio.Writer, at Column, indent string, path []Column, next func(Column) []link) {
	links := next(at)
	if len(links) == 0 && len(path) == 1 {
		b.WriteString(indent + "nothing\n")
	}
	for _, l := range links {
		name := l.to.String()
		if l.to.Column == "" {
			name = l.to.Dataset + " (rows)"
		}
		fmt.Fprintf(b, "%s%s  %s\n", indent, name, l.how)
		if l.to.Column != "" && !slices.Contains(path, l.to) {
			v.branch(b, l.to, indent+"  ", append(slices.Clone(path), l.to), next)
		}
	}
}

func (v *View) sourcesOf(c Column) []link {
	var links []link
	if d := v.Graph.Dataset(c.Dataset); d != nil {
		for _, e := range d.into(c.Column) {
			links = append(links, link{e.From, e.How})
		}
	}
	return links
}

func (v *View) usesOf(c Column) []link {
	var links []link
	for _, d := range v.Graph.Datasets {
		if !slices.Contains(d.Inputs, c.Dataset) && d.Name != c.Dataset {
			continue
		}
		for _, column := range append(d.columnNames(), "") {
			for _, e := range d.into(column) {
				if e.From == c {
					links = append(links, link{e.To, e.How})
				}
			}
		}
	}
	return links
}

func (d *Dataset) columnNames() []string {
	var names []string
	for _, c := range d.Columns {
		names = append(names, c.Name)
	}
	return names
}
