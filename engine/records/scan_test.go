package records

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// list takes the broken records of a scan.
type list struct{ bytes.Buffer }

// read returns them, and fails where they are not those that were counted.
func (l *list) read(t testing.TB, rep Report) (all []Bad) {
	t.Helper()
	counts := map[Reason]int64{}
	for b, err := range ReadBad(&l.Buffer) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b)
		counts[b.Reason]++
	}
	if !maps.Equal(counts, rep.Bad) || int64(len(all)) != rep.Broken() {
		t.Fatalf("listed %v, counted %v", counts, rep.Bad)
	}
	return all
}

// bads prints the broken records as number:reason@offset+length.
func bads(broken []Bad) string {
	var all []string
	for _, b := range broken {
		all = append(all, fmt.Sprintf("%d:%s@%d+%d", b.Number, b.Reason, b.Offset, b.Length))
	}
	return strings.Join(all, " ")
}

func TestScan(t *testing.T) {
	t.Parallel()
	comma := RFC4180()
	backslash := Dialect{Delimiter: ',', Quote: '"', Escape: '\\'}
	for _, c := range []struct {
		name, text string
		dialect    Dialect
		header     string
		records    int64
		bad, clean string
		blank      int64
		asIs       bool
	}{
		{"plain", "a,b\n1,2\n3,4\n", comma, "a|b", 2, "", "a,b\n1,2\n3,4\n", 0, true},
		{"no final line end", "a,b\n1,2", comma, "a|b", 1, "", "a,b\n1,2\n", 0, true},
		{"crlf", "a,b\r\n1,2\r\n", comma, "a|b", 1, "", "a,b\n1,2\n", 0, true},
		{"mixed line ends", "a,b\r\n1,2\n3,4\r\n", comma, "a|b", 2, "", "a,b\n1,2\n3,4\n", 0, false},
		{"byte order mark", "\uFEFFa,b\n1,2\n", comma, "a|b", 1, "", "a,b\n1,2\n", 0, true},
		{"empty", "", comma, "", 0, "", "", 0, true},
		{"byte order mark only", "\uFEFF", comma, "", 0, "", "", 0, true},
		{"header only", "a,b", comma, "a|b", 0, "", "a,b\n", 0, true},
		{"empty lines", "a,b\n\n1,2\n\n\n", comma, "a|b", 1, "", "a,b\n1,2\n", 3, true},
		{"empty lines first", "\n\r\na,b\n1,2\n", comma, "a|b", 1, "", "a,b\n1,2\n", 2, false},
		{"one column, empty lines", "\na\n1\n\n2\n", Dialect{Delimiter: ','}, "a", 3, "", "a\n1\n\n2\n", 1, false},
		{"lines of spaces", "a,b\n  \n1,2\n", comma, "a|b", 2, "1:field_count@4+3", "a,b\n1,2\n", 0, false},
		{"trailing delimiter", "a,b,c\n,7,8,\n1,2,3\n", comma, "a|b|c", 2, "1:field_count@6+6", "a,b,c\n1,2,3\n", 0, false},
		{"missing field", "a,b,c\n1,2\n1,2,3\n", comma, "a|b|c", 2, "1:field_count@6+4", "a,b,c\n1,2,3\n", 0, false},
		{"quoted", "\"a\",\"b\"\"\"\n\"1,\",\"2\n3\"\n\"\",\n", comma, `a|b"`, 2, "", "\"a\",\"b\"\"\"\n\"1,\",\"2\n3\"\n\"\",\n", 0, true},
		{"no escape", "a,b\n\"x\\\",\"\"\n\"y\"\"z\",1\n3,4\n", Dialect{Delimiter: ',', Quote: '"', NoEscape: true}, "a|b", 3, "2:quote@12+9", "a,b\n\"x\\\",\"\"\n3,4\n", 0, false},
		{"line break in quoted header", "a,\"b\rc\"\n1,2\n", comma, "a|b\rc", 1, "", "a,\"b\rc\"\n1,2\n", 0, false},
		{"quote in a bare field", "a,b\n1,x\"y\n3,4\n", comma, "a|b", 2, "1:quote@4+6", "a,b\n3,4\n", 0, false},
		{"text after a closing quote", "a,b\n1,\"x\"y\n3,4\n", comma, "a|b", 2, "1:quote@4+7", "a,b\n3,4\n", 0, false},
		{"space round quotes", "a,b\n1,\"x\" \n 1, \"x\"\n3,4\n", comma, "a|b", 3, "1:quote@4+7 2:quote@11+8", "a,b\n3,4\n", 0, false},
		{"never closed", "a,b\n1,\"x\n3,4\n5,6\n", comma, "a|b", 3, "1:quote@4+5", "a,b\n3,4\n5,6\n", 0, false},
		{"closed by a later quote", "a,b\n1,\"x\n3,4\n5,\"six\"\n", comma, "a|b", 3, "1:quote@4+5", "a,b\n3,4\n5,\"six\"\n", 0, false},
		{"wrong count over two lines", "a,b\n1,\"x\n3,4\",5\n6,7\n", comma, "a|b", 3, "1:field_count@4+5 2:quote@9+7", "a,b\n6,7\n", 0, false},
		{"lone CR", "a,b\n1,x\ry\n3,4\n", comma, "a|b", 2, "1:quote@4+6", "a,b\n3,4\n", 0, false},
		{"lone CR at the end", "a,b\n3,4\n1,x\r", comma, "a|b", 2, "2:quote@8+4", "a,b\n3,4\n", 0, false},
		{"CR CR LF", "a,b\n1,x\r\r\n3,4\n", comma, "a|b", 2, "1:quote@4+6", "a,b\n3,4\n", 0, false},
		{"invalid UTF-8", "a,b\n1,\xff\n3,4\n", comma, "a|b", 2, "1:encoding@4+4", "a,b\n3,4\n", 0, false},
		{"invalid UTF-8 over two lines", "a,b\n1,\"\xff\n\"\n3,4\n", comma, "a|b", 2, "1:encoding@4+7", "a,b\n3,4\n", 0, false},
		{"NUL", "a,b\n1,\x00\n3,4\n", comma, "a|b", 2, "1:encoding@4+4", "a,b\n3,4\n", 0, false},
		{"escape", "a,b\n1,\"\\\"\\\\\"\n", backslash, "a|b", 1, "", "a,b\n1,\"\\\"\\\\\"\n", 0, true},
		{"escape before an ordinary character", "a,b\n1,\"\\n\"\n", backslash, "a|b", 1, "1:quote@4+7", "a,b\n", 0, false},
		{"no quote", "a;b\n\";'\n", Dialect{Delimiter: ';'}, "a|b", 1, "", "a;b\n\";'\n", 0, true},
		{"no delimiter", "a,b\n1\n", Dialect{}, "a,b", 1, "", "a,b\n1\n", 0, true},
		{"no header", "\n1,2\n3\n", Dialect{Delimiter: ',', Quote: '"', NoHeader: true, Columns: 2}, "", 2, "2:field_count@5+2", "1,2\n", 1, false},
		{"CR ends records", "a,b\r1,2\r3,\n4\r", Dialect{Delimiter: ',', NewLine: '\r'}, "a|b", 2, "2:quote@8+5", "a,b\n1,2\n", 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var clean bytes.Buffer
			var broken list
			rep, err := Copy(t.Context(), &clean, iotest.OneByteReader(strings.NewReader(c.text)), c.dialect, &broken)
			if err != nil {
				t.Fatal(err)
			}
			got := []any{strings.Join(rep.Header, "|"), rep.Records, bads(broken.read(t, rep)), clean.String(), rep.Blank, rep.Clean(), rep.Text}
			want := []any{c.header, c.records, c.bad, c.clean, c.blank, c.asIs, int64(len(c.text))}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("header, records, bad, clean copy, blank, clean, text (-want +got):\n%s", diff)
			}
		})
	}
}

