package engine_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine"
)

// spellings are texts of amounts, and what becomes of each: by the grammar without a
// format, and by one that is shown 1.234,56 and 12500 EUR. "" is a reject.
func spellings() []struct{ text, plain, shown string } {
	return []struct{ text, plain, shown string }{
		{"1e3", "", ""}, {"1E3", "", ""}, {"1e-2", "", ""}, {"1_000", "", ""},
		{"12.34", "12.34", ""}, {"12.345", "", "12345.00"}, {"12.340", "12.34", "12340.00"}, {"12.3", "12.30", ""}, {"0.005", "", ""}, {"0.00", "0.00", ""},
		{"1.234,56", "", "1234.56"}, {"1234,56", "", "1234.56"}, {"12.34,56", "", ""}, {"1.234.567,89", "", "1234567.89"},
		{" 12500 EUR", "", "12500.00"}, {"12500 EUR", "", "12500.00"}, {"12500EUR", "", ""}, {"12500 USD", "", ""}, {"EUR 12500", "", ""},
		{"１２", "", ""}, {"١٢", "", ""}, {"१२", "", ""}, {"12\u00a0500", "", ""}, {"12\u2009500", "", ""}, {"−12", "", ""}, {"12‚50", "", ""},
		{"1,000", "", "1.00"}, {"1,000.00", "", ""}, {"1'000", "", ""}, {"1 000", "", ""},
		{"0x10", "", ""}, {"NaN", "", ""}, {"Infinity", "", ""}, {"-inf", "", ""}, {"true", "", ""}, {"½", "", ""}, {"$5", "", ""}, {"5%", "", ""},
		{"-5", "-5.00", "-5.00"}, {"--5", "", ""}, {"+-5", "", ""}, {"- 5", "", ""}, {"5-", "", ""}, {"(5.00)", "", ""}, {"-0", "0.00", "0.00"},
		{"007", "7.00", "7.00"}, {"1.", "", ""}, {".", "", ""}, {"1..2", "", ""}, {"1.2.3", "", ""},
		{"9999999999999999.99", "9999999999999999.99", ""}, {"9999999999999999", "9999999999999999.00", "9999999999999999.00"}, {"10000000000000000", "", ""}, {"99999999999999999999999999999999999999999", "", ""},
		{"90071992547409.93", "90071992547409.93", ""}, {"12;50", "", ""}, {"12\t50", "", ""}, {"1\u00002", "", ""},
	}
}

// TestSpellingsOfMoney sends every spelling as CSV, as a string of JSON and as a text
// of Parquet: each is taken exactly or refused, and all three agree.
func TestSpellingsOfMoney(t *testing.T) {
	t.Parallel()
	for name, format := range map[string]string{"plain": "", "shown": "-- format v: 1.234,56 | 12500 EUR\n"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, fstest.MapFS{
				"sql/contracts/raw_t.sql": {Data: []byte("-- about: amounts\n" + format + "-- objects: *.{csv,ndjson,parquet}\ncreate table raw_t (id integer not null, v decimal(18, 2) not null, _object varchar);\n")},
				"sql/models/t.sql":        {Data: []byte("-- publish: whole\nselect id, v, _object from raw_t\n")},
			})
			var csv, lines, rows strings.Builder
			csv.WriteString("id,v\n")
			want := map[string]string{}
			for i, s := range spellings() {
				text, err := json.Marshal(s.text)
				if err != nil {
					t.Fatal(err)
				}
				fmt.Fprintf(&csv, "%d,\"%s\"\n", i, s.text)
				fmt.Fprintf(&lines, "{\"id\":%d,\"v\":%s}\n", i, text)
				fmt.Fprintf(&rows, "%s(%d, replace('%s', '\x01', chr(0)))", map[bool]string{true: "", false: ", "}[i == 0], i, strings.NewReplacer("'", "''", "\x00", "\x01").Replace(s.text))
				if expected := map[string]string{"plain": s.plain, "shown": s.shown}[name]; expected != "" {
					want[s.text] = expected
				}
			}
			b.write("a.csv", csv.String())
			b.write("b.ndjson", lines.String())
			parquetFile(t, b, "c.parquet", "select * from (values "+rows.String()+") as t(id, v)")
			account := accountOf(t, b.run(engine.Selection{}), "raw_t")
			if n := int64(3 * len(spellings())); account.Read.Records != n || account.Accepted.Records+sumOfValues(rejectedRecords(account)) != n {
				t.Errorf("%d records read, %d accepted, %v rejected, of %d", account.Read.Records, account.Accepted.Records, rejectedRecords(account), n)
			}
			for _, object := range []string{"a.csv", "b.ndjson", "c.parquet"} {
				got := map[string]string{}
				for _, row := range lakeRows(t, b, "select id, v from t where _object = '"+object+"'") {
					var i int
					if _, err := fmt.Sscan(row[0], &i); err != nil {
						t.Fatal(err)
					}
					got[spellings()[i].text] = row[1]
				}
				if d := cmp.Diff(want, got); d != "" {
					t.Errorf("%s (-want +got):\n%s", object, d)
				}
			}
		})
	}
}

