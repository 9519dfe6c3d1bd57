package records

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

func names(fields []string) bool { return len(fields) > 1 && strings.TrimSpace(fields[0]) == "id" }

func TestScanFrame(t *testing.T) {
	t.Parallel()
	first, last := &Marker{0, "HDR"}, &Marker{0, "TRL"}
	within := Dialect{Delimiter: ';', Quote: '"', HeaderWithin: 5, IsHeader: names}
	both := Dialect{Delimiter: ';', Quote: '"', First: first, Last: last}
	bare := Dialect{Delimiter: ';', Quote: '"', First: first, Last: last, NoHeader: true, Columns: 2}
	single := Dialect{Delimiter: ';', Quote: '"', Last: last, NoHeader: true, Columns: 1}
	type found struct {
		Header, First   string
		Last            string
		Records         int64
		Bad, Copy       string
		Skipped, Blank  int64
		CRLF, ReadAsIs  bool
		HeaderWrongness string
	}
	for _, c := range []struct {
		name, text string
		dialect    Dialect
		want       found
	}{
		{"title lines", "Accounts; \"of the\r\n\r\n\xff;;\r\n id ;b\r\n1;2\r\n", within, found{Header: " id |b", Records: 1, Copy: " id ;b\n1;2\n", Skipped: 2, Blank: 1, CRLF: true}},
		{"header on line 1", "id;b\n1;2\n", within, found{Header: "id|b", Records: 1, Copy: "id;b\n1;2\n", ReadAsIs: true}},
		{"header in quotes", "x\n\"id\";\"b\nc\"\n1;2\n", within, found{Header: "id|b\nc", Records: 1, Copy: "\"id\";\"b\nc\"\n1;2\n", Skipped: 1}},
		{"header on the last line", "x\nx\n\nx\nid;b\n", within, found{Header: "id|b", Copy: "id;b\n", Skipped: 3, Blank: 1}},
		{"header too late", "x\nx\n\nx\nx\nid;b\n", within, found{HeaderWrongness: "header"}},
		{"no header", "x\nx\n", within, found{HeaderWrongness: "header"}},
		{"nothing", "", within, found{ReadAsIs: true}},
		{"both", "HDR;2025;x\na;b\n1;2\nTRL;EUR;3\nTRL;GBP;4\n", both, found{Header: "a|b", First: "HDR|2025|x", Last: "TRL|EUR|3 TRL|GBP|4", Records: 1, Copy: "a;b\n1;2\n"}},
		{"quoted, spaced", " HDR\t;\"x;\"\na;b\n\"TRL\";\"1\";\"2\"\n", both, found{Header: "a|b", First: " HDR\t|x;", Last: "TRL|1|2", Copy: "a;b\n"}},
		{"empty lines", "\nHDR\n\na;b\n1;2\n\nTRL;1;2\n\n", both, found{Header: "a|b", First: "HDR", Last: "TRL|1|2", Records: 1, Copy: "a;b\n1;2\n", Blank: 4}},
		{"no first", "a;b\n1;2\nTRL;1;2\n", both, found{HeaderWrongness: "first"}},
		{"no last", "HDR\na;b\n1;2\n", both, found{HeaderWrongness: "last"}},
		{"nothing, both wanted", "", both, found{HeaderWrongness: "first"}},
		{"only the first", "HDR\n", both, found{HeaderWrongness: "last"}},
		{"last cut", "HDR\na;b\n1;2\nTR", both, found{HeaderWrongness: "last"}},
		{"last with a broken character", "HDR\na;b\n1;2\nTRL;\xff;3", both, found{HeaderWrongness: "last"}},
		{"last with a broken quote", "HDR\na;b\n1;2\nTRL;\"x;3", both, found{HeaderWrongness: "last"}},
		{"data like the last, amid", "HDR\na;b\nTRL;2\n1;2\nTRL;x;y\n3;4\nTRL;2;3\n", both,
			found{Header: "a|b", First: "HDR", Last: "TRL|2|3", Records: 4, Bad: "3:field_count@18+8", Copy: "a;b\nTRL;2\n1;2\n3;4\n"}},
		{"data like the last, right before it", "HDR\na;b\nTRL;1\nTRL;2;3\n", both, found{Header: "a|b", First: "HDR", Last: "TRL|2|3", Records: 1, Copy: "a;b\nTRL;1\n"}},
		{"as many fields as the data", "HDR\na;b\n1;2\nTRL;1\nTRL;2\n", both, found{Header: "a|b", First: "HDR", Last: "TRL|1 TRL|2", Records: 1, Copy: "a;b\n1;2\n"}},
		{"no header line", "HDR;1;2\n1;2\nTRL\n", bare, found{First: "HDR|1|2", Last: "TRL", Records: 1, Copy: "1;2\n"}},
		{"no header line, no first", "1;2\nTRL\n", bare, found{HeaderWrongness: "first"}},
		{"one column", "1\n\nTRL;2\n\n", single, found{Last: "TRL|2", Records: 2, Copy: "1\n\n", Blank: 1}},
		{"title, first, header", "title\nHDR;old\nHDR;2\nx\nid;b\n1;2\n", Dialect{Delimiter: ';', HeaderWithin: 9, IsHeader: names, First: first},
			found{Header: "id|b", First: "HDR|2", Records: 1, Copy: "id;b\n1;2\n", Skipped: 2}},
		{"title, no first, header", "title\nid;b\n1;2\n", Dialect{Delimiter: ';', HeaderWithin: 9, IsHeader: names, First: first}, found{HeaderWrongness: "first"}},
		{"literal in another field", "HDR\na;b\n1;2\n9;END;3\n", Dialect{Delimiter: ';', First: first, Last: &Marker{1, "END"}},
			found{Header: "a|b", First: "HDR", Last: "9|END|3", Records: 1, Copy: "a;b\n1;2\n"}},
		{"CR", "HDR\ra;b\r1;2\rTRL;1;2\r", Dialect{Delimiter: ';', First: first, Last: last, NewLine: '\r'}, found{Header: "a|b", First: "HDR", Last: "TRL|1|2", Records: 1, Copy: "a;b\n1;2\n"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var clean bytes.Buffer
			var broken list
			rep, err := Copy(t.Context(), &clean, iotest.OneByteReader(strings.NewReader(c.text)), c.dialect, &broken)
			got := found{}
			if _, got.HeaderWrongness = faultOf(err); err == nil {
				var all []string
				for _, fields := range rep.Last {
					all = append(all, strings.Join(fields, "|"))
				}
				got = found{strings.Join(rep.Header, "|"), strings.Join(rep.First, "|"), strings.Join(all, " "), rep.Records, bads(broken.read(t, rep)), clean.String(), rep.Skipped, rep.Blank, rep.CRLF, rep.Clean(), ""}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
			checkAgainstReference(t, c.text, c.dialect, 40, 8)
		})
	}
}

func TestFrameError(t *testing.T) {
	t.Parallel()
	d := RFC4180()
	d.Last = &Marker{0, "TRL"}
	_, err := Scan(t.Context(), strings.NewReader("a,b\n1,2\n"), d, nil)
	var frame *FrameError
	if !errors.As(err, &frame) || frame.Which != "last" || !errors.Is(err, ErrTruncated) || frame.Try() == "" {
		t.Errorf("no last record: %v", err)
	}
	d = Dialect{Delimiter: ',', Last: d.Last}
	_, err = Scan(t.Context(), strings.NewReader("a,b\n"+strings.Repeat("TRL,1,2\n", maxLast+1)), d, nil)
	if !errors.As(err, &frame) || !strings.Contains(frame.Error(), fmt.Sprint(maxLast)) {
		t.Errorf("too many last records: %v", err)
	}
	rep, err := Scan(t.Context(), strings.NewReader("a,b\n"+strings.Repeat("TRL,1,2\n", maxLast+1)+"1,2\nTRL\n"), d, nil)
	if err != nil || rep.Records != maxLast+2 || rep.Broken() != maxLast+1 || len(rep.Last) != 1 {
		t.Errorf("%d records, %d bad, %d last, %v", rep.Records, rep.Broken(), len(rep.Last), err)
	}
	for _, d := range []Dialect{{HeaderWithin: 2}, {HeaderWithin: 2, IsHeader: names, NoHeader: true, Columns: 1}, {First: &Marker{}}, {Last: &Marker{-1, "x"}}} {
		if _, err := Scan(t.Context(), strings.NewReader("a"), d, nil); err == nil {
			t.Errorf("Scan took the dialect %+v", d)
		}
	}
}