func TestScanLongRecords(t *testing.T) {
	t.Parallel()
	fits := "1," + strings.Repeat("x", MaxRecord-2)
	for _, c := range []struct{ name, text, bad string }{
		{"at the limit", "a,b\n" + fits + "\n3,4\n", ""},
		{"at the limit, CRLF", "a,b\r\n" + fits + "\r\n3,4\r\n", ""},
		{"at the limit, quoted", "a,b\n1,\"" + strings.Repeat("\n", MaxRecord-4) + "\"\n3,4\n", ""},
		{"over", "a,b\n" + fits + "x\n3,4\n", "1:line_too_long@4+2000000"},
		{"over, at the end", "a,b\n3,4\n" + fits + "x", "2:line_too_long@8+1999999"},
		{"far over", "a,b\n1," + fits + fits + fits + fits + "\n3,4\n", "1:line_too_long@4+7999995"},
		{"unclosed", "a,b\n1,\"x\n" + strings.Repeat("3,4\n", 600_000) + "3,4\"\n", "1:quote@4+5 600002:quote@2400009+5"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var broken list
			rep, err := Scan(t.Context(), strings.NewReader(c.text), RFC4180(), &broken)
			if err != nil {
				t.Fatal(err)
			}
			if got := bads(broken.read(t, rep)); got != c.bad {
				t.Errorf("bad = %q, want %q", got, c.bad)
			}
		})
	}
}

