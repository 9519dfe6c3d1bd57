package lineage

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"path"
	"strings"
	"time"
)

// Place is where datasets lie, by OpenLineage's naming: s3://bucket and a prefix,
// file and a directory, postgres://host:port and database.schema.
type Place struct {
	Namespace string
	Prefix    string
	joint     string
}

// StorePlace is that of a directory or bucket, by its URL.
func StorePlace(store string) Place {
	u, err := url.Parse(store)
	if err != nil || u.Scheme == "" || u.Scheme == "file" {
		if err == nil && u.Scheme == "file" {
			store = u.Path
		}
		return Place{Namespace: "file", Prefix: store, joint: "/"}
	}
	return Place{Namespace: u.Scheme + "://" + u.Host, Prefix: strings.Trim(u.Path, "/"), joint: "/"}
}

// DatabasePlace is that of the warehouse, by its URL, of which no password is kept.
func DatabasePlace(server string) Place {
	u, err := url.Parse(server)
	if err != nil || u.Hostname() == "" {
		return Place{Namespace: "postgres://localhost", Prefix: "public", joint: "."}
	}
	port := u.Port()
	if port == "" {
		port = "5432"
	}
	return Place{Namespace: "postgres://" + u.Hostname() + ":" + port, Prefix: strings.Trim(u.Path, "/") + ".public", joint: "."}
}

func (p Place) name(of string) string {
	if p.Prefix == "" {
		return of
	}
	if p.joint == "." {
		return p.Prefix + "." + of
	}
	return path.Join(p.Prefix, of)
}

// Writer makes events about one project.
type Writer struct {
	Graph     *Graph
	Namespace string // of jobs
	Project   string // heads the names of jobs
	Version   string // of this program
	Raw       Place
	Lake      Place
	Warehouse Place
}

func (w *Writer) producer() string {
	return "urn:ledgermill:" + w.Version
}

func (w *Writer) facet(name, version string) Facet {
	return Facet{Producer: w.producer(), SchemaURL: facetsURL + version + "/" + name + ".json#/$defs/" + name}
}

// event is an event of a type about a job; "" is one about the job itself, of no run.
func (w *Writer) event(kind string, at time.Time, job Job) Event {
	schema := specURL + "#/$defs/RunEvent"
	if kind == "" {
		schema = specURL + "#/$defs/JobEvent"
	}
	return Event{EventType: kind, EventTime: at.UTC(), Producer: w.producer(), SchemaURL: schema, Job: job, Inputs: []EventInput{}, Outputs: []EventOutput{}}
}

// job names one of the project's jobs; the last name is "" for the run itself.
func (w *Writer) job(kind, name, sql string) Job {
	j := Job{Namespace: w.Namespace, Name: w.Project + "." + name,
		Facets: &JobFacets{Type: &JobTypeFacet{w.facet("JobTypeJobFacet", "2-0-4"), "BATCH", "LEDGERMILL", kind}}}
	if sql != "" {
		j.Facets.SQL = &SQLFacet{w.facet("SQLJobFacet", "1-1-0"), sql, "duckdb"}
	}
	return j
}

// Ref names a dataset of the graph by its place.
func (w *Writer) Ref(dataset string) EventDataset {
	at := w.Lake
	switch d := w.Graph.Dataset(dataset); {
	case d == nil:
	case d.Kind == Contract, d.Kind == Sent:
		at = w.Raw
	case d.Kind == Table:
		at = w.Warehouse
	}
	return EventDataset{Namespace: at.Namespace, Name: at.name(plain(dataset))}
}

// described names a dataset with what it holds, and with lineage what its columns
// come from.
func (w *Writer) described(dataset string, lineage bool) EventDataset {
	e := w.Ref(dataset)
	d := w.Graph.Dataset(dataset)
	if d == nil {
		return e
	}
	e.Facets = &DatasetFacets{Schema: &SchemaFacet{Facet: w.facet("SchemaDatasetFacet", "1-2-0"), Fields: []SchemaField{}}}
	for _, c := range d.Columns {
		e.Facets.Schema.Fields = append(e.Facets.Schema.Fields, SchemaField{c.Name, c.Type, c.About})
	}
	if d.About != "" {
		e.Facets.Documentation = &DocumentationFacet{w.facet("DocumentationDatasetFacet", "1-1-0"), d.About}
	}
	if lineage && d.Unclear == "" {
		e.Facets.ColumnLineage = w.columns(d)
	}
	return e
}

func (w *Writer) columns(d *Dataset) *ColumnLineageFacet {
	f := &ColumnLineageFacet{Facet: w.facet("ColumnLineageDatasetFacet", "1-2-0"), Fields: map[string]FieldLineage{}, Dataset: w.fields(d.Rows)}
	for _, c := range d.Columns {
		f.Fields[c.Name] = FieldLineage{InputFields: w.fields(c.From)}
	}
	return f
}

// fields groups sources by their column.
func (w *Writer) fields(sources []Source) []InputField {
	all := []InputField{}
	at := map[Column]int{}
	for _, s := range sources {
		i, known := at[s.Column]
		if !known {
			i = len(all)
			at[s.Column] = i
			ref := w.Ref(s.Dataset)
			all = append(all, InputField{Namespace: ref.Namespace, Name: ref.Name, Field: s.Column.Column})
		}
		all[i].Transformations = append(all[i].Transformations, s.How.transform())
	}
	return all
}

// transform is the way in OpenLineage's words.
func (h How) transform() FieldTransform {
	kind := "INDIRECT"
	if h.Direct() {
		kind = "DIRECT"
	}
	words := [...]string{"", "IDENTITY", "TRANSFORMATION", "AGGREGATION", "CONDITIONAL", "WINDOW", "FILTER", "JOIN", "GROUP_BY", "SORT"}
	return FieldTransform{Type: kind, Subtype: words[h]}
}

// Jobs are events about the project's jobs themselves, without a run: what each
// model and each table of the warehouse is made from.
func (w *Writer) Jobs(of *Graph, at time.Time) []Event {
	events := []Event{}
	for _, d := range of.Datasets {
		if d.Kind != Model && d.Kind != Table {
			continue
		}
		e := w.event("", at, w.making(d.Name, ""))
		for _, input := range d.Inputs {
			e.Inputs = append(e.Inputs, EventInput{EventDataset: w.described(input, false)})
		}
		e.Outputs = append(e.Outputs, EventOutput{EventDataset: w.described(d.Name, true)})
		events = append(events, e)
	}
	return events
}

// making is the job that makes a dataset or loads a table.
func (w *Writer) making(dataset, sql string) Job {
	if d := w.Graph.Dataset(dataset); d != nil && d.Kind == Table {
		return w.job("LOAD", "load."+plain(dataset), sql)
	}
	return w.job("MODEL", dataset, sql)
}

// runID is a UUID made of names: the same names give the same.
func runID(names ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(names, "\x00")))
	sum[6], sum[8] = sum[6]&0x0f|0x80, sum[8]&0x3f|0x80 // version 8: made in a way of one's own
	h := hex.EncodeToString(sum[:16])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
