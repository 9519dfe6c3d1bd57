package records

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
)

// BenchmarkDuckDB is what the other benchmarks stand beside: DuckDB reads the
// same bytes as text, on one thread and on all.
func BenchmarkDuckDB(b *testing.B) {
	d := openDuck(b)
	csv := table("id,booked,at,holder,kind,amount,currency,state,shop,category\n",
		"TXN%018d,2025-01-31,2025-01-31 12:00:00,CUST00001234,PAYMENT,1234.56,EUR,COMPLETED,Some Shop Name,GROCERIES AND MORE\n")
	quoted := table("id,booked,at,holder,kind,amount,currency,state,shop,category\n",
		"\"TXN%018d\",\"2025-01-31\",\"2025-01-31 12:00:00\",\"CUST00001234\",\"PAYMENT\",\"1234.56\",\"EUR\",\"COMPLETED\",\"Some Shop\",\"GROCERIES\"\n")
	object := fmt.Sprintf("read_json(%s, format = 'newline_delimited', columns = {'id': 'varchar', 'booked': 'varchar', 'at': 'varchar', 'holder': 'varchar', 'kind': 'varchar', 'amount': 'varchar', 'currency': 'varchar', 'state': 'varchar', 'shop': 'varchar', 'place': 'varchar'})", quoteSQL(d.file))
	for _, c := range []struct{ name, text, from string }{
		{"csv", csv, d.from(RFC4180(), 10, `\n`, false)},
		{"csv all quoted", quoted, d.from(RFC4180(), 10, `\n`, false)},
		{"json", jsonTable(), object},
	} {
		for _, threads := range []int{1, 2} {
			b.Run(fmt.Sprintf("%s/%d", c.name, threads), func(b *testing.B) {
				if err := os.WriteFile(d.file, []byte(c.text), 0o600); err != nil {
					b.Fatal(err)
				}
				if _, err := d.db.Exec(fmt.Sprintf("set threads = %d", threads)); err != nil {
					b.Fatal(err)
				}
				b.SetBytes(int64(len(c.text)))
				for b.Loop() {
					if _, err := d.db.Exec("create or replace temp table t as select * from " + c.from); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func table(header, row string) string {
	var text strings.Builder
	text.WriteString(header)
	for i := 0; text.Len() < 64<<20; i++ {
		fmt.Fprintf(&text, row, uint64(i)*0x9E3779B97F4A7C15%1e18)
	}
	return text.String()
}

func BenchmarkScan(b *testing.B) {
	const names = "id,booked,at,holder,kind,amount,currency,state,shop,category\n"
	for _, c := range []struct{ name, text string }{
		{"plain", table(names, "TXN%018d,2025-01-31,2025-01-31 12:00:00,CUST00001234,PAYMENT,1234.56,EUR,COMPLETED,Some Shop Name,GROCERIES AND MORE\n")},
		{"crlf", table(strings.ReplaceAll(names, "\n", "\r\n"), "TXN%018d,2025-01-31,2025-01-31 12:00:00,CUST00001234,PAYMENT,1234.56,EUR,COMPLETED,Some Shop Name,GROCERIES AND MORE\r\n")},
		{"accents", table(names, "TXN%018d,2025-01-31,2025-01-31 12:00:00,CUST00001234,PAYMENT,1234.56,EUR,COMPLETED,Café Übergröße,GROCERIES AND MORE\n")},
		{"one quoted", table(names, "TXN%018d,2025-01-31,2025-01-31 12:00:00,CUST00001234,PAYMENT,1234.56,EUR,COMPLETED,\"Some, Shop\",GROCERIES AND MORE\n")},
		{"all quoted", table(names, "\"TXN%018d\",\"2025-01-31\",\"2025-01-31 12:00:00\",\"CUST00001234\",\"PAYMENT\",\"1234.56\",\"EUR\",\"COMPLETED\",\"Some Shop\",\"GROCERIES\"\n")},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.text)))
			b.ReportAllocs()
			for b.Loop() {
				rep, err := Scan(b.Context(), strings.NewReader(c.text), RFC4180(), nil)
				if err != nil || rep.Broken() > 0 {
					b.Fatal(err, rep.Bad)
				}
			}
		})
	}
	text := table(names, "TXN%018d,2025-01-31,2025-01-31 12:00:00,CUST00001234,PAYMENT,1234.56,EUR,COMPLETED,Some Shop Name,GROCERIES AND MORE\n")
	for name, compression := range map[string]Compression{"x.gz": Gzip, "x.zst": Zstd} {
		packed := pack(b, compression, text)
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				r, err := Open(name, bytes.NewReader(packed))
				if err != nil {
					b.Fatal(err)
				}
				if _, err := Scan(b.Context(), r, RFC4180(), nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("copy", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			if _, err := Copy(b.Context(), io.Discard, strings.NewReader(text), RFC4180(), nil); err != nil {
				b.Fatal(err)
			}
		}
	})
}
