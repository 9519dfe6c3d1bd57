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

// TestCorrectedAlike gives corrected records to no section that reads them with other
// values than the one that they came from.
func TestCorrectedAlike(t *testing.T) {
	t.Parallel()
	const optional = "-- optional: currency\n"
	const acquirer = "-- objects: acquirer/*.txt\n-- csv: encoding latin-1\n"
	const own, mixed, stranger = "try: give corrected objects a section of their own", "try: --object KEY: ", "try: give the section in raw_x.sql that has read gone/1.csv a pattern"
	for name, test := range map[string]struct{ sections, keys, want string }{
		"another constant": {acquirer + "-- constant currency: EUR\n-- objects: tills/*.csv\n-- constant currency: GBP", "acquirer/1.txt",
			"of `objects: tills/*.csv`: they do not read currency as `objects: acquirer/*.txt` do\n" + own},
		"both are told": {acquirer + "-- constant currency: EUR\n-- objects: tills/*.csv\n-- constant currency: GBP", "acquirer/1.txt",
			"no objects of raw_x take this CSV; of `objects: acquirer/*.txt`: they are not UTF-8 of lines; of `objects: tills/*.csv`: "},
		"a constant that is none": {optional + acquirer + "-- constant currency: EUR\n-- objects: tills/*.csv", "acquirer/1.txt", "do not read currency"},
		"another format":          {optional + acquirer + "-- format amount: 1.234,56\n-- objects: tills/*.csv", "acquirer/1.txt", "do not read amount"},
		"another null":            {optional + acquirer + "-- objects: tills/*.csv\n-- null: 0", "acquirer/1.txt", "do not read id"},
		"another alias":           {optional + acquirer + "-- alias currency: rest\n-- objects: tills/*.csv", "acquirer/1.txt", "do not read currency"},
		"a read that is none":     {"-- read currency: substr(rest, 1, 3)\n" + acquirer + "-- objects: tills/*.csv\n-- constant currency: GBP", "acquirer/1.txt", "do not read currency"},
		"a key that is none":      {optional + "-- objects: acquirer/<currency>.txt\n-- csv: encoding latin-1\n-- objects: tills/*.csv", "acquirer/1.txt", "do not read currency"},
		"all the same": {"-- read currency: substr(rest, 1, 3)\n" + acquirer + "-- null: - | 0\n-- format amount: 1.234,56\n-- objects: tills/*.csv\n-- constant currency: GBP\n-- objects: corrected/*.csv\n-- format amount: 1.234,56\n-- null: 0 | -",
			"acquirer/1.txt", "into corrected/*.csv"},
		"keys of both": {"-- objects: acquirer/<currency>.txt\n-- csv: encoding latin-1\n-- objects: corrected/<currency>.csv", "acquirer/1.txt", "into corrected/<currency>.csv"},
		"what the header lacks": {optional + acquirer + "-- null currency: x\n-- objects: corrected/*.csv",
			"acquirer/1.txt", "into corrected/*.csv"},
		"two senders": {"-- objects: shops/*.csv\n-- constant currency: EUR\n-- objects: tills/*.csv\n-- constant currency: GBP", "shops/1.csv tills/1.csv",
			"of `objects: tills/*.csv`: they do not read currency as `objects: shops/*.csv` do\n" + mixed},
		"two senders alike": {"-- objects: shops/*.csv\n-- constant currency: EUR\n-- objects: tills/*.csv\n-- constant currency: EUR", "shops/1.csv tills/1.csv", "into shops/*.csv"},
		"of no section": {"-- objects: shops/*.csv\n-- constant currency: EUR\n-- objects: tills/*.csv\n-- constant currency: GBP", "gone/1.csv",
			"of `objects: tills/*.csv`: they do not read currency as `objects: shops/*.csv` do\n" + stranger},
		"of no section, alike": {"-- objects: shops/*.csv\n-- constant currency: EUR", "gone/1.csv", "into shops/*.csv"},
	} {
		c := mustParse(t, test.sections+"\ncreate table raw_x (id varchar, amount decimal(18, 2), currency varchar, sent date);")
		s, err := c.Corrected(strings.Fields(test.keys), []string{"_reject_id", "_reject_reasons", "id", "amount", "rest", "sent", "_reject_text"})
		got := "into " + s.Objects
		if err != nil {
			got = err.Error() + "\ntry: " + err.(*contract.CorrectedError).Try()
		}
		if !strings.Contains(got, test.want) {
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