// TestNumbersOfJSON are amounts without quotes: a number is its value, to the last
// digit, and more digits than the scale has are a reject.
func TestNumbersOfJSON(t *testing.T) {
	t.Parallel()
	b := newBench(t, fstest.MapFS{
		"sql/contracts/raw_t.sql": {Data: []byte("-- about: amounts\n-- objects: *.ndjson\ncreate table raw_t (id integer not null, v decimal(18, 2) not null);\n")},
		"sql/models/t.sql":        {Data: []byte("-- publish: whole\nselect id, v from raw_t\n")},
	})
	numbers := []struct{ text, want string }{
		{"12.34", "12.34"}, {"12.345", ""}, {"12.340", "12.34"}, {"12.3400000000000000000000", "12.34"}, {"0.1", "0.10"}, {"-0.0", "0.00"}, {"1234567890123456.78", "1234567890123456.78"},
		{"9007199254740993", "9007199254740993.00"}, {"9007199254740993.01", "9007199254740993.01"}, {"0.30000000000000004", ""}, {"99999999999999999", ""}, {"true", ""}, {"[1]", ""}, {"{}", ""},
	}
	text := ""
	want := map[string]string{}
	for i, n := range numbers {
		text += fmt.Sprintf("{\"id\":%d,\"v\":%s}\n", i, n.text)
		if n.want != "" {
			want[n.text] = n.want
		}
	}
	for i, exponent := range []string{"1e3", "1.5E1", "12345e-2", "1e-3", "1e400", "1e-400"} { // exact or refused, by their plain form
		text += fmt.Sprintf("{\"id\":%d,\"v\":%s}\n", 100+i, exponent)
	}
	b.write("a.ndjson", text)
	b.run(engine.Selection{})
	got := map[string]string{}
	for _, row := range lakeRows(t, b, "select id, v from t") {
		var i int
		if _, err := fmt.Sscan(row[0], &i); err != nil {
			t.Fatal(err)
		}
		if i >= 100 {
			exact := []string{"1000.00", "15.00", "123.45", "none", "none", "none"}[i-100]
			if row[1] != exact {
				t.Errorf("exponent %d is %s, want %s or a reject", i-100, row[1], exact)
			}
			continue
		}
		got[numbers[i].text] = row[1]
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("accepted (-want +got):\n%s", d)
	}
}

// TestSumsAreExact adds up amounts of currencies with no, two, three and four decimals
// whose sums are past what a double holds, and compares each with big integers.
func TestSumsAreExact(t *testing.T) {
	t.Parallel()
	b := newBench(t, fstest.MapFS{
		"sql/contracts/raw_t.sql": {Data: []byte("-- about: amounts\n-- control: sum(v) by coin\n-- objects: *.csv\ncreate table raw_t (id integer not null, coin varchar not null, v decimal(22, 4) not null);\n")},
		"sql/models/t.sql":        {Data: []byte("-- publish: whole\n-- preserves: raw_t\nselect id, coin, v from raw_t\n")},
	})
	random := rand.New(rand.NewPCG(7, 7))
	decimals := map[string]int{"JPY": 0, "EUR": 2, "KWD": 3, "CLF": 4}
	sums := map[string]*big.Int{"JPY": {}, "EUR": {}, "KWD": {}, "CLF": {}}
	var text strings.Builder
	text.WriteString("id,coin,v\n")
	for i := range 4_000 {
		for coin, n := range decimals {
			minor := random.Int64N(1_999_999_999_999_999_999) - 999_999_999_999_999_999
			sums[coin].Add(sums[coin], big.NewInt(minor))
			fmt.Fprintf(&text, "%d,%s,%s\n", i, coin, point(big.NewInt(minor), n))
		}
	}
	b.write("a.csv", text.String())
	b.run(engine.Selection{})
	record, _ := b.open(false).State().Unit("raw_t", "whole")
	var read []string
	for _, cell := range record.Cells {
		for _, g := range cell.Accepted.Groups {
			read = append(read, g.By[0]+" "+g.Sums[0].StringFixed(4))
		}
	}
	var want []string
	for _, coin := range []string{"CLF", "EUR", "JPY", "KWD"} {
		scaled := new(big.Int).Mul(sums[coin], new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(4-decimals[coin])), nil))
		want = append(want, coin+" "+point(scaled, 4))
	}
	if d := cmp.Diff(want, read); d != "" {
		t.Errorf("in the accounts (-want +got):\n%s", d)
	}
	if d := cmp.Diff(strings.Join(want, "\n"), inLake(t, b, "select coin, sum(v) from t group by coin order by coin")); d != "" {
		t.Errorf("in the lake (-want +got):\n%s", d)
	}
}

// point writes minor units with so many decimals.
func point(minor *big.Int, decimals int) string {
	if decimals == 0 {
		return minor.String()
	}
	digits := fmt.Sprintf("%0*s", decimals+1, new(big.Int).Abs(minor))
	sign := ""
	if minor.Sign() < 0 {
		sign = "-"
	}
	return sign + digits[:len(digits)-decimals] + "." + digits[len(digits)-decimals:]
}
