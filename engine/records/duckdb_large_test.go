package records

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

// TestDuckDBAgreesOnLargeTexts reads texts that DuckDB divides among its
// threads, which have to find record boundaries in the middle.
func TestDuckDBAgreesOnLargeTexts(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("writes 40 MB texts")
	}
	seed := rand.Uint64()
	for name, field := range map[string]func(*rand.Rand) string{
		"plain":                  func(r *rand.Rand) string { return strings.Repeat("x", r.IntN(40)) },
		"line breaks":            func(r *rand.Rand) string { return `"` + strings.Repeat("a\n", r.IntN(20)) + `"` },
		"looks like records":     func(r *rand.Rand) string { return `"` + strings.Repeat("1,\"\"2\"\",3\n", r.IntN(9)) + `"` },
		"quotes and line breaks": func(r *rand.Rand) string { return `"` + strings.Repeat("\"\"\n\"\",", r.IntN(9)) + `"` },
		"whole records inside":   func(r *rand.Rand) string { return `"` + strings.Repeat("7,8,9\n", r.IntN(9)) + `"` },
		"long": func(r *rand.Rand) string {
			return `"` + strings.Repeat("7,8,9\n", r.IntN(10)*r.IntN(2)*15_000) + `"`
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := openDuck(t)
			rnd := rand.New(rand.NewPCG(seed, 0))
			records, size := writeLarge(t, d.file, rnd, field)
			text, err := os.Open(d.file)
			if err != nil {
				t.Fatal(err)
			}
			defer text.Close()
			rep, err := Scan(t.Context(), text, RFC4180(), nil)
			if err != nil || rep.Records != records || rep.Broken() != 0 || !rep.Clean() {
				t.Fatalf("seed %d: %d records of %d, %d bad, %v", seed, rep.Records, records, rep.Broken(), err)
			}
			for _, threads := range []int{1, 4} {
				if _, err := d.db.Exec(fmt.Sprintf("set threads = %d", threads)); err != nil {
					t.Fatal(err)
				}
				var count, bytes int64
				query := "select count(*), sum(coalesce(strlen(c1), 0) + coalesce(strlen(c2), 0))::bigint from " + d.from(RFC4180(), 3, rep.NewLine(), rep.Serial())
				if err := d.db.QueryRow(query).Scan(&count, &bytes); err != nil {
					t.Errorf("seed %d, %d threads: %.300s", seed, threads, err)
				} else if count != records || bytes != size {
					t.Errorf("seed %d, %d threads: DuckDB read %d records, %d bytes; want %d, %d", seed, threads, count, bytes, records, size)
				}
			}
		})
	}
}

// writeLarge returns the records written and the bytes of their second and
// third fields.
func writeLarge(t *testing.T, file string, rnd *rand.Rand, field func(*rand.Rand) string) (records, size int64) {
	t.Helper()
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(f)
	fmt.Fprint(w, "a,b,c\n")
	for written := 0; written < 40<<20; records++ {
		second, third := field(rnd), field(rnd)
		n, err := fmt.Fprintf(w, "%d,%s,%s\n", records, second, third)
		if err != nil {
			t.Fatal(err)
		}
		written += n
		size += unquotedSize(second) + unquotedSize(third)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return records, size
}

func unquotedSize(field string) int64 {
	inside, quoted := strings.CutPrefix(field, `"`)
	if !quoted {
		return int64(len(field))
	}
	return int64(len(strings.ReplaceAll(inside[:len(inside)-1], `""`, `"`)))
}
