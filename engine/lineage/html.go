package lineage

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

//go:embed graph.html
var graphPage string

// graphData marks where the page has its data.
const graphData = "/*DATA*/null"

// HTML writes the view as one page that needs nothing else: it opens from a disk
// without a network.
func (v *View) HTML(w io.Writer, title string) error {
	data, err := json.Marshal(struct { // json writes < as \u003c: nothing ends the script
		Title   string    `json:"title"`
		Dataset string    `json:"dataset"`
		Column  string    `json:"column"`
		Sets    []Dataset `json:"datasets"`
	}{title, v.Dataset, v.Column, v.Shown().Datasets})
	if err != nil {
		return fmt.Errorf("write lineage: %w", err)
	}
	_, err = io.WriteString(w, strings.Replace(graphPage, graphData, string(data), 1))
	return err
}
