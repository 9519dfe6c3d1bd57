package records

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWriteClean(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		scanned, written string
		clean            string // "": refused
	}{
		{"a,b\n1,2\n3\n", "a,b\n1,2\n3\n", "a,b\n1,2\n"},
		{"a,b\n1,2\n3\n", "a,b\n1,2\n", ""},
		{"a,b\n1,2\n3\n", "a,b\n3\n1,2\n", ""},
		{"a,b\n1,2\n3\n", "a,b\n1,2\n4\n", ""},
		{"a,b\n1,2\n3,4\n", "a,b\n1,2345\n\n", ""},
		{"a,b\n1,2\n3,4\n", "a,b\n1,2\n3;4\n", ""},
	} {
		rep, err := Scan(t.Context(), strings.NewReader(c.scanned), RFC4180(), nil)
		if err != nil {
			t.Fatal(err)
		}
		var clean bytes.Buffer
		err = WriteClean(t.Context(), &clean, strings.NewReader(c.written), rep)
		if c.clean == "" && !errors.Is(err, ErrChanged) || c.clean != "" && (err != nil || clean.String() != c.clean) {
			t.Errorf("%q written from %q: %q, %v", c.scanned, c.written, clean.String(), err)
		}
	}
}

func TestWriteCleanFrame(t *testing.T) {
	t.Parallel()
	d := RFC4180()
	d.First, d.Last = &Marker{0, "H"}, &Marker{0, "T"}
	const text = "H,today\na,b\n1,2\nT,9\n"
	rep, err := Scan(t.Context(), strings.NewReader(text), d, nil)
	if err != nil {
		t.Fatal(err)
	}
	var clean bytes.Buffer
	if err := WriteClean(t.Context(), &clean, strings.NewReader(text), rep); err != nil || clean.String() != "a,b\n1,2\n" {
		t.Errorf("clean copy %q, %v", clean.String(), err)
	}
	if err := WriteClean(t.Context(), &clean, strings.NewReader(strings.Replace(text, "9", "8", 1)), rep); !errors.Is(err, ErrChanged) {
		t.Errorf("another last record: %v", err)
	}
}

func TestWriteNumbered(t *testing.T) {
	t.Parallel()
	bare := Dialect{Delimiter: ';', NoHeader: true, Columns: 1, First: &Marker{0, "H"}, Last: &Marker{0, "T"}}
	for _, c := range []struct {
		name, text string
		dialect    Dialect
		want       string
	}{
		{"plain", "\uFEFFa,b\r\n1,2\r\n3\r\n\r\n\"x\r\ny\",6\r\n", RFC4180(), "_record,a,b\n1,1,2\n3,\"x\r\ny\",6\n"},
		{"no records", "a,b\n", RFC4180(), "_record,a,b\n"},
		{"nothing", "", RFC4180(), ""},
		{"frame, no header", "H;1\nT\n\n2\nT;1\n", bare, "1;T\n2;\n3;2\n"},
	} {
		rep, err := Scan(t.Context(), strings.NewReader(c.text), c.dialect, nil)
		if err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		if err := WriteNumbered(t.Context(), &got, strings.NewReader(c.text), rep, "_record"); err != nil || got.String() != c.want {
			t.Errorf("%s: %q, %v; want %q", c.name, got.String(), err, c.want)
		}
	}
	for name, dialect := range map[string]Dialect{"": RFC4180(), "a,b": RFC4180(), "a\n": RFC4180(), `"`: RFC4180(), "fine": {}} {
		rep, err := Scan(t.Context(), strings.NewReader("a\n1\n"), dialect, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := WriteNumbered(t.Context(), &bytes.Buffer{}, strings.NewReader("a\n1\n"), rep, name); err == nil {
			t.Errorf("numbered as %q by %+v", name, dialect)
		}
	}
}

func TestWriteNumberedJSON(t *testing.T) {
	t.Parallel()
	const text = "{\"a\":1}\nx\n { }\n  {\"b\":2}\n"
	rep, err := ScanJSON(t.Context(), strings.NewReader(text), JSONOptions{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	const want = "{\"\\u001frecord\":1,\"a\":1}\n{\"\\u001frecord\":3 }\n{\"\\u001frecord\":4,\"b\":2}\n"
	if err := WriteNumbered(t.Context(), &got, strings.NewReader(text), rep, "\x1frecord"); err != nil || got.String() != want {
		t.Errorf("%q, %v; want %q", got.String(), err, want)
	}
	if err := WriteNumbered(t.Context(), &got, strings.NewReader(text), rep, "a"); err == nil {
		t.Error("two keys of one name")
	}
}

// TestDuckDBReadsNumbers reads a numbered copy in parallel, its longest record
// at the limit.
func TestDuckDBReadsNumbers(t *testing.T) {
	t.Parallel()
	d := openDuck(t)
	var text strings.Builder
	text.WriteString("a,b\n")
	for i := range 400_000 {
		fmt.Fprintf(&text, "%d,some text to make it long\n", i+1)
		if i%1000 == 500 {
			text.WriteString("bad\n")
		}
	}
	text.WriteString(strings.Repeat("x", MaxRecord-1) + ",\n")
	rep, err := Scan(t.Context(), strings.NewReader(text.String()), RFC4180(), nil)
	if err != nil || rep.MaxLine != int64(MaxRecord) {
		t.Fatal(rep.MaxLine, err)
	}
	file, err := os.Create(d.file)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(WriteNumbered(t.Context(), file, strings.NewReader(text.String()), rep, "n"), file.Close()); err != nil {
		t.Fatal(err)
	}
	from := strings.TrimSuffix(d.from(RFC4180(), 3, `\n`, false), ")") + fmt.Sprintf(", max_line_size = %d)", MaxRecord+NumberWidth+2)
	var rows, right int64
	query := "select count(*), count(*) filter (c1[1] = 'x' or c0::bigint - try_cast(c1 as bigint) = (try_cast(c1 as bigint) - 1 + 499) // 1000) from " + from
	if err := d.db.QueryRow(query).Scan(&rows, &right); err != nil {
		t.Fatalf("%.300s", err)
	}
	if diff := cmp.Diff([]int64{rep.Good(), rep.Good()}, []int64{rows, right}); diff != "" {
		t.Errorf("rows, rows with the right number (-want +DuckDB):\n%s", diff)
	}
}
