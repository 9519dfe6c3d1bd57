package records

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	_ "github.com/duckdb/duckdb-go/v2"
)

// duck reads texts with a real DuckDB, as the engine does.
type duck struct {
	db   *sql.DB
	file string
}

func openDuck(tb testing.TB) *duck {
	tb.Helper()
	db, err := sql.Open("duckdb", "")
	if err != nil {
		tb.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	tb.Cleanup(func() {
		if err := db.Close(); err != nil {
			tb.Error(err)
		}
	})
	return &duck{db: db, file: filepath.Join(tb.TempDir(), "text.csv")}
}

func quoteSQL(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

func option(b byte) string {
	if b == 0 {
		return "''"
	}
	return quoteSQL(string(rune(b)))
}

func (d *duck) from(dialect Dialect, columns int, newLine string, serial bool) string {
	dialect, _ = dialect.normal()
	var names []string
	for i := range columns {
		names = append(names, fmt.Sprintf("'c%d': 'varchar'", i))
	}
	text := fmt.Sprintf("read_csv(%s, auto_detect = false, strict_mode = true, header = %t, delim = %s, quote = %s, escape = %s, columns = {%s}",
		quoteSQL(d.file), !dialect.NoHeader, option(dialect.Delimiter), option(dialect.Quote), option(dialect.Escape), strings.Join(names, ", "))
	if newLine != "" {
		text += ", new_line = " + quoteSQL(newLine)
	}
	return fmt.Sprintf("%s, parallel = %t)", text, !serial)
}

// rows returns all that DuckDB finds; a null is an empty text.
func (d *duck) rows(ctx context.Context, text []byte, dialect Dialect, columns int, newLine string) ([][]string, error) {
	if err := os.WriteFile(d.file, text, 0o600); err != nil {
		return nil, err
	}
	found, err := d.db.QueryContext(ctx, "select * from "+d.from(dialect, columns, newLine, false))
	if err != nil {
		return nil, err
	}
	defer found.Close()
	var rows [][]string
	for found.Next() {
		values := make([]sql.NullString, columns)
		into := make([]any, columns)
		for i := range values {
			into[i] = &values[i]
		}
		if err := found.Scan(into...); err != nil {
			return nil, err
		}
		row := make([]string, columns)
		for i, v := range values {
			row[i] = v.String
		}
		rows = append(rows, row)
	}
	return rows, found.Err()
}

// check proves that DuckDB reads the good records of text, and only them, from
// the clean copy, and from the text itself where the report says so.
func (d *duck) check(t *testing.T, text string, dialect Dialect) {
	t.Helper()
	var clean bytes.Buffer
	rep, err := Copy(t.Context(), &clean, strings.NewReader(text), dialect, nil)
	if err != nil {
		return // refused whole: DuckDB never sees it
	}
	columns := len(rep.Header)
	if dialect.NoHeader {
		columns = dialect.Columns
	}
	want := refer(text, dialect, MaxRecord).good
	if rep.Good() != int64(len(want)) {
		t.Fatalf("%.99q: %d good records, reference %d", text, rep.Good(), len(want))
	}
	columns = max(columns, 1)
	copied := dialect
	copied.NewLine = '\n'
	got, err := d.rows(t.Context(), clean.Bytes(), copied, columns, `\n`)
	if err != nil {
		t.Errorf("%.99q %+v: DuckDB on the clean copy %.99q: %.99q", text, dialect, clean.String(), err.Error())
	} else if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%.99q %+v: clean copy %.99q (-reference +DuckDB):\n%.999s", text, dialect, clean.String(), diff)
	}
	if !rep.Clean() {
		return
	}
	got, err = d.rows(t.Context(), []byte(text), dialect, columns, rep.NewLine())
	if err != nil {
		t.Errorf("%.99q %+v: DuckDB on the text: %.99q", text, dialect, err.Error())
	} else if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%.99q %+v: the text itself (-reference +DuckDB):\n%.999s", text, dialect, diff)
	}
}

func dialects() []Dialect {
	return []Dialect{
		RFC4180(),
		{Delimiter: ';', Quote: '"', Escape: '\\'},
		{Delimiter: ','},
		{Delimiter: '\t', Quote: '\''},
		{Delimiter: '|', Quote: '"', NoHeader: true, Columns: 3},
		{Delimiter: ',', Quote: '"', NoHeader: true, Columns: 1},
		{Delimiter: ' ', Quote: '"'},
		{Delimiter: ',', Quote: '"', NewLine: '\r'},
		{Delimiter: ',', Quote: '"', NoEscape: true},
	}
}