func TestScanHeaderErrors(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Reason{
		"a,\"b\n1,2\n":                           Quote,
		"a,b\"\n1,2\n":                           Quote,
		"a,b\xff\n":                              Encoding,
		"a,\x00\n1,2":                            Encoding,
		strings.Repeat("a", MaxRecord+1) + "\n1": LineTooLong,
		strings.Repeat("a", 3*MaxRecord):         LineTooLong,
	} {
		_, err := Scan(t.Context(), strings.NewReader(text), RFC4180(), nil)
		var header *HeaderError
		if !errors.As(err, &header) || header.Reason != want {
			t.Errorf("Scan(%.20q): %v, want a header error for %s", text, err, want)
		}
	}
}

func TestScanDialectErrors(t *testing.T) {
	t.Parallel()
	for _, d := range []Dialect{
		{Delimiter: '\n'}, {Delimiter: 'x', Quote: 'x'}, {Delimiter: '\\', Quote: '"', Escape: '\\'}, {Delimiter: ',', Quote: '"', Escape: '\\', NoEscape: true},
		{Delimiter: ',', NoHeader: true}, {Delimiter: 0xE9}, {NewLine: ';'},
	} {
		if _, err := Scan(t.Context(), strings.NewReader("a"), d, nil); err == nil {
			t.Errorf("Scan took the dialect %+v", d)
		}
	}
}

// endless gives size bytes of one piece again and again.
type endless struct {
	piece string
	left  int64
	at    int
}

func (e *endless) Read(p []byte) (int, error) {
	if e.left <= 0 {
		return 0, io.EOF
	}
	n := 0
	for n < len(p) && e.left > 0 {
		c := copy(p[n:], e.piece[e.at:])
		n += c
		e.at = (e.at + c) % len(e.piece)
		e.left -= int64(c)
	}
	return n, nil
}

