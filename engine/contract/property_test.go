package contract_test

import (
	"database/sql"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"ledgermill/engine/contract"
	"ledgermill/engine/duckdb"
	"ledgermill/engine/sqltext"
)

// reading is a random type and format, how to write texts of it, and a reading of
// them that is written without regular expressions and casts.
type reading struct {
	typ, format string
	write       func(*rand.Rand) string
	read        func(text string) (string, bool)
}

// TestReadings holds what DuckDB makes of a million random texts by random formats,
// and what Go makes of them, to math/big and time: exact, or rejected.
func TestReadings(t *testing.T) {
	t.Parallel()
	formats, each := 200, 5_000
	if testing.Short() {
		formats, each = 40, 500
	}
	r := rand.New(rand.NewPCG(20250131, 4))
	var all []reading
	for range formats / 2 {
		all = append(all, randomNumbers(r), randomMoments(r))
	}
	judge := newJudge(t)
	db := openDuck(t)
	for i, one := range all {
		src := "-- objects: x.csv\n-- format x: " + one.format + "\ncreate table raw_x (x " + one.typ + ");"
		c, err := contract.Parse(t.Context(), "raw_x.sql", src, judge)
		if err != nil {
			t.Fatalf("%s of %s: %v", one.format, one.typ, err)
		}
		texts := make([]string, each)
		for i := range texts {
			if texts[i] = one.write(r); r.IntN(3) == 0 {
				texts[i] = mutated(r, texts[i])
			}
		}
		checkReadings(t, db, c, one, texts, i)
	}
}

func checkReadings(t *testing.T, db *sql.DB, c *contract.Contract, one reading, texts []string, i int) {
	t.Helper()
	s, col := c.Sections[0], c.Columns[0]
	got := readAll(t, db, fmt.Sprintf("t%d", i), c.Value(s, col, "x", duckdb.Dialect{}), texts)
	readable, inGo := 0, c.Reader(s, col)
	for i, text := range texts {
		want, ok := one.read(strings.Trim(text, " \t"))
		if !ok {
			want = ""
		} else {
			readable++
		}
		if got[i] != want {
			t.Fatalf("%s by %s: %q is %q, and %q is read", one.typ, one.format, text, want, got[i])
		}
		if value, _ := inGo(text); value != want {
			t.Fatalf("%s by %s: %q is %q, and Go reads %q", one.typ, one.format, text, want, value)
		}
	}
	if readable*50 < len(texts) {
		t.Errorf("%s by %s: %d of %d texts are values: the test tests little", one.typ, one.format, readable, len(texts))
	}
}

// mutated is a text that is nearly another.
func mutated(r *rand.Rand, from string) string {
	alphabet := []rune("0123456789+-.,:TZ eE_x'/($)\u00a0")
	text := []rune(from)
	for range 1 + r.IntN(2) {
		at, c := r.IntN(len(text)+1), alphabet[r.IntN(len(alphabet))]
		switch {
		case r.IntN(3) == 0:
			text = slices.Insert(text, at, c)
		case at == len(text):
		case r.IntN(2) == 0:
			text[at] = c
		default:
			text = slices.Delete(text, at, at+1)
		}
	}
	return string(text)
}

func pick[V any](r *rand.Rand, list ...V) V { return list[r.IntN(len(list))] }

// numberStyle is how a sender writes numbers.
type numberStyle struct {
	before, after, group, mark string
	inner, behind, last, plus  bool
	parens, round              bool
	precision, scale           int
	whole                      string // smallint, integer, bigint; "" for a decimal
}

func randomNumbers(r *rand.Rand) reading {
	st := numberStyle{before: pick(r, "", "", "$", "EUR ", "Fr. "), after: pick(r, "", "", " EUR", "%", " kr."),
		group: pick(r, "", ".", ",", " ", "'", "\u00a0"), mark: pick(r, "", ".", ","), round: r.IntN(2) == 0,
		precision: 1 + r.IntN(38), whole: pick(r, "", "", "", "smallint", "integer", "bigint")}
	if st.mark == st.group {
		st.mark = ""
	}
	sign := func() string { return pick(r, "-", "-", "+") }
	number := "1"
	if st.group != "" {
		number += st.group + "234"
	} else {
		number += "23"
	}
	if st.mark != "" {
		number += st.mark + pick(r, "5", "56")
	}
	example := st.before + number + st.after
	said := ""
	switch r.IntN(7) {
	case 0:
		st.parens, example = true, "("+example+")"
	case 1:
		said, st.behind = sign(), true
		example = st.before + number + said + st.after
	case 2:
		said, st.last = sign(), true
		example += said
	case 3:
		said, st.inner = sign(), true
		example = st.before + said + number + st.after
	case 4:
		said = sign()
		example = said + example
	}
	st.plus = said == "+"
	if st.before == "" {
		st.inner = false
	}
	st.scale = r.IntN(min(st.precision, 12) + 1)
	typ := fmt.Sprintf("decimal(%d, %d)", st.precision, st.scale)
	if st.whole != "" {
		typ, st.scale = st.whole, 0
	}
	format := sqltext.QuoteString(example)
	if st.round {
		format += ", round"
	}
	return reading{typ: typ, format: format, write: st.write, read: st.read}
}