func TestDuckDBAgrees(t *testing.T) {
	t.Parallel()
	d := openDuck(t)
	for _, text := range []string{
		"a,b\n1,2\n3,4\n", "a,b\n1,2\n3,4", "a,b\r\n1,2\r\n3,4\r\n", "a,b\r\n1,2\r\n3,4", "a,b\r\n1,2\n3,4\r\n", "a,b\n1,2\r\n",
		"\uFEFFa,b\n1,2\n", "\uFEFF\"a\",b\n1,2\n", "\uFEFF\"a,\",b\n1,2\n", "\uFEFF\uFEFFa,b\n1,2\n", "\uFEFF\n\na,b\n1,2\n", "", "\uFEFF", "\n", "\n\n\n", "\r\n\r\n",
		"a,b", "a,b\n", "a,b\r\n", "a", "a\n", "a\n\n", "a\n\n\n1\n\n", "a\r\n1\r\n\r\n3\r\n\r\n", "\na\n1\n", "a\n \n  \n1\n",
		"a,b\n\n1,2\n\n\n3,4\n\n", "\n\na,b\n1,2\n", "a,b\r\n\r\n1,2\r\n\r\n", "a,b\n  \n1,2\n", "a,b\n , \n1,2\n",
		"a,b\n,\n,\n", "a,b\n,\n,", "a,b,c\n,,\n,7,8,\n,7,8\n", "a,b\n\"\",\"\"\n\"\",\n,\"\"\n", "a\n\"\"\n\"\"\n", "a,b\n1,\"\"", "a,b\n1,",
		"a,b\n\"x\ny\",\"\n\"\n3,4\n", "a,b\r\n\"x\r\ny\",2\r\n", "a,b\n\"x\r\ny\",\"\r\"\n3,4\n", "a,b\r\n\"x\ny\",\"\r\"\r\n3,4\r\n",
		"a,\"b\rc\"\n1,2\n", "a,\"b\nc\"\r\n1,2\r\n", "a,\"b\r\nc\"\n1,2\n", "a,\"b\rc\"\r\n1,2\r\n", "a,\"b\nc\"\n1,2\n",
		"a,b\n1,\"x\"\"y\"\n\"\"\"\",\"a\"\"\"\n", "a,b\n1,\"x\n3,4\n5,6\n", "a,b\n1,x\"y\n3,4\n", "a,b\n1,\"x\" \n 1, \"x\"\n3,4\n",
		"a,b\n1,x\ry\n3,4\n", "a,b\n1,2\r", "a,b\n1,\"2\"\r3,4\n", "a,b\n1,\xff\n3,é\n", "a,b\n\x00,2\n3,4\n", "a,b\n#1,2\n'3',4\n", "a,b\n\uFEFF1,2\n",
		"a,b\n" + strings.Repeat("x", MaxRecord-2) + ",1\n3,4\n", "a,b\r\n" + strings.Repeat("x", MaxRecord-2) + ",1\r\n3,4\r\n",
		"a,b\n" + strings.Repeat("x", MaxRecord-1) + ",1\n3,4\n", "a,b\n\"" + strings.Repeat("\n", MaxRecord-4) + "\",1\n3,4",
	} {
		for _, dialect := range dialects() {
			if len(text) > 1<<20 && (dialect.Delimiter != RFC4180().Delimiter || dialect.Quote != RFC4180().Quote) && dialect.Columns != 3 {
				continue // a long text is the same work in every dialect
			}
			by := string(rune(dialect.Delimiter))
			d.check(t, strings.ReplaceAll(text, ",", by), dialect)
			if dialect.NoHeader {
				d.check(t, strings.ReplaceAll(text, ",", by), Dialect{Delimiter: dialect.Delimiter, Quote: dialect.Quote, NoHeader: true, Columns: 2})
			}
		}
	}
}

// randomText writes a small table and then spoils it here and there.
func randomText(rnd *rand.Rand, d Dialect) string {
	pick := func(from ...string) string { return from[rnd.IntN(len(from))] }
	delim, quote, escape := string(rune(d.Delimiter)), string(rune(d.Quote)), string(rune(d.Escape))
	if d.Escape == 0 {
		escape = quote
	}
	end := pick("\n", "\n", "\r\n")
	if d.NewLine != 0 {
		end = string(rune(d.NewLine))
	}
	columns := 1 + rnd.IntN(4)
	if d.NoHeader {
		columns = d.Columns
	}
	var text strings.Builder
	text.WriteString(pick("", "", "", "\uFEFF", end))
	for range rnd.IntN(8) {
		for i := range columns {
			if i > 0 {
				text.WriteString(delim)
			}
			field := pick("", "", "1", " ", "xy", "é", " 7", "\\", "#")
			if d.Quote != 0 && rnd.IntN(3) == 0 {
				field = quote + pick("", field, delim, end, "\n", "\r", "\r\n", escape+quote, escape+escape, escape+quote+end, "\n\n") + pick("", "z") + quote
			}
			text.WriteString(field)
		}
		text.WriteString(end + pick("", "", "", "", end))
	}
	spoiled := text.String()
	if rnd.IntN(2) == 0 {
		return spoiled
	}
	for range 1 + rnd.IntN(3) {
		at := rnd.IntN(len(spoiled) + 1)
		cut := min(len(spoiled), at+rnd.IntN(2))
		spoiled = spoiled[:at] + pick("", quote, delim, "\n", "\r", "\r\n", " ", "\xff", "\x00", escape, "\uFEFF", "a") + spoiled[cut:]
	}
	return spoiled
}

func TestRandomTexts(t *testing.T) {
	t.Parallel()
	d := openDuck(t)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	for i := range uint64(3000) {
		rnd := rand.New(rand.NewPCG(seed, i))
		all := dialects()
		dialect := all[rnd.IntN(len(all))]
		text := randomText(rnd, dialect)
		checkAgainstReference(t, text, dialect, 24, 8)
		d.check(t, text, dialect)
		if t.Failed() {
			t.Fatalf("seed %d, text %d", seed, i)
		}
	}
}
