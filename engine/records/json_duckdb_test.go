package records

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// objects returns all that DuckDB finds in a text of JSON, a line.
func (d *duck) objects(t *testing.T, text []byte) ([]string, error) {
	t.Helper()
	if err := os.WriteFile(d.file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	rows, err := d.db.QueryContext(t.Context(), fmt.Sprintf(
		"select json::varchar from read_ndjson_objects(%s, maximum_object_size = %d)", quoteSQL(d.file), 2*MaxRecord))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var one string
		if err := rows.Scan(&one); err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// checkJSON proves that DuckDB reads the good records of text, and only them,
// from the clean copy, and from the text itself where the report says so.
func (d *duck) checkJSON(t *testing.T, text string, array bool) {
	t.Helper()
	var clean bytes.Buffer
	rep, err := CopyJSON(t.Context(), &clean, strings.NewReader(text), JSONOptions{Array: array}, nil)
	if err != nil || rep.Good() == 0 {
		return
	}
	want := strings.Split(strings.TrimSuffix(clean.String(), "\n"), "\n")
	if int64(len(want)) != rep.Good() {
		t.Fatalf("%.300q: %d lines in the clean copy, %d good records", text, len(want), rep.Good())
	}
	texts := map[string][]byte{"clean copy": clean.Bytes()}
	if rep.Clean() {
		texts["text"] = []byte(text)
	}
	for name, text := range texts {
		got, err := d.objects(t, text)
		if err != nil {
			t.Errorf("%.300q: DuckDB on the %s: %.300v", text, name, err)
		} else if diff := cmp.Diff(compact(want), compact(got)); diff != "" {
			t.Errorf("%.300q: the %s (-want +DuckDB):\n%.900s", text, name, diff)
		}
	}
}

// compact takes the spaces out of objects.
func compact(all []string) []string {
	var compacted []string
	for _, one := range all {
		var b bytes.Buffer
		if err := json.Compact(&b, []byte(one)); err != nil {
			b.WriteString(one)
		}
		compacted = append(compacted, b.String())
	}
	return compacted
}

func TestDuckDBAgreesOnJSON(t *testing.T) {
	t.Parallel()
	d := openDuck(t)
	long := `{"a":"` + strings.Repeat("x", MaxRecord-8) + `"}`
	for _, text := range []string{
		"{\"a\":1}\n{\"a\":2}\n", "{\"a\":1}\n{\"a\":2}", "{\"a\":1}\r\n{\"a\":2}\r\n", "\uFEFF{\"a\":1}\n{\"a\":2}\n", "\n\n{\"a\":1}\n\n \t\n{\"a\":2}\n\n", "\r\n{\"a\":1}\r\n\r\n",
		"{\"a\":\r1}\n{\r}\n", " {\"a\":1} \n", "{}\n{}\n", "{\"a\":1}x\n{\"a\":2}\n", "{\"a\":1}\n[1]\n{\"a\":NaN}\n{\"a\":\"\\ud800\"}\n{\"a\":\"\xff\"}\n{\"a\":3}\n",
		"{\"a\":1}\n{\"a\":", "{\"a\":\"\\ud83d\\ude00é\\u00e9\"}\n", "\uFEFF\n{\"a\":1}\n", long + "\n" + long, "{\"a\":1e999,\"b\":-0,\"c\":12345678901234567890123456789}\n",
		strings.Repeat(`{"a":`, MaxDepth) + "1" + strings.Repeat("}", MaxDepth) + "\n", "[{\"a\":\n1},\n{\"a\":2}]", "{\"a\":1}\n\r{\"a\":2}\n", "{\"\":1,\" \":2}\n",
	} {
		d.checkJSON(t, text, false)
		d.checkJSON(t, text, true)
	}
	seed := rand.Uint64()
	for i := range uint64(1500) {
		rnd := rand.New(rand.NewPCG(seed, i))
		d.checkJSON(t, randomJSON(rnd), rnd.IntN(2) == 0)
		if t.Failed() {
			t.Fatalf("seed %d, text %d", seed, i)
		}
	}
}

// TestDuckDBAgreesOnLargeJSON reads a text that DuckDB divides among threads.
func TestDuckDBAgreesOnLargeJSON(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("writes a 64 MB text")
	}
	d := openDuck(t)
	text := jsonTable()
	if err := os.WriteFile(d.file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	rep, err := ScanJSON(t.Context(), strings.NewReader(text), JSONOptions{}, nil)
	if err != nil || !rep.Clean() || len(rep.Header) != 10 {
		t.Fatal(rep.Header, err)
	}
	var count, different int64
	query := fmt.Sprintf("select count(*), count(distinct id) from read_json(%s, format = 'newline_delimited', columns = {id: 'varchar'})", quoteSQL(d.file))
	if err := d.db.QueryRow(query).Scan(&count, &different); err != nil || count != rep.Records || different != count {
		t.Errorf("DuckDB read %d records, %d of them different, %v; want %d", count, different, err, rep.Records)
	}
}

// randomJSON writes a few objects and then spoils them here and there.
func randomJSON(rnd *rand.Rand) string {
	pick := func(from ...string) string { return from[rnd.IntN(len(from))] }
	var text strings.Builder
	text.WriteString(pick("", "", "", "\uFEFF", "\n", "["))
	for range 1 + rnd.IntN(6) {
		text.WriteString(pick("", "", " ") + "{")
		for i := range rnd.IntN(4) {
			if i > 0 {
				text.WriteString(pick(",", ",", " , "))
			}
			fmt.Fprintf(&text, "%q:%s%s", pick("a", "b", "c", "d", "é")+fmt.Sprint(i), pick("", "", " ", "\t"), pick("1", "-2.5e3", `"x"`, `"\u00e9\n"`, "null", "true", `[1,{"a":2}]`, `{"a":{"a":[]}}`, `"é"`))
		}
		text.WriteString("}" + pick("", "", " ") + pick("\n", "\n", "\n", "\r\n", "\n\n", ",\n"))
	}
	spoiled := text.String()
	if rnd.IntN(2) == 0 {
		return spoiled
	}
	at := rnd.IntN(len(spoiled) + 1)
	cut := min(len(spoiled), at+rnd.IntN(2))
	return spoiled[:at] + pick("", `"`, ",", "\n", "\r", "{", "}", "]", "\\", "\xff", "\x00", "x", ":", "\uFEFF") + spoiled[cut:]
}

// TestNumbersKeepTheirValue reads random numbers from the clean copy, at the top
// and inside: none of them is another one afterwards, and none has an exponent
// that it was sent without.
func TestNumbersKeepTheirValue(t *testing.T) {
	t.Parallel()
	d := openDuck(t)
	seed := rand.Uint64()
	rnd := rand.New(rand.NewPCG(seed, 0))
	var text, clean strings.Builder
	var sent []string
	for range 50_000 {
		n := randomNumber(rnd)
		sent = append(sent, n)
		fmt.Fprintf(&text, "{\"n\":%d,\"a\":%s,\"b\":{\"c\":[%s]}}\n", len(sent), n, n)
	}
	if _, err := CopyJSON(t.Context(), &clean, strings.NewReader(text.String()), JSONOptions{}, nil); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(d.file, []byte(clean.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	rows, err := d.db.Query(fmt.Sprintf("select cast(n as bigint), a, json_extract_string(b, '$.c[0]') from read_json(%s, format = 'newline_delimited', columns = {n: 'varchar', a: 'varchar', b: 'varchar'})", quoteSQL(d.file)))
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var n int
		var top, inside string
		if err := rows.Scan(&n, &top, &inside); err != nil {
			t.Fatal(err)
		}
		want, _ := new(big.Rat).SetString(sent[n-1])
		for _, got := range []string{top, inside} {
			if value, ok := new(big.Rat).SetString(got); !ok || value.Cmp(want) != 0 {
				t.Fatalf("seed %d: %s came as %s", seed, sent[n-1], got)
			}
			if strings.ContainsAny(got, "eE") && !strings.ContainsAny(sent[n-1], "eE") {
				t.Fatalf("seed %d: %s came as %s", seed, sent[n-1], got)
			}
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}

func randomNumber(rnd *rand.Rand) string {
	digits := func(n int) string {
		var b strings.Builder
		for range n {
			b.WriteByte(byte('0' + rnd.IntN(10)))
		}
		return b.String()
	}
	text := []string{"", "-"}[rnd.IntN(2)] + []string{"0", fmt.Sprint(1+rnd.IntN(9)) + digits(rnd.IntN(22))}[rnd.IntN(2)]
	if rnd.IntN(2) == 0 {
		text += "." + []string{"", "", "000", "0000"}[rnd.IntN(4)] + digits(1+rnd.IntN(20))
	}
	if rnd.IntN(4) == 0 {
		text += []string{"e", "E"}[rnd.IntN(2)] + []string{"", "+", "-"}[rnd.IntN(3)] + digits(1+rnd.IntN(3))
	}
	return text
}
