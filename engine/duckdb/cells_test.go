package duckdb_test

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine/contract"
	"ledgermill/engine/duckdb"
	"ledgermill/engine/sqltext"
)

const cellsContract = `-- read d: make_date(cast("Year" as int), cast(month_no as int), 1)
-- read e: lower(e) || ''
-- read u: t || ' x'
-- null: -
-- null n: 0 | n/a
-- format n: 1,234.5, round
-- constant k: 2025-01-31
-- optional: o
-- objects: <key:%Y%m%d>/x.csv
create table raw_x (
  n decimal(9, 1) default 5, b boolean default true, d date not null, e varchar, u varchar, t varchar default 'none', k date, o int default 7, month_no int, key date, _object varchar,
  constraint small check (n < 100), constraint odd check (1 / n > 0 and cast(t as int) > 0)
);`

// TestCells reads records by every source that a column can have.
func TestCells(t *testing.T) {
	t.Parallel()
	judge, err := duckdb.NewJudge(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer judge.Close()
	c, err := contract.Parse(t.Context(), "raw_x.sql", cellsContract, judge)
	if err != nil {
		t.Fatal(err)
	}
	fills, ok := c.Sections[0].MatchKey("20250203/x.csv")
	if !ok {
		t.Fatal("the key does not match")
	}
	header := []string{"N", "B", "Year", "Month No", "E", "T"}
	m, err := c.Match(c.Sections[0], header)
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range (duckdb.Dialect{}).Session() {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct{ record, want string }{
		{"1,5|yes|2025|2|É|12", "n:unreadable b:true d:2025-02-01 e:é u:12 x t:12 k:2025-01-31 o:7 month_no:2 key:2025-02-03"},
		{"1,234.55| |2025|2| |", "n:1234.6 rounded:n b:true d:2025-02-01 e:null u:x t:none k:2025-01-31 o:7 month_no:2 key:2025-02-03 fails:small,odd"},
		{"n/a|maybe|2025|13|-|-", "n:5.0 b:unreadable d:unreadable e:null u:- x t:none k:2025-01-31 o:7 month_no:13 key:2025-02-03 fails:odd"},
		{"0|F||x|q|3", "n:5.0 b:false d:null e:q u:3 x t:3 k:2025-01-31 o:7 month_no:unreadable key:2025-02-03"},
		{"7|1|9999|12|a|5", "n:7.0 b:true d:9999-12-01 e:a u:5 x t:5 k:2025-01-31 o:7 month_no:12 key:2025-02-03"},
		{"7|1|10000|1|a|5", "n:7.0 b:true d:unreadable e:a u:5 x t:5 k:2025-01-31 o:7 month_no:1 key:2025-02-03"},
		{"7|1|0|1|a|5", "n:7.0 b:true d:unreadable e:a u:5 x t:5 k:2025-01-31 o:7 month_no:1 key:2025-02-03"},
		{"7.50|1|20x5|1|a|5", "n:7.5 b:true d:unreadable e:a u:5 x t:5 k:2025-01-31 o:7 month_no:1 key:2025-02-03"},
	} {
		var fields []string
		for i, text := range strings.Split(test.record, "|") {
			fields = append(fields, sqltext.QuoteString(text)+" as "+sqltext.QuoteName(m.Raw[i].Name))
		}
		if got := readRecord(t, db, c, m, fills, "select "+strings.Join(fields, ", ")); got != test.want {
			t.Errorf("%s (-want +got):\n%s", test.record, cmp.Diff(test.want, got))
		}
	}
}

// readRecord reads one record as an engine does and prints what came of it.
func readRecord(t *testing.T, db *sql.DB, c *contract.Contract, m contract.Mapping, fills map[string]string, record string) string {
	t.Helper()
	typed, filled, said := []string{"*"}, []string{}, []string{}
	for _, cell := range c.Cells(c.Sections[0], m, fills, duckdb.Dialect{}) {
		name := cell.Column.Name
		if cell.From == contract.FromObject {
			continue
		}
		typed = append(typed, fmt.Sprintf(`%s as "typed %s"`, cell.Typed, name))
		slot := fmt.Sprintf(`"typed %s"`, name)
		filled = append(filled, fmt.Sprintf(`%s as %s, %s as "bad %s"`, cell.Filled(slot), sqltext.QuoteName(name), cell.Unreadable(slot), name))
		said = append(said, fmt.Sprintf(`'%s:' || case when "bad %s" then 'unreadable' else coalesce(cast("%s" as varchar), 'null') end`, name, name, name))
		if cell.Rounded != "" {
			filled = append(filled, fmt.Sprintf(`%s as "rounded %s"`, cell.Rounded, name))
			said = append(said, fmt.Sprintf(`case when "rounded %s" then 'rounded:%s' end`, name, name))
		}
	}
	var fails []string
	for _, check := range c.Checks {
		fails = append(fails, fmt.Sprintf("case when (try(coalesce((%s\n), true)) is not true) then '%s' end", check.Text, check.Name)) // TRY is safe on one row
	}
	order := append(said[:len(said):len(said)], "'fails:' || nullif(concat_ws(',', "+strings.Join(fails, ", ")+"), '')")
	query := fmt.Sprintf("select concat_ws(' ', %s) from (select %s from (select %s from (%s)))",
		strings.Join(order, ", "), strings.Join(filled, ", "), strings.Join(typed, ", "), record)
	var got string
	if err := db.QueryRow(query).Scan(&got); err != nil {
		t.Fatalf("%v\n%s", err, query)
	}
	return got
}
