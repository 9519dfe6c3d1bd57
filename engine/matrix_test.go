package engine_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine"
	"ledgermill/engine/ledger"
)

// matrixContract reads things of two columns, and in directories of their own such of
// other dialects.
const matrixContract = `-- about: things
-- objects: t/*.{csv,ndjson,json,parquet}{,.gz,.zst}
-- objects: latin/*.csv
-- csv: encoding latin-1
-- objects: cr/*.csv
-- csv: newline '\r'
create table raw_t (id integer not null, v varchar);
`

// inputRow is one row of the fault matrix: an object, and what becomes of it.
type inputRow struct {
	fault, key, content string
	accepted            string           // rows as `id v`, by id, ` | ` between them
	rejected            map[string]int64 // by reason
	refused             string           // reason of the object
}

func inputRows(t *testing.T) []inputRow {
	t.Helper()
	packed := func(text string) string {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		if _, err := w.Write([]byte(text)); err != nil || w.Close() != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	random := rand.New(rand.NewPCG(42, 42))
	noise := make([]byte, 100_000)
	for i := range noise {
		noise[i] = byte(random.UintN(256))
	}
	noisy := map[string]int64{} // no line of noise is JSON, and nearly none is text
	for line := range bytes.Lines(noise) {
		switch {
		case len(bytes.Trim(line, " \t\r\n")) == 0:
		case !utf8.Valid(line):
			noisy["encoding"]++
		default:
			noisy["json"]++
		}
	}
	cut := packed("id,v\n1,a\n" + strings.Repeat("2,b\n", 10_000))
	return []inputRow{
		{fault: "empty", key: "t/empty.csv", refused: "header"},
		{fault: "empty", key: "t/empty.csv.gz", content: packed(""), refused: "header"},
		{fault: "empty", key: "t/empty.ndjson", refused: "header"},
		{fault: "empty", key: "t/empty.json", content: "[]"},
		{fault: "empty", key: "t/empty.parquet", refused: "truncated"},
		{fault: "empty", key: "t/no bytes.csv.gz", refused: "truncated"},
		{fault: "blank lines alone", key: "t/blank.csv", content: "\n\n\n", refused: "header"},
		{fault: "header only", key: "t/header.csv", content: "id,v\n"},
		{fault: "header only", key: "t/header without an end.csv", content: "id,v"},
		{fault: "BOM", key: "t/bom.csv", content: "\uFEFFid,v\n1,a\n", accepted: "1 a"},
		{fault: "BOM", key: "t/bom quoted.csv", content: "\uFEFF\"id\",\"v\"\n1,a\n", accepted: "1 a"},
		{fault: "BOM", key: "t/bom.ndjson", content: "\uFEFF{\"id\":1,\"v\":\"a\"}\n", accepted: "1 a"},
		{fault: "BOM twice", key: "t/bom twice.csv", content: "\uFEFF\uFEFFid,v\n1,a\n", accepted: "1 a"},
		{fault: "CRLF", key: "t/crlf.csv", content: "id,v\r\n1,a\r\n2,b\r\n", accepted: "1 a | 2 b"},
		{fault: "CRLF and LF mixed", key: "t/mixed.csv", content: "id,v\r\n1,a\n2,b\r\n3,c", accepted: "1 a | 2 b | 3 c"},
		{fault: "a lone CR among LF", key: "t/lone.csv", content: "id,v\n1,a\rb\n2,b\n", accepted: "2 b", rejected: map[string]int64{"quote": 1}},
		{fault: "CR alone, declared", key: "cr/a.csv", content: "id,v\r1,a\r2,b\r", accepted: "1 a | 2 b"},
		{fault: "CR alone, not declared", key: "t/cr.csv", content: "id,v\r1,a\r2,b\r", refused: "header"},
		{fault: "Latin-1, declared", key: "latin/a.csv", content: "id,v\n1,caf\xe9\n", accepted: "1 café"},
		{fault: "Latin-1, not declared", key: "t/latin.csv", content: "id,v\n1,caf\xe9\n2,b\n", accepted: "2 b", rejected: map[string]int64{"encoding": 1}},
		{fault: "NUL", key: "t/nul.csv", content: "id,v\n1,a\x00b\n2,b\n", accepted: "2 b", rejected: map[string]int64{"encoding": 1}},
		{fault: "NUL", key: "t/nul.ndjson", content: `{"id":1,"v":"a\u0000b"}` + "\n" + `{"id":2,"v":"b"}` + "\n", accepted: "2 b", rejected: map[string]int64{"encoding": 1}},
		{fault: "100 MB line", key: "t/long.csv", content: "id,v\n1,a\n2," + strings.Repeat("x", 100<<20) + "\n3,c\n", accepted: "1 a | 3 c", rejected: map[string]int64{"line_too_long": 1}},
		{fault: "100 MB line", key: "t/long.ndjson", content: `{"id":1,"v":"a"}` + "\n" + `{"id":2,"v":"` + strings.Repeat("x", 100<<20) + "\"}\n" + `{"id":3,"v":"c"}`, accepted: "1 a | 3 c", rejected: map[string]int64{"line_too_long": 1}},
		{fault: "embedded newline", key: "t/newline.csv", content: "id,v\n1,\"a\nb\"\n2,\"c\r\nd\"\n", accepted: "1 a\nb | 2 c\r\nd"},
		{fault: "duplicate header", key: "t/twice.csv", content: "id,v,ID\n1,a,2\n", refused: "header"},
		{fault: "duplicate header", key: "t/twice unused.csv", content: "id,v,x,x\n1,a,2,3\n", accepted: "1 a"},
		{fault: "duplicate key", key: "t/twice.ndjson", content: `{"id":1,"v":"a","id":2}` + "\n" + `{"id":3,"v":"c"}`, accepted: "3 c", rejected: map[string]int64{"json": 1}},
		{fault: "columns swapped, header too", key: "t/swapped.csv", content: "v,id\na,1\n", accepted: "1 a"},
		{fault: "columns swapped, header not", key: "t/slid.csv", content: "id,v\na,1\n2,b\n", accepted: "2 b", rejected: map[string]int64{"id_type": 1}},
		{fault: "an extra separator", key: "t/extra.csv", content: "id,v\n1,a,\n2,b\n", accepted: "2 b", rejected: map[string]int64{"field_count": 1}},
		{fault: "last line cut off", key: "t/last.csv", content: "id,v\n1,a\n2", accepted: "1 a", rejected: map[string]int64{"field_count": 1}},
		{fault: "quote never closed", key: "t/open.csv", content: "id,v\n1,\"a\n2,b\n3,c\n", accepted: "2 b | 3 c", rejected: map[string]int64{"quote": 1}},
		{fault: "gzip truncated", key: "t/cut.csv.gz", content: cut[:len(cut)/2], refused: "truncated"},
		{fault: "gzip truncated", key: "t/cut behind its text.csv.gz", content: cut[:len(cut)-4], refused: "truncated"},
		{fault: "gzip of several members", key: "t/members.csv.gz", content: packed("id,v\n1,a\n") + packed("2,b\n"), accepted: "1 a | 2 b"},
		{fault: "no gzip", key: "t/none.csv.gz", content: "id,v\n1,a\n", refused: "unreadable"},
		{fault: "garbage behind gzip", key: "t/behind.csv.gz", content: packed("id,v\n1,a\n") + strings.Repeat("garbage", 10), refused: "unreadable"},
		{fault: "Parquet garbage", key: "t/noise.parquet", content: string(noise), refused: "unreadable"},
		{fault: "Parquet garbage", key: "t/framed.parquet", content: "PAR1" + string(noise) + "\x10\x00\x00\x00PAR1", refused: "unreadable"},
		{fault: "noise", key: "t/noise.csv", content: string(noise), refused: "header"},
		{fault: "noise", key: "t/noise.json", content: string(noise), rejected: noisy},
		{fault: "noise", key: "t/noise.csv.zst", content: string(noise), refused: "unreadable"},
		{fault: "formula cells", key: "t/formula.csv", content: "id,v\n1,\"=HYPERLINK(\"\"http://x\"\")\"\n2,@SUM(1)\n3,+1+cmd|' /C calc'!A0\n4,-1+1\n",
			accepted: `1 =HYPERLINK("http://x") | 2 @SUM(1) | 3 +1+cmd|' /C calc'!A0 | 4 -1+1`},
	}
}

// TestInputRowsOfTheFaultMatrix sends an object for each fault of input. Each comes
// out as it should, however bad its neighbours are, and every record is accounted for.
// Of the matrix, the zip bombs are in TestBombs and TestNestedArchive, the Pollock set
// in TestPollock.
func TestInputRowsOfTheFaultMatrix(t *testing.T) {
	t.Parallel()
	b := newBench(t, fstest.MapFS{
		"sql/contracts/raw_t.sql": {Data: []byte(strings.Replace(matrixContract, "v varchar)", "v varchar, _object varchar)", 1))},
		"sql/models/t.sql":        {Data: []byte("-- publish: whole\nselect id, v, _object from raw_t\n")},
	})
	rows := inputRows(t)
	for _, r := range rows {
		b.write(r.key, r.content)
	}
	b.run(engine.Selection{})
	objects := b.open(false).State().Objects["raw_t"]
	if len(objects) != len(rows) {
		t.Errorf("%d objects, want %d", len(objects), len(rows))
	}
	// A refused object holds the unit, so what stays is read by a run without them.
	for _, r := range rows {
		o := objects[r.key]
		reason := ""
		if o.Refused != nil {
			reason = o.Refused.Reason
		}
		if reason != r.refused {
			t.Errorf("%s, %s: refused %q, want %q: %+v", r.fault, r.key, reason, r.refused, o.Refused)
		}
		if reason != "" || r.refused != "" {
			if err := os.Remove(filepath.Join(b.input, filepath.FromSlash(r.key))); err != nil {
				t.Fatal(err)
			}
			continue
		}
		cell := ledger.Sum(o.Cells)
		if d := cmp.Diff(nonNil(r.rejected), rejectedRecords(cell)); d != "" {
			t.Errorf("%s, %s: rejected (-want +got):\n%s", r.fault, r.key, d)
		}
		if cell.Read.Records != o.Records || cell.Accepted.Records+sumOfValues(rejectedRecords(cell)) != o.Records {
			t.Errorf("%s, %s: %d records, %d read, %d accepted", r.fault, r.key, o.Records, cell.Read.Records, cell.Accepted.Records)
		}
	}
	b.run(engine.Selection{AcceptRemoved: true})
	published := map[string][]string{}
	for _, row := range lakeRows(t, b, "select _object, id, v from t order by _object, id") {
		published[row[0]] = append(published[row[0]], row[1]+" "+row[2])
	}
	for _, r := range rows {
		if got := strings.Join(published[r.key], " | "); got != r.accepted {
			t.Errorf("%s, %s: published %q, want %q", r.fault, r.key, got, r.accepted)
		}
	}
}

// hostileWords are names and values that end a literal, a comment or a statement where
// somebody forgot to quote them, or that a shell would run.
func hostileWords(ran string) []string {
	return []string{`"`, `'`, `''`, `;`, `--`, `/*`, `*/`, `\`, `$1`, `$$`, "a\tb", `"; drop table t; --`, `'); copy (select 1) to '` + ran + `'; --`, `$(touch ` + ran + `)`, "`touch " + ran + "`",
		`|touch ` + ran, `${PATH}`, `%s%n%d`, `{{.}}`, `../../etc/passwd`, `..`, `con`, `amоunt` /* a Cyrillic o */, `ﬁne`, `Ａ`, "a\u200bb", "\u202ea", strings.Repeat("n", 255), strings.Repeat("ü", 127)}
}

// TestNameRowsOfTheFaultMatrix puts hostile words wherever a sender can name something:
// the key of an object, header texts, JSON keys, and values of keys and of fields.
// Nothing of them is run, and every value arrives as it is. A contract does not take
// them for names of its own.
func TestNameRowsOfTheFaultMatrix(t *testing.T) {
	t.Parallel()
	ran := filepath.Join(t.TempDir(), "ran")
	quoted := func(quote, word string) string {
		return quote + strings.ReplaceAll(word, quote, quote+quote) + quote
	}
	var names, fields, members, aliases, columns []string
	want := []string{`it's "; drop table t; --`}
	for i, word := range hostileWords(ran) {
		name := fmt.Sprintf("n%d %s", i, word) // a word by itself may be no name, or another's
		names, fields = append(names, quoted(`"`, name)), append(fields, quoted(`"`, word))
		members = append(members, jsonText(t, name)+":"+jsonText(t, word))
		aliases = append(aliases, fmt.Sprintf("-- alias c%d: %s\n", i, quoted("'", name)))
		columns = append(columns, fmt.Sprintf("c%d", i))
		want = append(want, strings.Trim(word, " \t"))

		b := newBench(t, fstest.MapFS{"sql/contracts/raw_t.sql": {Data: []byte("-- about: names\n-- objects: t/*.csv\ncreate table raw_t (" + quoted(`"`, name) + " varchar);\n")}})
		if _, err := b.project(); err == nil || !strings.Contains(err.Error(), "a name is a letter, then letters, digits and _") {
			t.Errorf("a column called %q: %v", name, err)
		}
	}
	for extension, content := range map[string]string{"csv": strings.Join(names, ",") + "\n" + strings.Join(fields, ",") + "\n", "ndjson": "{" + strings.Join(members, ",") + "}\n"} {
		b := newBench(t, fstest.MapFS{
			"sql/contracts/raw_t.sql": {Data: []byte("-- about: names\n" + strings.Join(aliases, "") + "-- objects: t/<branch>.{csv,ndjson}\ncreate table raw_t (branch varchar, " + strings.Join(columns, " varchar, ") + " varchar);\n")},
			"sql/models/t.sql":        {Data: []byte("-- publish: whole\nselect branch, " + strings.Join(columns, ", ") + " from raw_t\n")},
		})
		b.write("t/"+want[0]+"."+extension, content)
		report := b.run(engine.Selection{})
		if account := accountOf(t, report, "raw_t"); report.Exit != engine.ExitDone || account.Accepted.Records != 1 {
			t.Fatalf("%s: exit %d, %+v", extension, report.Exit, account)
		}
		if d := cmp.Diff([][]string{want}, lakeRows(t, b, "select * from t")); d != "" {
			t.Errorf("%s: values (-want +got):\n%s", extension, d)
		}
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("a name was run")
	}
}

// TestLookAlikes: a header text of letters that look like a column's is another's, and
// full-width letters are the same ones.
func TestLookAlikes(t *testing.T) {
	t.Parallel()
	for header, found := range map[string]bool{"fee": true, "FEE": true, "ｆｅｅ": true, "f\u200bee": false, "fее": false /* Cyrillic */, "f e-e_": true} {
		b := newBench(t, fstest.MapFS{
			"sql/contracts/raw_t.sql": {Data: []byte("-- about: names\n-- objects: *.csv\ncreate table raw_t (id integer, fee integer);\n")},
			"sql/models/t.sql":        {Data: []byte("-- publish: whole\nselect id, fee from raw_t\n")},
		})
		b.write("a.csv", "id,"+header+"\n1,2\n")
		b.run(engine.Selection{})
		o := b.open(false).State().Objects["raw_t"]["a.csv"]
		if (o.Refused == nil) != found {
			t.Errorf("header text %q: %+v", header, o.Refused)
		}
	}
}

func jsonText(t *testing.T, text string) string {
	t.Helper()
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range text {
		switch {
		case c == '"' || c == '\\':
			b.WriteString(`\` + string(c))
		case c < ' ':
			fmt.Fprintf(&b, `\u%04x`, c)
		default:
			b.WriteRune(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}