func digits(r *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = "00123456789999"[r.IntN(14)]
	}
	return string(b)
}

func (st numberStyle) write(r *rand.Rand) string {
	most := st.precision - st.scale
	if st.whole != "" {
		most = map[string]int{"smallint": 4, "integer": 9, "bigint": 18}[st.whole]
	}
	number := digits(r, 1+r.IntN(max(most, 1)))
	if r.IntN(8) == 0 {
		number += digits(r, 1+r.IntN(3))
	}
	if st.group != "" && r.IntN(2) == 0 {
		for at := len(number) - 3; at > 0; at -= 3 {
			number = number[:at] + st.group + number[at:]
		}
	}
	if st.mark != "" && r.IntN(3) > 0 {
		number += st.mark + pick(r, digits(r, st.scale), digits(r, 1+r.IntN(st.scale+2)), digits(r, st.scale)+"5", digits(r, st.scale)+"4999999999999999999999", digits(r, st.scale)+"000")
	}
	sign := "-"
	if st.plus {
		sign = pick(r, "-", "+")
	}
	places := []string{st.before + number + st.after, sign + st.before + number + st.after}
	if st.parens {
		places = []string{"(" + st.before + number + st.after + ")"}
	}
	if st.inner {
		places = append(places, st.before+sign+number+st.after)
	}
	if st.behind {
		places = append(places, st.before+number+sign+st.after)
	}
	if st.last {
		places = append(places, st.before+number+st.after+sign)
	}
	return pick(r, places...)
}

// read follows the words of docs/contracts.md.
func (st numberStyle) read(text string) (string, bool) {
	signs := ""
	take := func(allowed bool) {
		if allowed && text != "" && (text[0] == '-' || text[0] == '+' && st.plus) {
			signs, text = signs+text[:1], text[1:]
		}
	}
	literal := func(l string) bool {
		rest, ok := strings.CutPrefix(text, l)
		text = rest
		return ok
	}
	if st.parens {
		if len(text) < 2 || text[0] != '(' || text[len(text)-1] != ')' {
			return "", false
		}
		signs, text = "-", text[1:len(text)-1]
	}
	take(!st.parens)
	if !literal(st.before) {
		return "", false
	}
	take(st.inner)
	number, ok := st.digits(&text)
	if !ok {
		return "", false
	}
	take(st.behind)
	if !literal(st.after) {
		return "", false
	}
	take(st.last)
	if text != "" || len(signs) > 1 {
		return "", false
	}
	value, ok := new(big.Rat).SetString(signs + number)
	if !ok {
		return "", false
	}
	return st.fit(value)
}

// digits takes the digits off the text and writes them plainly.
func (st numberStyle) digits(text *string) (string, bool) {
	run := func() string {
		n := 0
		for n < len(*text) && (*text)[n] >= '0' && (*text)[n] <= '9' {
			n++
		}
		taken := (*text)[:n]
		*text = (*text)[n:]
		return taken
	}
	number := run()
	if number == "" {
		return "", false
	}
	for first := len(number); st.group != "" && strings.HasPrefix(*text, st.group); {
		rest := (*text)[len(st.group):]
		if rest == "" || rest[0] < '0' || rest[0] > '9' {
			break // it begins what stands behind the number
		}
		*text = rest
		more := run()
		if first > 3 || len(more) != 3 || number[0] == '0' {
			return "", false
		}
		number += more
	}
	if st.mark != "" && strings.HasPrefix(*text, st.mark) {
		*text = (*text)[len(st.mark):]
		fraction := run()
		if fraction == "" {
			return "", false
		}
		number += "." + fraction
	}
	return number, true
}

func (st numberStyle) fit(value *big.Rat) (string, bool) {
	unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(st.scale)), nil)
	scaled := new(big.Rat).Mul(value, new(big.Rat).SetInt(unit))
	if !scaled.IsInt() {
		if !st.round {
			return "", false
		}
		// FloatString rounds half away from zero.
		scaled.SetString(scaled.FloatString(0))
	}
	low, high := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(st.precision)), nil), new(big.Int)
	high.Sub(low, big.NewInt(1))
	low.Neg(high)
	if bits := map[string]uint{"smallint": 15, "integer": 31, "bigint": 63}[st.whole]; bits > 0 {
		low.Neg(low.Lsh(big.NewInt(1), bits))
		high.Sub(new(big.Int).Neg(low), big.NewInt(1))
	}
	if n := scaled.Num(); n.Cmp(low) < 0 || n.Cmp(high) > 0 {
		return "", false
	}
	return new(big.Rat).Quo(scaled, new(big.Rat).SetInt(unit)).FloatString(st.scale), true
}
