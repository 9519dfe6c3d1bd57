package lineage

import (
	"strings"
	"time"
)

// Run is a run of a project as its events tell of it.
type Run struct {
	*Writer
	ID      string // of the run
	Started time.Time
	Engine  string // name and version of what makes the rows: duckdb 1.5.5
}

// Outcome is what became of a dataset, of a load, or of a whole run.
type Outcome struct {
	SQL     string // the statement; "" for none
	Rows    int64
	Bytes   int64
	Files   int64
	Failure string // why it failed; "": it did not
	Tests   []Assertion

	From, To time.Time // business dates: the first, and the end of the last; zero where there are none
}

func (r *Run) ref(job string) *RunRef {
	return &RunRef{RunID: runID(r.Namespace, r.Project, r.Lake.Namespace, r.Lake.Prefix, r.ID, job)}
}

func (r *Run) engine() *EngineFacet {
	name, version, _ := strings.Cut(r.Engine, " ")
	return &EngineFacet{r.facet("ProcessingEngineRunFacet", "1-1-1"), version, name}
}

func (r *Run) whole() Job { return r.job("RUN", "run", "") }

// part is an event of a job that is part of the run.
func (r *Run) part(kind string, at time.Time, j Job) Event {
	e := r.event(kind, at, j)
	e.Run = r.ref(j.Name)
	whole := r.whole()
	parent := &ParentFacet{Facet: r.facet("ParentRunFacet", "1-2-0"), Run: *r.ref(whole.Name), Job: Job{Namespace: whole.Namespace, Name: whole.Name}}
	e.Run.Facets = &RunFacets{Parent: parent, Engine: r.engine()}
	return e
}

// Begin is the START of the run.
func (r *Run) Begin() Event {
	e := r.event(Start, r.Started, r.whole())
	e.Run = r.ref(e.Job.Name)
	return e
}

// End is the COMPLETE or FAIL of the run.
func (r *Run) End(at time.Time, o Outcome) Event {
	e := r.event(Complete, at, r.whole())
	e.Run = r.ref(e.Job.Name)
	e.Run.Facets = &RunFacets{Engine: r.engine()}
	r.finish(&e, o)
	return e
}

func (r *Run) finish(e *Event, o Outcome) {
	if o.Failure != "" {
		e.EventType = Fail
		e.Run.Facets.ErrorMessage = &MessageFacet{r.facet("ErrorMessageRunFacet", "1-0-1"), o.Failure, "SQL"}
	}
	if !o.From.IsZero() {
		e.Run.Facets.Nominal = &NominalFacet{r.facet("NominalTimeRunFacet", "1-0-1"), o.From, o.To}
	}
}

// BeginDataset is the START of what makes a dataset or loads a table.
func (r *Run) BeginDataset(dataset, sql string, at time.Time) Event {
	e := r.part(Start, at, r.making(dataset, sql))
	r.inputs(&e, dataset)
	return e
}

// EndDataset is its COMPLETE or FAIL, with the schema, the lineage of the columns and
// how much was made.
func (r *Run) EndDataset(dataset string, at time.Time, o Outcome) Event {
	e := r.part(Complete, at, r.making(dataset, o.SQL))
	r.inputs(&e, dataset)
	out := EventOutput{EventDataset: r.described(dataset, true)}
	out.OutputFacets = &OutputFacets{Statistics: &StatisticsFacet{r.facet("OutputStatisticsOutputDatasetFacet", "1-0-2"), o.Rows, o.Bytes, o.Files}}
	e.Outputs = append(e.Outputs, out)
	r.finish(&e, o)
	return e
}

func (r *Run) inputs(e *Event, dataset string) {
	d := r.Graph.Dataset(dataset)
	if d == nil {
		return
	}
	for _, input := range d.Inputs {
		e.Inputs = append(e.Inputs, EventInput{EventDataset: r.described(input, false)})
	}
}

// Tests are the START and the COMPLETE or FAIL of the tests of a dataset, which is
// their input.
func (r *Run) Tests(dataset string, at time.Time, o Outcome) []Event {
	j := r.job("TEST", "test."+dataset, "")
	begin, end := r.part(Start, at, j), r.part(Complete, at, j)
	begin.Inputs = append(begin.Inputs, EventInput{EventDataset: r.Ref(dataset)})
	tested := EventInput{EventDataset: r.described(dataset, false)}
	tested.InputFacets = &InputFacets{Assertions: &AssertionsFacet{r.facet("DataQualityAssertionsDatasetFacet", "1-1-0"), o.Tests}}
	end.Inputs = append(end.Inputs, tested)
	r.finish(&end, o)
	return []Event{begin, end}
}
