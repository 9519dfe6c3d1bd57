package engine_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// readColumn is a column, what is said of it, and texts to begin with.
type readColumn struct {
	kind, directive string
	texts           []string
}

func readColumns() []readColumn {
	numbers := []string{"0", "7", "-12", "+12.50", ".5", "1234567.89", "99999", "-0.00", "12.345", "1e5", "1_000", "0x1F", "infinity", "nan", "000012", "32768", "2147483648",
		"9223372036854775808", "12345678901234567890123456789.0123456789", "１２", "1,234.56"}
	dates := []string{"2025-01-31", "2024-02-29", "2025-02-29", "0001-01-01", "9999-12-31", "0000-01-01", "10000-01-01", "2025", "2025-1-3", "2025-04-03x", "infinity", "1582-10-10"}
	stamps := []string{"2025-01-31 08:00:00", "2025-01-31T08:00:00.5", "2025-03-30 02:30:00", "2025-01-31 24:00:00", "2025-01-31 08:00:00+02:00", "1901-01-01 00:00:00.000001", "2025-01-31"}
	return []readColumn{
		{"smallint", "", numbers}, {"integer", "", numbers}, {"bigint", "", numbers}, {"double", "", append(numbers, "1e400", "-1.5E-3", "5e-324")},
		{"decimal(18, 2)", "", numbers}, {"decimal(38, 10)", "", numbers}, {"decimal(5, 5)", "", append(numbers, "0.12345", "-.1")}, {"decimal(9, 0)", "", numbers},
		{"boolean", "", []string{"true", "T", "yes", "n", "0", "1", "FALSE", "on", "2"}}, {"date", "", dates}, {"timestamp", "", stamps},
		{"varchar", "", []string{" a ", "\ta", "O'Neil", `back\slash`, "ÄÖ", "a,b", "$1", "null", "'", "\u00a0x"}},
		{"decimal(18, 2)", "format %s: 1.234,56 | 1.234,56-", []string{"1.234,56", "1.234,56-", "-12,5", "1234", "12.34,5", "1.2345,00", "0,129"}},
		{"decimal(9, 2)", "format %s: (1,234.56)", []string{"(1,234.56)", "1,234.56", "12", "-12", "(0.01)"}},
		{"decimal(9, 2)", "format %s: $1234.56 | $-1234.56, round", []string{"$12.345", "$-12.345", "$0.005", "12", "$1", "$99999999.999"}},
		{"integer", "format %s: 1,234.5, round", []string{"1,234.5", "-0.5", "1.5", "2.5", "2147483647.5"}},
		{"date", "format %s: %%d.%%m.%%Y | %%d %%b %%y", []string{"31.01.2025", "1.2.2025", "29 Feb 24", "30 FEB 24", "01 jan 69", "01 Jan 68"}},
		{"timestamp", "format %s: %%Y-%%m-%%dT%%H:%%M:%%S.%%f%%z", []string{"2025-01-31T08:00:00.5Z", "2025-01-31T08:00:00.123456+05:30", "2025-01-01T00:30:00.0+0200", "9999-12-31T23:00:00.1-05"}},
		{"timestamp", "format %s: %%m/%%d/%%Y %%I:%%M %%p", []string{"1/31/2025 12:00 AM", "01/31/2025 12:59 pm", "1/31/2025 3:05 PM", "13/1/2025 1:00 AM"}},
		{"date", "read %s: make_date(cast(substr(note, 1, 4) as int), cast(substr(note, 5, 2) as int), cast(substr(note, 7, 2) as int))", nil},
		{"varchar", "null %s: n/a | 0", []string{"n/a", " 0 ", "N/A", "00"}},
	}
}

// textProject is a contract with these columns, c0 and so on, and a model of all.
func textProject(columns []readColumn) fstest.MapFS {
	head := []string{"-- business date: d", "-- key conflict: latest by rank", "-- control: sum(c4) by c11", "-- reject limit: 100 %", "-- private: c11"}
	body := []string{"id varchar not null", "d date not null", "rank integer", "note varchar", "_object varchar not null", "_record bigint not null"}
	names := []string{"id", "d", "rank", "note", "_object", "_record"}
	for i, c := range columns {
		name := fmt.Sprintf("c%d", i)
		if c.directive != "" {
			head = append(head, "-- "+fmt.Sprintf(c.directive, name))
		}
		body, names = append(body, name+" "+c.kind), append(names, name)
	}
	head = append(head, "-- objects: in/*.csv", "-- csv: delimiter ';'", "-- objects: in/*.ndjson")
	body = append(body, "constraint rank_small check (rank < 900)", "constraint note_plain check (note not like '%\\%')", "primary key (id)")
	return fstest.MapFS{
		"sql/contracts/raw_texts.sql": {Data: []byte(strings.Join(head, "\n") + "\ncreate table raw_texts (\n  " + strings.Join(body, ",\n  ") + "\n);\n")},
		"sql/models/texts.sql":        {Data: []byte("-- grain: id\n-- preserves: raw_texts\nselect " + strings.Join(names, ", ") + " from raw_texts\n")},
	}
}

