package contract_test

import (
	"database/sql"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine/contract"
	"ledgermill/engine/duckdb"
	"ledgermill/engine/sqltext"
)

// block is a fenced block of the handbook.
type block struct {
	info string // "sql", "sql fault", "csv <key>", "text"
	text string
	line int
}

var (
	fence     = regexp.MustCompile("(?ms)^```(\\S[^\n]*)\n(.*?)^```$")
	tableName = regexp.MustCompile(`(?m)^create (?:or replace )?table (raw_[a-z0-9_]+)`)
)

func blocks(t *testing.T, path string) []block {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []block
	for _, at := range fence.FindAllStringSubmatchIndex(string(data), -1) {
		all = append(all, block{info: string(data[at[2]:at[3]]), text: string(data[at[4]:at[5]]), line: 1 + strings.Count(string(data[:at[0]]), "\n")})
	}
	return all
}

// TestDocs runs docs/contracts.md: contracts parse or give the faults below them, and
// print what reads back equal; records of the objects under a contract come out as shown.
func TestDocs(t *testing.T) {
	t.Parallel()
	all := blocks(t, "../../docs/contracts.md")
	db := openDuck(t)
	var current *contract.Contract
	counts := map[string]int{}
	for i, b := range all {
		kind, key, _ := strings.Cut(b.info, " ")
		counts[b.info[:3]]++
		got := ""
		switch {
		case b.info == "text", kind == "json", kind == "parquet":
			continue // objects that are no CSV are run by the engine's own test
		case kind == "sql":
			name := tableName.FindStringSubmatch(b.text)
			if name == nil {
				t.Fatalf("line %d: no table", b.line)
			}
			c, err := parse(t, name[1]+".sql", b.text)
			if current = c; key == "" {
				if err != nil {
					t.Fatalf("line %d: %v", b.line, err)
				}
				again(t, c)
				continue
			}
			got = faultText(t, err)
		case kind == "csv":
			got = readObject(t, db, current, key, b.text)
		default:
			t.Fatalf("line %d: a block of %s", b.line, b.info)
		}
		if i+1 == len(all) || all[i+1].info != "text" {
			t.Fatalf("line %d: nothing is said of what comes of it", b.line)
		}
		if diff := cmp.Diff(all[i+1].text, got); diff != "" {
			t.Errorf("line %d (-want +got):\n%s", b.line, diff)
		}
	}
	if counts["sql"] < 12 || counts["csv"] < 12 {
		t.Errorf("too few blocks: %v", counts)
	}
}

// TestThreeSenders holds the example of three spreadsheets to its length.
func TestThreeSenders(t *testing.T) {
	t.Parallel()
	for _, b := range blocks(t, "../../docs/contracts.md") {
		if strings.Contains(b.text, "three branches") {
			if n := strings.Count(b.text, "\n"); n >= 40 {
				t.Errorf("%d lines", n)
			}
			return
		}
	}
	t.Error("no example of three senders")
}

// readObject is a small mill: it reads an object as the contract says and prints what
// comes of each record.
func readObject(t *testing.T, db *sql.DB, c *contract.Contract, key, text string) string {
	t.Helper()
	i, fills, ok := c.SectionOf(key)
	if !ok {
		t.Fatalf("%s is no object of %s", key, c.Name)
	}
	s := c.Sections[i]
	records, trailers := cutObject(t, s, text), ""
	if s.First != nil {
		more, err := c.FrameFills(s.First, records[0])
		if err != nil || !s.First.Recognises(records[0]) {
			t.Fatalf("%s: %q, %v", key, records[0], err)
		}
		for name, text := range more {
			fills[name] = text
		}
		records = records[1:]
	}
	for s.Last != nil && s.Last.Recognises(records[len(records)-1]) {
		trailers = trailerText(t, c, s, records[len(records)-1]) + trailers
		records = records[:len(records)-1]
	}
	at, m, err := c.FindHeader(s, records)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, record := range records[at+1:] {
		b.WriteString(readRecord(t, db, c, s, m, fills, key, record) + "\n")
	}
	return b.String() + trailers
}

