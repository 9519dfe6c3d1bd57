package draft_test

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"ledgermill/engine/draft"
)

var update = flag.Bool("update", false, "rewrite the drafts in testdata")

func sample(key, text string) draft.Sample {
	return draft.Sample{Key: key, Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }}
}

func encoded(t *testing.T, text string, encode func(string) (string, error)) string {
	t.Helper()
	out, err := encode(text)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func likelier(c draft.Choice) (string, bool, error) { return c.Readings[0], true, nil }

// TestDrafts drafts small feeds; the drafts and what was seen are in testdata.
func TestDrafts(t *testing.T) {
	t.Parallel()
	latin := encoded(t, "Référence;Date opération;Montant HT;Devise\nA-1;31.12.2024;1.234,50;EUR\nA-2;30.12.2024;-12,00;EUR\n", charmap.ISO8859_1.NewEncoder().String)
	wide := encoded(t, "id\tpaid\tnote\n007\t$1,234.50\tcafé\n008\t$-2.00\t\n", unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String)
	cp1252 := encoded(t, "name,amount\n“Anna”,10 €\nBob,7 €\n", charmap.Windows1252.NewEncoder().String)
	for _, c := range []struct {
		name    string
		samples []draft.Sample
	}{
		{"french", []draft.Sample{sample("cards/export_2024-12-31.csv", latin)}},
		{"utf16_tabs", []draft.Sample{sample("wide.txt", wide)}},
		{"windows", []draft.Sample{sample("euro.csv", cp1252)}},
		{"aliases", []draft.Sample{sample("in/a_20250101.csv", "event_id,booked on,Amount\ne1,2025-01-01,1.50\n"), sample("in/b_20250102.csv.gz.csv", "EventID,booked on,Net amount\ne2,2025-01-02,2.50\n")}},
		{"senders", []draft.Sample{
			sample("fr/x.csv", "Référence;Date;Montant\nA1;31/12/2024;1 234,50\n"), sample("uk/x.csv", "Reference,Day,Amount\nB1,13/12/2024,\"1,234.50\"\n"),
			sample("de/x.csv", "Referenz;Tag;Betrag\nC1;31.12.2024;1.234,50\n")}},
		{"likelier", []draft.Sample{sample("us.csv", "id,day,rate\n1,03/04/2025,\"1,234\"\n2,05/06/2025,\"2,345\"\n")}},
		{"sibling", []draft.Sample{sample("s.csv", "id,day,due\n1,03/04/2025,2025-01-02\n2,05/06/2025,2025-01-02\n3,25/06/2025,2025-01-02\n")}},
		{"preamble", []draft.Sample{sample("p.csv", "Report of 2025,,\n,,\nid,day,amount\n1,2025-01-01,1\n2,2025-01-02,2\n3,2025-01-02,2\n")}},
		{"no_header", []draft.Sample{sample("n.csv", "1,2025-01-01,1.5\n2,2025-01-02,2.5\n")}},
		{"numbers", []draft.Sample{sample("numbers.csv", "id,a,b,c,d,e\n1,(1.50),1.50-,1e5,85.64999999999999,12345678901\n2,2.50,3.10,2,3.1,1\n3,2.50,3.10,2,3.1,1\n4,2.5,3.1,2,3.1,1\n"+
			strings.Repeat("9,2.5,3.1,2,3.1,1\n", 20))}},
		{"nulls", []draft.Sample{sample("nulls.csv", "id,amount,day,city\n1,n/a,2025-01-01,NULL\n2,1.50,NULL,Bern\n3,-,2025-01-01,None\n4,2.50,2025-01-01,Rome\n")}},
		{"reserved", []draft.Sample{sample("r.csv", "Order,User,Year,Ändern,Is Fraud?,2nd\n1,2,2025,x,0,y\n")}},
		{"codes", []draft.Sample{sample("codes.csv", "booking,article,price,fee\nA12,TXN7,12 EUR,3 %\nA13,TXN8,12.50 EUR,4 %\n")}},
		{"quoted", []draft.Sample{sample("q.csv", "id|name\n'1'|'a|b'\n'2'|'it''s'\n")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d, err := draft.Contract(t.Context(), c.samples, draft.Options{Ask: likelier})
			if err != nil {
				t.Fatal(err)
			}
			got := d.SQL + "\n/* seen:\n" + strings.Join(d.Saw, "\n") + "\n*/\n"
			path := filepath.Join("testdata", c.name+".sql")
			if *update {
				if err := errors.Join(os.MkdirAll("testdata", 0o755), os.WriteFile(path, []byte(got), 0o644)); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// TestTwoReadings: without anybody to ask, a draft ends and names the choice.
func TestTwoReadings(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, text, readings string }{
		{"dates", "day\n03/04/2025\n05/06/2025\n", "%d/%m/%Y or %m/%d/%Y"},
		{"times", "day\n03/04/25 10:00\n", "%d/%m/%y %H:%M or %m/%d/%y %H:%M"},
		{"groups", "v\n\"1,234\"\n", "thousands or decimals"},
		{"points", "v\n1.234\n5.678\n", "decimals or thousands"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := draft.Contract(t.Context(), []draft.Sample{sample("a.csv", c.text)}, draft.Options{})
			var choice *draft.ChoiceError
			if !errors.As(err, &choice) {
				t.Fatalf("error %v", err)
			}
			if got := strings.Join(choice.Choice.Readings, " or "); got != c.readings {
				t.Errorf("readings %s, want %s", got, c.readings)
			}
			d, err := draft.Contract(t.Context(), []draft.Sample{sample("a.csv", c.text)}, draft.Options{Ask: likelier})
			if err != nil || !strings.Contains(d.SQL, "\n-- Nobody chose this: ") {
				t.Errorf("the draft does not say that nobody chose (%v):\n%s", err, d.SQL)
			}
		})
	}
}

// TestNoDraft: what cannot be drafted is refused with a remedy.
func TestNoDraft(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		samples []draft.Sample
		want    string
	}{
		{nil, "is missing"},
		{[]draft.Sample{sample("a.csv", "")}, "has no records"},
		{[]draft.Sample{sample("a.csv", "id,x\x00y\n1,2\n")}, "has no text for a header"},
		{[]draft.Sample{sample("a.parquet", "PAR1")}, "is not delimited text"},
		{[]draft.Sample{sample("a.csv.gz", "no gzip")}, "damaged"},
		{[]draft.Sample{sample("a.csv", "id,amount,day\n1,2,3\n"), sample("b.csv", "name,city\nx,y\n")}, "looks like another feed"},
	} {
		_, err := draft.Contract(t.Context(), c.samples, draft.Options{Ask: likelier})
		var hint interface{ Try() string }
		if err == nil || !strings.Contains(err.Error(), c.want) || !errors.As(err, &hint) || hint.Try() == "" {
			t.Errorf("error %v, want %q with a remedy", err, c.want)
		}
	}
}

// FuzzDraft: any bytes give a draft or an error, never a panic, and the draft's
// header is unbroken up to the statement or what nobody chose.
func FuzzDraft(f *testing.F) {
	f.Add([]byte("id,day\n1,2025-01-01\n"))
	f.Add([]byte("a;b\n\"x;\"\"y\";1.234,56-\n"))
	f.Add([]byte("\xff\xfea\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := draft.Sample{Key: "f.csv", Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }}
		d, err := draft.Contract(t.Context(), []draft.Sample{s}, draft.Options{Ask: likelier})
		if err != nil {
			return
		}
		for line := range strings.Lines(d.SQL) {
			if strings.HasPrefix(line, "create ") {
				return
			}
			if line != "\n" && !strings.HasPrefix(line, "-- ") {
				t.Fatalf("line %q in the header:\n%s", line, d.SQL)
			}
		}
		t.Fatalf("no statement:\n%s", d.SQL)
	})
}
