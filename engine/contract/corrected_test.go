package contract_test

import (
	"strings"
	"testing"

	"ledgermill/engine/contract"
)

// TestCorrected finds the section that takes corrected records of an object, and says
// why none does.
func TestCorrected(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ header, want string }{
		"plain":              {"-- objects: a/*.csv", "a/*.csv"},
		"semicolons":         {"-- objects: a/*.csv\n-- csv: delimiter ';', quote ''''", "a/*.csv"},
		"a header below":     {"-- objects: a/*.csv\n-- csv: header within 5", "a/*.csv"},
		"not its own":        {"-- objects: b/*.csv\n-- objects: a/*.csv", "a/*.csv"},
		"another":            {"-- objects: a/*.csv\n-- last record: 'T', count(*)\n-- objects: b/*.csv", "b/*.csv"},
		"another's header":   {"-- objects: a/*.csv\n-- last record: 'T', count(*)\n-- alias no: id\n-- objects: b/*.csv", "they have a last record"},
		"last record":        {"-- objects: a/*.csv\n-- last record: 'T', count(*)", "they have a last record"},
		"first record":       {"-- objects: a/*.csv\n-- first record: 'H', _", "they have a first record"},
		"no header":          {"-- objects: a/*.csv\n-- csv: header none", "they have no header"},
		"no quote":           {"-- objects: a/*.csv\n-- csv: quote none", "cannot be quoted"},
		"an escape":          {"-- objects: a/*.csv\n-- csv: escape '\\'", "cannot be quoted"},
		"no delimiter":       {"-- objects: a/*.csv\n-- csv: delimiter none", "cannot be quoted"},
		"an encoding":        {"-- objects: a/*.csv\n-- csv: encoding latin-1", "they are not UTF-8"},
		"carriage returns":   {"-- objects: a/*.csv\n-- csv: newline '\\r'", "they are not UTF-8"},
		"json":               {"-- objects: a/*.{ndjson,parquet}", "they are no text"},
		"a column of its":    {"-- objects: a/<no>.csv", "a/<no>.csv"},
		"two of one":         {"-- alias no: nr\n-- objects: a/*.csv", "2 columns for no"},
		"two of one, remedy": {"-- alias no: nr\n-- objects: a/*.csv", "try: --object KEY or --reason CODE"},
		"remedy":             {"-- objects: a/*.ndjson", "try: give corrected objects a section of their own in raw_x.sql"},
	} {
		c := mustParse(t, "-- optional: sum\n"+test.header+"\ncreate table raw_x (no varchar, sum bigint);")
		header := []string{"_reject_id", "_reject_reasons", "No", "_reject_text"}
		switch name {
		case "another's header":
			header[2] = "id"
		case "two of one", "two of one, remedy":
			header = append(header, "NR")
		case "a column of its":
			header[2] = "sum"
		}
		s, err := c.Corrected([]string{"a/1.csv"}, header)
		got := s.Objects
		if err != nil {
			got = err.Error() + "\ntry: " + err.(*contract.CorrectedError).Try()
		}
		if !strings.Contains(got, test.want) || (err == nil) != (got == test.want) {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

// TestShowsPrivate tells the header texts of private columns in any section.
func TestShowsPrivate(t *testing.T) {
	t.Parallel()
	c := mustParse(t, "-- private: name, city\n-- read city: substr(address, 1, 4)\n-- objects: a/*.csv\n-- alias name: Nom\n-- objects: b/*.csv\n-- alias note: Remark\ncreate table raw_x (name varchar, city varchar, note varchar);")
	for header, want := range map[string]bool{"Name": true, "NOM": true, "city": true, "Address": true, "note": false, "Remark": false, "": false} {
		if got := c.ShowsPrivate(header); got != want {
			t.Errorf("%q: %t", header, got)
		}
	}
}
