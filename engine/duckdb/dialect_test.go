package duckdb_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	duck "github.com/duckdb/duckdb-go/v2"

	"ledgermill/engine/contract"
	"ledgermill/engine/duckdb"
)

// plain is the dialect without its short cuts: what the grammar says and nothing else.
type plain struct{ duckdb.Dialect }

func (plain) Fast(_ string, _ contract.Type, slow string) string { return slow }
func (plain) Trim(x string) string                               { return "trim(" + x + ", ' \t')" }

// texts makes a table t(x varchar) of the texts.
func texts(t *testing.T, all []string) *sql.DB {
	t.Helper()
	connector, err := duck.NewConnector("", nil)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	t.Cleanup(func() { _ = db.Close() })
	if _, err := db.Exec("create table t (i integer, x varchar)"); err != nil {
		t.Fatal(err)
	}
	conn, err := connector.Connect(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	fill(t, conn, all)
	return db
}

func fill(t *testing.T, conn driver.Conn, all []string) {
	t.Helper()
	appender, err := duck.NewAppenderFromConn(conn, "", "t")
	if err != nil {
		t.Fatal(err)
	}
	for i, x := range all {
		if err := appender.AppendRow(int32(i), x); err != nil {
			t.Fatal(err)
		}
	}
	if err := appender.Close(); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
}

// values are the expression's values as text, "" for null.
func values(t *testing.T, db *sql.DB, expression string) []string {
	t.Helper()
	rows, err := db.Query("select coalesce(cast(" + expression + " as varchar), '') from t order by i")
	if err != nil {
		t.Fatalf("%v\n%s", err, expression)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var v string
		if err := rows.Scan(&v); err != nil {
			t.Fatal(err)
		}
		all = append(all, v)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// mutate makes a text that is nearly one of the seeds.
func mutate(r *rand.Rand, seeds []string) string {
	const alphabet = "0123456789+-.,:TZ eE_xX\tn/(ti"
	text := []rune(seeds[r.IntN(len(seeds))])
	for range r.IntN(4) {
		at := r.IntN(len(text) + 1)
		switch c := rune(alphabet[r.IntN(len(alphabet))]); r.IntN(3) {
		case 0:
			text = slices.Insert(text, at, c)
		case 1:
			if at < len(text) {
				text[at] = c
			}
		default:
			if at < len(text) {
				text = slices.Delete(text, at, at+1)
			}
		}
	}
	return string(text)
}

var strictTypes = []struct {
	typ   contract.Type
	seeds []string
	want  func(string) string
}{
	{contract.Type{Base: contract.Varchar}, []string{"a", "", " a", "a\t", "ünï", "x y"}, func(s string) string { return s }},
	{contract.Type{Base: contract.Boolean}, []string{"true", "F", "1", "0", "yes", "No", "y", "TRUE"}, readBoolean},
	{contract.Type{Base: contract.Smallint}, []string{"0", "32767", "-32768", "32768", "+7", "007"}, readInteger(16)},
	{contract.Type{Base: contract.Integer}, []string{"0", "2147483647", "-2147483648", "12.0", "0x1F", "1e2"}, readInteger(32)},
	{contract.Type{Base: contract.Bigint}, []string{"9223372036854775807", "-9223372036854775808", "1", "1_000"}, readInteger(64)},
	{decimal(18, 2), []string{"12.50", "-0.01", "9999999999999999.99", "1.000", "12.345", ".5", "+3", "0012.5"}, readDecimal(18, 2)},
	{decimal(4, 0), []string{"12", "9999", "10000", "1.0", "-7.00"}, readDecimal(4, 0)},
	{decimal(38, 10), []string{"1234567890123456789012345678.0123456789", "0.00000000010", "-1"}, readDecimal(38, 10)},
	{contract.Type{Base: contract.Date}, []string{"2025-01-31", "2024-02-29", "0001-01-01", "9999-12-31", "2025-02-29", "0000-01-01", "10000-01-01"}, readDate},
	{contract.Type{Base: contract.Timestamp}, []string{"2025-01-31 23:59:59", "2025-01-31T00:00:00.123456", "2025-01-31 24:00:00",
		"2025-01-31 12:00:60", "2025-01-31 12:00:00+02:00", "2025-01-31 12:00:00.5"}, readTimestamp},
}

func decimal(precision, scale int) contract.Type {
	return contract.Type{Base: contract.Decimal, Precision: precision, Scale: scale}
}

// TestStrictReading holds the fast and the plain form, on a million texts that are
// nearly values, to a reading that is written without regular expressions or casts.
func TestStrictReading(t *testing.T) {
	t.Parallel()
	count := 1_000_000 / len(strictTypes)
	if testing.Short() {
		count = 5_000
	}
	for i, test := range strictTypes {
		t.Run(test.typ.String(), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(1, uint64(i)))
			all := slices.Concat(test.seeds, []string{"", " ", "\t ", "infinity", "-infinity", "epoch", "nan", "inf", "١٢", "１２"})
			for len(all) < count {
				all = append(all, mutate(r, test.seeds))
			}
			db := texts(t, all)
			c, col := &contract.Contract{}, contract.Column{Name: "x", Type: test.typ}
			fast := values(t, db, c.Value(contract.Section{}, col, "x", duckdb.Dialect{}))
			slow := values(t, db, c.Value(contract.Section{}, col, "x", plain{}))
			blank := values(t, db, c.Empty(contract.Section{}, col, "x", duckdb.Dialect{}))
			readable := 0
			for i, x := range all {
				text := strings.Trim(x, " \t")
				want := test.want(text)
				if fast[i] != want || slow[i] != want {
					t.Fatalf("%q is read as %q by the fast form and as %q by the plain one, and is %q", x, fast[i], slow[i], want)
				}
				if (blank[i] == "true") != (text == "") {
					t.Fatalf("%q is empty: %s", x, blank[i])
				}
				if want != "" {
					readable++
				}
			}
			if readable*20 < len(all) || readable == len(all) && test.typ.Base != contract.Varchar {
				t.Errorf("%d of %d texts are values: the test tests little", readable, len(all))
			}
		})
	}
}

func readBoolean(s string) string {
	switch strings.ToLower(s) {
	case "true", "t", "1", "yes", "y":
		return "true"
	case "false", "f", "0", "no", "n":
		return "false"
	}
	return ""
}

func onlyDigits(s string) bool { return strings.Trim(s, "0123456789") == "" }

func readInteger(bits uint) func(string) string {
	limit := new(big.Int).Lsh(big.NewInt(1), bits-1)
	return func(s string) string {
		digits := strings.TrimPrefix(strings.TrimPrefix(s, "+"), "-")
		if len(s)-len(digits) > 1 || digits == "" || len(digits) > 19 || !onlyDigits(digits) {
			return ""
		}
		n, ok := new(big.Int).SetString(strings.TrimPrefix(s, "+"), 10)
		if !ok || n.Cmp(limit) >= 0 || n.Cmp(new(big.Int).Neg(limit)) < 0 {
			return ""
		}
		return n.String()
	}
}

// fixed is r at a scale, or "" where it is too large.
func fixed(r *big.Rat, precision, scale int) string {
	limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(precision)), nil)
	units := new(big.Rat).Mul(r, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)))
	if !units.IsInt() || new(big.Int).Abs(units.Num()).Cmp(limit) >= 0 {
		return ""
	}
	return r.FloatString(scale)
}

