package lineage

import "time"

// The version of OpenLineage's specification that is written.
const (
	specURL   = "https://openlineage.io/spec/2-0-2/OpenLineage.json"
	facetsURL = "https://openlineage.io/spec/facets/"
)

// The types of run events.
const (
	Start    = "START"
	Complete = "COMPLETE"
	Fail     = "FAIL"
)

// Event is a run event of OpenLineage, or a job event where Run is nil.
type Event struct {
	EventType string        `json:"eventType,omitempty"`
	EventTime time.Time     `json:"eventTime"`
	Producer  string        `json:"producer"`
	SchemaURL string        `json:"schemaURL"`
	Run       *RunRef       `json:"run,omitempty"`
	Job       Job           `json:"job"`
	Inputs    []EventInput  `json:"inputs"`
	Outputs   []EventOutput `json:"outputs"`
}

// RunRef names a run by a UUID.
type RunRef struct {
	RunID  string     `json:"runId"`
	Facets *RunFacets `json:"facets,omitempty"`
}

// RunFacets say of a run what it is part of, what ran it, and why it failed.
type RunFacets struct {
	Parent       *ParentFacet  `json:"parent,omitempty"`
	Engine       *EngineFacet  `json:"processing_engine,omitempty"`
	ErrorMessage *MessageFacet `json:"errorMessage,omitempty"`
	Nominal      *NominalFacet `json:"nominalTime,omitempty"`
}

// Facet heads every facet.
type Facet struct {
	Producer  string `json:"_producer"`
	SchemaURL string `json:"_schemaURL"`
}

// ParentFacet names the run that a run is part of.
type ParentFacet struct {
	Facet
	Run RunRef `json:"run"`
	Job Job    `json:"job"`
}

// EngineFacet names what made the rows.
type EngineFacet struct {
	Facet
	Version string `json:"version"`
	Name    string `json:"name"`
}

// MessageFacet says why a run failed.
type MessageFacet struct {
	Facet
	Message  string `json:"message"`
	Language string `json:"programmingLanguage"`
}

// NominalFacet are the business dates that a run made: the first, and the end of the last.
type NominalFacet struct {
	Facet
	From time.Time `json:"nominalStartTime"`
	To   time.Time `json:"nominalEndTime"`
}

// Job names what runs.
type Job struct {
	Namespace string     `json:"namespace"`
	Name      string     `json:"name"`
	Facets    *JobFacets `json:"facets,omitempty"`
}

// JobFacets say what a job is, and its statement.
type JobFacets struct {
	Type *JobTypeFacet `json:"jobType,omitempty"`
	SQL  *SQLFacet     `json:"sql,omitempty"`
}

// JobTypeFacet says what kind of job it is.
type JobTypeFacet struct {
	Facet
	Processing  string `json:"processingType"`
	Integration string `json:"integration"`
	Type        string `json:"jobType"`
}

// SQLFacet is the statement of a job.
type SQLFacet struct {
	Facet
	Query   string `json:"query"`
	Dialect string `json:"dialect"`
}

// EventInput is a dataset that a run reads, and what its tests said of it.
type EventInput struct {
	EventDataset
	InputFacets *InputFacets `json:"inputFacets,omitempty"`
}

// EventOutput is a dataset that a run makes.
type EventOutput struct {
	EventDataset
	OutputFacets *OutputFacets `json:"outputFacets,omitempty"`
}

// EventDataset names a dataset by its place.
type EventDataset struct {
	Namespace string         `json:"namespace"`
	Name      string         `json:"name"`
	Facets    *DatasetFacets `json:"facets,omitempty"`
}

// DatasetFacets say what a dataset holds, and where its columns come from.
type DatasetFacets struct {
	Schema        *SchemaFacet        `json:"schema,omitempty"`
	ColumnLineage *ColumnLineageFacet `json:"columnLineage,omitempty"`
	Documentation *DocumentationFacet `json:"documentation,omitempty"`
}

// SchemaFacet lists the columns.
type SchemaFacet struct {
	Facet
	Fields []SchemaField `json:"fields"`
}

// SchemaField is one column.
type SchemaField struct {
	Name        string `json:"name"`
	Type        string `json:"type,omitempty"`
	Description string `json:"description,omitempty"`
}

// ColumnLineageFacet says where columns come from; Dataset what decides about rows.
type ColumnLineageFacet struct {
	Facet
	Fields  map[string]FieldLineage `json:"fields"`
	Dataset []InputField            `json:"dataset,omitempty"`
}

// FieldLineage are the sources of a column.
type FieldLineage struct {
	InputFields []InputField `json:"inputFields"`
}

// InputField is a source, and in which ways it is one.
type InputField struct {
	Namespace       string           `json:"namespace"`
	Name            string           `json:"name"`
	Field           string           `json:"field"`
	Transformations []FieldTransform `json:"transformations"`
}

// FieldTransform is a way in which a column makes another one.
type FieldTransform struct {
	Type    string `json:"type"`
	Subtype string `json:"subtype"`
	Masking bool   `json:"masking"`
}

// DocumentationFacet says what a dataset means.
type DocumentationFacet struct {
	Facet
	Description string `json:"description"`
}

// InputFacets are what was found of a dataset that was read.
type InputFacets struct {
	Assertions *AssertionsFacet `json:"dataQualityAssertions,omitempty"`
}

// AssertionsFacet are the results of tests.
type AssertionsFacet struct {
	Facet
	Assertions []Assertion `json:"assertions"`
}

// Assertion is what a test found.
type Assertion struct {
	Assertion string `json:"assertion"` // the kind of test: not_null, unique, row_count
	Success   bool   `json:"success"`
	Name      string `json:"name"`
	Column    string `json:"column,omitempty"`
	Severity  string `json:"severity,omitempty"` // error or warn
	Actual    string `json:"actual,omitempty"`   // failing rows
}

// OutputFacets are what was written.
type OutputFacets struct {
	Statistics *StatisticsFacet `json:"outputStatistics,omitempty"`
}

// StatisticsFacet counts what was written.
type StatisticsFacet struct {
	Facet
	Rows  int64 `json:"rowCount"`
	Size  int64 `json:"size"` // bytes
	Files int64 `json:"fileCount"`
}