func TestScanMemoryOfALongLine(t *testing.T) { // not parallel: it reads the process' allocations
	var before, after runtime.MemStats
	var broken list
	runtime.ReadMemStats(&before)
	rep, err := Scan(t.Context(), io.MultiReader(strings.NewReader("a,b\n"), &endless{piece: strings.Repeat("x,\"", 1000), left: 1 << 30}), RFC4180(), &broken)
	runtime.ReadMemStats(&after)
	if err != nil || rep.Broken() != 1 || broken.read(t, rep)[0].Length < 1<<30 {
		t.Fatalf("bad = %.100v, %v", rep.Bad, err)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 16<<20 {
		t.Errorf("a line of 1 GiB cost %d bytes of memory", used)
	}
}

func TestScanGivesUp(t *testing.T) {
	t.Parallel()
	rep, err := Scan(t.Context(), io.MultiReader(strings.NewReader("a,b\n"), &endless{piece: "1;2\n", left: 1 << 40}), RFC4180(), nil)
	var many *TooManyBadError
	if !errors.As(err, &many) || many.First != FieldCount || rep.Broken() != MaxBad || many.Try() == "" {
		t.Errorf("got %v after %d bad records", err, rep.Broken())
	}
}

func TestRawIsBounded(t *testing.T) {
	t.Parallel()
	line := strings.Repeat("é\xff\x00", 30_000) + "\n"
	var broken list
	rep, err := Scan(t.Context(), io.MultiReader(strings.NewReader("a,b\n"), &endless{piece: line, left: int64(len(line)) * 2000}), RFC4180(), &broken)
	if err != nil {
		t.Fatal(err)
	}
	listed := broken.Len()
	all := broken.read(t, rep)
	total := 0
	for _, b := range all {
		total += len(b.Raw)
	}
	if len(all) < 2000 || total > 3*(rawBudget+2000*maxRawLate) || listed > total+len(all)*20 {
		t.Errorf("%d bad records hold %d bytes, listed in %d", len(all), total, listed)
	}
	if !strings.HasPrefix(all[0].Raw, "é\uFFFD\uFFFDé") {
		t.Errorf("raw = %.20q", all[0].Raw)
	}
}

func TestScanStops(t *testing.T) {
	t.Parallel()
	cause := errors.New("the cause")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	if _, err := Scan(ctx, &endless{piece: "a,b\n", left: 1 << 40}, RFC4180(), nil); !errors.Is(err, cause) {
		t.Errorf("cancelled scan: %v", err)
	}
	if _, err := Scan(t.Context(), io.MultiReader(strings.NewReader("a,b\n1"), iotest.ErrReader(cause)), RFC4180(), nil); !errors.Is(err, cause) {
		t.Errorf("failing reader: %v", err)
	}
}

func FuzzScan(f *testing.F) {
	for _, text := range []string{"a,b\n1,2\n", "a,b\r\n1,\"x\r\ny\"\r\n", "\uFEFFa\n\n\"\"\n", "a,b\n1,\"\n\"\",\n", "a,b\n1,\"\\\"\"\n\r\r\n\xff,\x00",
		"x\n\nH,1\na,b\n1,2\nT,3\n4,5\nT,6\nT\n\nT,7,8\n", "H\na\n1\nT\n\nT,2\n\n"} {
		for dialect := range byte(14) {
			f.Add(text, dialect)
		}
	}
	f.Fuzz(func(t *testing.T, text string, dialect byte) {
		d := []Dialect{
			RFC4180(), {Delimiter: ',', Quote: '"', Escape: '\\'}, {Delimiter: ';'},
			{Delimiter: ',', Quote: '\'', NoHeader: true, Columns: 2}, {Quote: '"', NoHeader: true, Columns: 1},
			{Delimiter: ',', Quote: '"', NewLine: '\r'}, {Delimiter: ',', Quote: '"', NoEscape: true},
		}[dialect%7]
		if dialect >= 7 {
			d = framed(d, dialect)
		}
		checkAgainstReference(t, text, d, 40, 16)
		checkAgainstReference(t, text, d, MaxRecord, 4096)
	})
}

// framed adds to a dialect, by the bits of what, all that can stand round records.
func framed(d Dialect, what byte) Dialect {
	if !d.NoHeader && what&1 == 0 {
		d.HeaderWithin = 3
		d.IsHeader = func(fields []string) bool { return strings.Contains(fields[0], "a") }
	}
	if what&2 == 0 {
		d.First = &Marker{0, "H"}
	}
	if what&4 == 0 {
		d.Last = &Marker{int(what & 1), "T"}
	}
	return d
}

func checkAgainstReference(t *testing.T, text string, d Dialect, limit, size int) {
	t.Helper()
	ref := refer(text, d, limit)
	var clean bytes.Buffer
	var broken list
	rep, err := scanInto(t.Context(), outlets{newCleanCopy(&clean), &broken}, strings.NewReader(text), d, limit, size)
	if reason, fault := faultOf(err); reason != ref.badHeader || fault != ref.fault {
		t.Fatalf("%q %+v: %v, want header %q, frame %q", text, d, err, ref.badHeader, ref.fault)
	}
	if err != nil {
		return
	}
	bad := broken.read(t, rep)
	for i := range bad {
		bad[i].Raw = ""
	}
	got := reference{header: rep.Header, good: ref.good, bad: bad, records: rep.Records, blank: rep.Blank, first: rep.First, last: rep.Last, skipped: rep.Skipped}
	if diff := cmp.Diff(ref, got, cmp.AllowUnexported(reference{})); diff != "" {
		t.Fatalf("%q %+v (-reference +scan):\n%s", text, d, diff)
	}
	again := refer(clean.String(), bare(d), limit)
	if diff := cmp.Diff(ref.good, again.good); diff != "" || len(again.bad) > 0 || again.blank > 0 {
		t.Fatalf("%q %+v: clean copy %q (-reference +copy):\n%s", text, d, clean.String(), diff)
	}
}

// bare is the dialect of a clean copy.
func bare(d Dialect) Dialect {
	d.NewLine = '\n'
	d.HeaderWithin, d.First, d.Last = 0, nil, nil
	return d
}

// faultOf tells what a scan ended with.
func faultOf(err error) (header Reason, frame string) {
	var broken *HeaderError
	var framed *FrameError
	switch {
	case errors.As(err, &framed):
		return "", framed.Which
	case errors.As(err, &broken) && broken.Reason == "":
		return "", "header"
	case errors.As(err, &broken):
		return broken.Reason, ""
	case err != nil:
		return "", err.Error()
	}
	return "", ""
}