func readDecimal(precision, scale int) func(string) string {
	return func(s string) string {
		digits := strings.TrimPrefix(strings.TrimPrefix(s, "+"), "-")
		whole, fraction, point := strings.Cut(digits, ".")
		if len(s)-len(digits) > 1 || !onlyDigits(whole) || !onlyDigits(fraction) || point && fraction == "" || whole+fraction == "" {
			return ""
		}
		r, ok := new(big.Rat).SetString(strings.TrimPrefix(s, "+"))
		if !ok {
			return ""
		}
		return fixed(r, precision, scale)
	}
}

func readDate(s string) string {
	if len(s) != 10 || s < "0001" {
		return ""
	}
	if _, err := time.Parse(time.DateOnly, s); err != nil {
		return ""
	}
	return s
}

func readTimestamp(s string) string {
	if len(s) < 19 || s[10] != ' ' && s[10] != 'T' || readDate(s[:10]) == "" {
		return ""
	}
	clock, fraction, point := strings.Cut(s[11:], ".")
	if point && (fraction == "" || len(fraction) > 6 || !onlyDigits(fraction)) || len(clock) != 8 {
		return ""
	}
	if _, err := time.Parse(time.TimeOnly, clock); err != nil {
		return ""
	}
	text := s[:10] + " " + clock
	if fraction = strings.TrimRight(fraction, "0"); fraction != "" {
		text += "." + fraction
	}
	return text
}

func TestDoubleReading(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"1.5": "1.5", "1e3": "1000.0", "-.5E-1": "-0.05", "1e400": "", "inf": "", "nan": "", "NaN": "",
		"infinity": "", "0x10": "", "1_0": "", "1.": "", "1e": "", " 2 ": "2.0", "1e-400": "0.0"} {
		db := texts(t, []string{text})
		c, col := &contract.Contract{}, contract.Column{Name: "x", Type: contract.Type{Base: contract.Double}}
		if got := values(t, db, c.Value(contract.Section{}, col, "x", duckdb.Dialect{}))[0]; got != want {
			t.Errorf("%q is read as %q, want %q", text, got, want)
		}
	}
}
