package lineage

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// Dot writes the view for Graphviz: datasets with an arrow for each input; of a
// column the columns that it is made from and goes into.
func (v *View) Dot(w io.Writer) error {
	b := bufio.NewWriter(w)
	b.WriteString("digraph lineage {\n  rankdir=LR;\n  node [shape=box, fontname=\"Helvetica\"];\n")
	if v.Column == "" {
		for _, d := range v.Shown().Datasets {
			fmt.Fprintf(b, "  %s [label=%s];\n", dotQuote(d.Name), dotQuote(d.Name+"\n"+string(d.Kind)))
			for _, input := range d.Inputs {
				fmt.Fprintf(b, "  %s -> %s;\n", dotQuote(input), dotQuote(d.Name))
			}
		}
	} else {
		at := Column{v.Dataset, v.Column}
		fmt.Fprintf(b, "  %s [penwidth=2];\n", dotQuote(at.String()))
		for _, e := range append(v.Graph.Upstream(at), v.Graph.Downstream(at)...) {
			to := e.To.String()
			if e.To.Column == "" {
				to = e.To.Dataset + " (rows)"
			}
			style := ""
			if !e.How.Direct() {
				style = ", style=dashed"
			}
			fmt.Fprintf(b, "  %s -> %s [label=%s%s];\n", dotQuote(e.From.String()), dotQuote(to), dotQuote(e.How.String()), style)
		}
	}
	b.WriteString("}\n")
	return b.Flush()
}

func dotQuote(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(text) + `"`
}
