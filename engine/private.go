package engine

import (
	"regexp"
	"slices"
	"strings"

	"ledgermill/engine/job"
)

// quoted is a name or a value in quotes, where the mill or DuckDB's binder quotes it.
var quoted = regexp.MustCompile(`'(?:[^']|'')*'|"(?:[^"]|"")*"`)

// place is what the mill says before an engine's words: of which model or test they are.
var place = regexp.MustCompile(`^[^'"]*?(?:\b(?:model|data test) \S+ of \S+: (?:spark: )?|\bspark: )`)

// kind is how DuckDB says before its words what kind of an error it is.
var kind = regexp.MustCompile(`^[^'"]*?\b([A-Z][A-Za-z]*(?: (?:[A-Z]|of |by |type |implemented )[A-Za-z]*){0,3}) Error: `)

// harmless kinds of errors are of a statement or of the machine. Their words hold names,
// and no value of a row.
var harmless = regexp.MustCompile(`^(?:Binder|Catalog|Parser|Syntax|IO|HTTP|Out of Memory|INTERRUPT|Permission|Connection|Missing Extension|Settings|Invalid Configuration)$`)

// harmlessWords are those of the binder without their kind, and the mill's own.
var harmlessWords = regexp.MustCompile(`^(?:Referenced |Ambiguous reference |Table with name |No function matches |Scalar Function with |Candidate |syntax error ` +
	`|contract \S+ has not been |unit \S+ of contract |dataset \S+ is no model |\d+ rows have a [^'"]+ outside the unit$|\d+ columns came of |verify \S+: \d+ rows were )`)

// sparkClass is what Spark puts before its words.
var sparkClass = regexp.MustCompile(`^\[[A-Z0-9_.]+\] `)

// valueSign is where an engine's words may begin to tell a value. DuckDB does not double
// the quotes in a value, puts none round a number, and repeats some on a line of their own:
// where a value ends cannot be told.
var valueSign = regexp.MustCompile("\n|: |\\bwith value |[-+]?\\b\\d|[(\\[{<]|\\S*['\"`«»„“”]")

// target is the type that a value was to become, in the words that DuckDB and Spark have
// for types and in no other.
var target = regexp.MustCompile(`\b(?:to|type) "?((?:U?(?:TINY|SMALL|BIG|HUGE)?INT(?:EGER|8|16|32|64|128)?|BOOL(?:EAN)?|FLOAT|DOUBLE|DECIMAL\(\d\d?, ?\d\d?\)|VARCHAR|STRING|BLOB|BIT|` +
	`DATE|TIME|TIMESTAMP(?:_S|_MS|_NS)?(?: WITH TIME ZONE)?|INTERVAL|UUID|STRUCT|MAP)(?:\[\])?)`)

// source is what DuckDB says before the column that a value was cast from.
const source = " when casting from source column "

// private are the columns that a contract of the project calls private.
func (m *Mill) private() []string {
	var names []string
	for _, name := range sortedKeys(m.Project.Contracts) {
		names = append(names, m.Project.Contracts[name].Private...)
	}
	return names
}

// discreet is a message of the engine without the values in it, where a column of the
// project is private: which column a value is of, the message does not always say. What is
// left are the place, the kind of the error, and the types and the column that it names.
func (m *Mill) discreet(message string) string {
	if len(m.private()) == 0 {
		return message
	}
	said := message
	own := place.FindString(said)
	said = said[len(own):]
	if k := kind.FindStringSubmatch(said); k != nil {
		if harmless.MatchString(k[1]) {
			return quoted.ReplaceAllString(message, "'***'")
		}
		own, said = own+k[0], said[len(k[0]):]
	}
	if own == "" {
		return quoted.ReplaceAllString(message, "'***'") // the mill's own
	}
	return own + m.valueless(said)
}

// valueless are an engine's words up to where they could tell a value.
func (m *Mill) valueless(said string) string {
	if harmlessWords.MatchString(said) {
		return quoted.ReplaceAllString(said, "'***'")
	}
	class := sparkClass.FindString(said)
	said = said[len(class):]
	at := valueSign.FindStringIndex(said)
	switch {
	case at == nil:
		return class + said
	case said[at[0]] == '\n':
		return class + said[:at[0]]
	}
	left := said[:at[0]]
	if sign := said[at[0]:at[1]]; sign == ": " || sign == "with value " {
		left += sign
	}
	if left != "" && !strings.HasSuffix(left, " ") {
		left += " "
	}
	left += "'***'"
	if types := target.FindAllStringSubmatch(said[at[0]:], -1); types != nil {
		left += " to " + types[len(types)-1][1]
	}
	// A value could hold such words too: the last ones are the engine's.
	line, _, _ := strings.Cut(said[strings.LastIndex(said, source)+1:], "\n")
	if column, ok := strings.CutPrefix(line, source[1:]); ok && m.isColumn(column) {
		left += source + column
	}
	return class + left
}

// isColumn reports whether a dataset of the project has a column of that name.
func (m *Mill) isColumn(name string) bool {
	for _, c := range m.Project.Contracts {
		if slices.Contains(c.Names(), name) {
			return true
		}
	}
	for _, one := range m.Project.Models {
		if slices.Contains(one.Names(), name) {
			return true
		}
	}
	return false
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