func cutObject(t *testing.T, s contract.Section, text string) [][]string {
	t.Helper()
	r := csv.NewReader(strings.NewReader(text))
	r.Comma, r.FieldsPerRecord, r.LazyQuotes = rune(s.CSV.Delimiter[0]), -1, s.CSV.Quote == ""
	var records [][]string
	for {
		record, err := r.Read()
		if err == io.EOF {
			return records
		}
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, slices.Clone(record))
	}
}

func trailerText(t *testing.T, c *contract.Contract, s contract.Section, record []string) string {
	t.Helper()
	all, err := c.FrameTotals(s, s.Last, record)
	if err != nil || len(all) != 1 {
		t.Fatalf("%q: %v, %v", record, all, err)
	}
	return fmt.Sprintf("trailer: %s %d records, sum(amount) %s\n", all[0].By[0], *all[0].Records, all[0].Sums["amount"])
}

// readRecord types, fills and judges one record in DuckDB.
func readRecord(t *testing.T, db *sql.DB, c *contract.Contract, s contract.Section, m contract.Mapping, fills map[string]string, key string, record []string) string {
	t.Helper()
	if len(record) != len(m.Raw) {
		return "rejected: " + contract.FieldCount
	}
	raw, typed, filled, values, reasons, required := []string{"1 as one"}, []string{"*"}, []string{"1 as one"}, []string{}, []string{}, []string{}
	for i, field := range record {
		raw = append(raw, sqltext.QuoteString(field)+" as "+sqltext.QuoteName(m.Raw[i].Name))
	}
	when := func(condition, reason string) string {
		return "case when " + condition + " then " + sqltext.QuoteString(reason) + " end"
	}
	for _, cell := range c.Cells(s, m, fills, duckdb.Dialect{}) {
		name := cell.Column.Name
		values = append(values, "coalesce(cast("+sqltext.QuoteName(name)+" as varchar), 'null')")
		if cell.From == contract.FromObject {
			filled = append(filled, sqltext.QuoteString(key)+" as "+sqltext.QuoteName(name))
			continue
		}
		slot := sqltext.QuoteName("typed " + name)
		typed = append(typed, cell.Typed+" as "+slot)
		filled = append(filled, cell.Filled(slot)+" as "+sqltext.QuoteName(name), cell.Unreadable(slot)+" as "+sqltext.QuoteName("bad "+name))
		reasons = append(reasons, when(sqltext.QuoteName("bad "+name), contract.TypeReason(name)))
		if cell.Column.NotNull {
			required = append(required, when(sqltext.QuoteName(name)+" is null", contract.RequiredReason(name)))
		}
	}
	if masked := c.StillMasked(s, m, duckdb.Dialect{}, func(i int) string { return sqltext.QuoteName(m.Raw[i].Name) }); masked != "" {
		filled = append(filled, masked+` as "is masked"`)
		reasons = append([]string{when(`"is masked"`, contract.Masked)}, reasons...)
	}
	reasons = append(reasons, required...)
	for _, check := range c.Checks {
		reasons = append(reasons, when(check.Fails(duckdb.Dialect{}), check.Name))
	}
	query := fmt.Sprintf("select concat_ws(', ', %s), concat_ws(' | ', %s) from (select %s from (select %s from (select %s)))",
		strings.Join(reasons, ", "), strings.Join(values, ", "), strings.Join(filled, ", "), strings.Join(typed, ", "), strings.Join(raw, ", "))
	var why, value string
	if err := db.QueryRow(query).Scan(&why, &value); err != nil {
		t.Fatalf("%v\n%s", err, query)
	}
	if why != "" {
		return "rejected: " + why
	}
	return value
}
