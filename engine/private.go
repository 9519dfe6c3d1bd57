package engine

import (
	"regexp"
	"slices"

	"ledgermill/engine/job"
)

// quotedValue is how DuckDB's messages show the value that they are about.
var quotedValue = regexp.MustCompile(`'(?:[^']|'')*'|"(?:[^"]|"")*"`)

// private are the columns that a contract of the project calls private.
func (m *Mill) private() []string {
	var names []string
	for _, name := range sortedKeys(m.Project.Contracts) {
		names = append(names, m.Project.Contracts[name].Private...)
	}
	return names
}

// discreet is a message of the engine without the values in it, where a column of
// the project is private: which column a value is of, the message does not say.
func (m *Mill) discreet(message string) string {
	if len(m.private()) == 0 {
		return message
	}
	return quotedValue.ReplaceAllString(message, "'***'")
}

// privateIn are the columns in the result of a test that show what is private.
func (m *Mill) privateIn(t job.TestResult) []string {
	names := m.private()
	if m.Lineage == nil {
		return names
	}
	// A test of a model shows columns of the dataset, a data test those of its own.
	return slices.Concat(names, m.Lineage.Private(t.Dataset), m.Lineage.Private(t.Test))
}

// masked are test results whose examples hide private columns.
func (m *Mill) masked(results []job.TestResult) []job.TestResult {
	for _, r := range results {
		private := m.privateIn(r)
		for i, name := range r.Columns {
			if !slices.Contains(private, name) {
				continue
			}
			for _, row := range r.Examples {
				row[i] = "***"
			}
		}
	}
	return results
}