// TestSparkAgreesOnTexts: what Spark makes of texts by their columns' grammars and
// formats is what DuckDB makes of them, value by value and reason by reason; each record
// has one of them.
func TestSparkAgreesOnTexts(t *testing.T) {
	s := findSpark(t)
	inLength(t)
	columns := readColumns()
	b := newBench(t, textProject(columns))
	r := rand.New(rand.NewPCG(20250131, 10))
	names := []string{"id", "d", "rank", "note"}
	for i, c := range columns {
		if c.texts != nil {
			names = append(names, fmt.Sprintf("c%d", i))
		}
	}
	var sent [][]string
	for n := range 12_000 {
		record := make([]string, len(names))
		record[0], record[1], record[2] = fmt.Sprint("k", n), []string{"2025-01-30", "2025-01-31"}[r.IntN(2)], fmt.Sprint(r.IntN(905))
		if r.IntN(4) == 0 { // else empty, as what is read of it
			record[3] = nearly(r, []string{"20250131", "20250229", "x", `a\b`}[r.IntN(4)])
		}
		at := 4 + r.IntN(len(names)-4)
		record[at] = nearly(r, pickText(r, columns, names[at]))
		sent = append(sent, record)
		if r.IntN(20) == 0 { // again, equal or other
			again := slices.Clone(record)
			if r.IntN(2) == 0 {
				again[2] = fmt.Sprint(r.IntN(905))
			}
			sent = append(sent, again)
		}
	}
	r.Shuffle(len(sent), func(i, j int) { sent[i], sent[j] = sent[j], sent[i] })
	half := len(sent) / 2
	b.write("in/a.csv", asCSV(names, sent[:half/2]))
	b.write("in/b.csv", asCSV(names, sent[half/2:half]))
	b.write("in/c.ndjson", asJSON(t, names, sent[half:]))
	agree(t, b, s)
	if read, accepted := sumOf(b.open(false).State(), "raw_texts"); read.Records != int64(len(sent)) || accepted.Records*4 < read.Records {
		t.Errorf("%d records were sent, %d read and %d accepted: the test tests little", len(sent), read.Records, accepted.Records)
	}
}

func pickText(r *rand.Rand, columns []readColumn, name string) string {
	var i int
	_, _ = fmt.Sscanf(name, "c%d", &i)
	texts := columns[i].texts
	return texts[r.IntN(len(texts))]
}

// nearly is the text, or one that is nearly it.
func nearly(r *rand.Rand, text string) string {
	if r.IntN(2) == 0 {
		return text
	}
	alphabet, letters := []rune("0123456789+-.,:TZ eE_x'/($)\u00a0"), []rune(text)
	at, c := r.IntN(len(letters)+1), alphabet[r.IntN(len("0123456789+-.,:TZ eE_x'/($)")+1)]
	switch {
	case at == len(letters) || r.IntN(3) == 0:
		letters = slices.Insert(letters, at, c)
	case r.IntN(2) == 0:
		letters[at] = c
	default:
		letters = slices.Delete(letters, at, at+1)
	}
	return string(letters)
}

func asCSV(names []string, records [][]string) string {
	var b strings.Builder
	b.WriteString(strings.Join(names, ";") + "\n")
	for _, record := range records {
		for i, v := range record {
			if i > 0 {
				b.WriteByte(';')
			}
			if v != "" {
				b.WriteString(`"` + strings.ReplaceAll(v, `"`, `""`) + `"`)
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func asJSON(t *testing.T, names []string, records [][]string) string {
	t.Helper()
	var b strings.Builder
	for _, record := range records {
		one := map[string]string{}
		for i, v := range record {
			if v != "" {
				one[names[i]] = v
			}
		}
		line, err := json.Marshal(one)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(append(line, '\n'))
	}
	return b.String()
}

// TestSparkAgreesWhereACheckRaises: a CHECK that raises fails its record and no other,
// which Spark does not tell: DuckDB reads such objects.
func TestSparkAgreesWhereACheckRaises(t *testing.T) {
	s := findSpark(t)
	inLength(t)
	b := newBench(t, fstest.MapFS{
		"sql/contracts/raw_notes.sql": {Data: []byte("-- business date: d\n-- reject limit: 90 %\n-- private: secret\n-- objects: *.csv\ncreate table raw_notes (\n" +
			"  id integer not null,\n  d date not null,\n  note varchar,\n  secret varchar,\n  constraint note_counts check (cast(note as integer) > 0),\n  primary key (id)\n);\n")},
		"sql/models/notes.sql": {Data: []byte("-- grain: id\nselect id, d, cast(note as integer) as n from raw_notes\n")},
	})
	b.write("a.csv", "id,d,note,secret\n1,2025-01-31,5,s\n2,2025-01-31,x,s\n3,2025-01-31,-1,s\n4,2025-01-31,,s\n5,2025-01-31,7,s\n5,2025-01-31,8,s\n")
	b.write("b.csv", "id,d,note,secret\n6,2025-01-31,9,s\n7,2025-02-30,1,s\n")
	agree(t, b, s)
}
