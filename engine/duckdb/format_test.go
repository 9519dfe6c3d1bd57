package duckdb_test

import (
	"context"
	"fmt"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"ledgermill/engine/contract"
	"ledgermill/engine/duckdb"
)

// formatted parses a contract of one column with a format and returns its section.
func formatted(t *testing.T, typ, format string) (*contract.Contract, contract.Section, contract.Column) {
	t.Helper()
	src := "-- objects: x.csv\n-- format x: " + format + "\ncreate table raw_x (x " + typ + ");\n"
	judge, err := duckdb.NewJudge(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer judge.Close()
	c, err := contract.Parse(context.Background(), "raw_x.sql", src, judge)
	if err != nil {
		t.Fatalf("%s: %v", format, err)
	}
	return c, c.Sections[0], c.Columns[0]
}

func TestFormats(t *testing.T) {
	t.Parallel()
	const no = "" // unreadable
	for _, test := range []struct {
		typ, format string
		want        map[string]string
	}{
		{"decimal(18, 2)", "1.234,56 | 1.234,56-", map[string]string{"1.234,56": "1234.56", "-1.234,56": "-1234.56", "1.234,56-": "-1234.56", "1234,5": "1234.50",
			"12": "12.00", "1.234": "1234.00", "1.23": no, "12.34,56": no, "1.2345,6": no, "1234.567": no, "1.234.567,1": "1234567.10", "-1-": no, "1,239": no, "1,2300": "1.23",
			",5": no, "5,": no, "+5": no, "": no, "-": no, "1e3": no}},
		{"decimal(18, 2)", "(1,234.56) | 1,234.56", map[string]string{"(1,234.56)": "-1234.56", "1,234.56": "1234.56", "-1,234.56": "-1234.56", "(-1)": no, "(1": no, "1)": no}},
		{"decimal(18, 2)", "$1234.56 | $-1234.56", map[string]string{"$1234.56": "1234.56", "$-99.00": "-99.00", "-$99.00": "-99.00", "99": no, "$1,234.56": no, "-$-1": no}},
		{"decimal(18, 2)", "1 234,50 EUR", map[string]string{"12 500 EUR": "12500.00", "12500 EUR": "12500.00", "-3,1 EUR": "-3.10", "3 EURO": no, "3": no, "1  234 EUR": no}},
		{"decimal(18, 2)", "'1''234.56'", map[string]string{"1'234.56": "1234.56", "1234.5": "1234.50", "1'23": no}},
		{"decimal(18, 2)", "Fr. 1.50", map[string]string{"Fr. 1.50": "1.50", "Fr. 0.05": "0.05", "Fr  1.5": no, "1.5": no}},
		{"decimal(18, 2)", "+1.50", map[string]string{"+1.5": "1.50", "-1.5": "-1.50", "1.5": "1.50", "+-1": no, "--1": no}},
		{"decimal(18, 2)", "1.00, round", map[string]string{"85.64999999999999": "85.65", "85.645": "85.65", "-85.645": "-85.65", "85.6449999": "85.64", "1e-05": no,
			"0.00499999999999999999999999999999999999999999999": "0.00", "0.005": "0.01", "-0.005": "-0.01", "9999999999999999.994": "9999999999999999.99",
			"9999999999999999.995": no, "7": "7.00", ".5": no}},
		{"bigint", "91750.0", map[string]string{"91750.0": "91750", "91750": "91750", "91750.00": "91750", "91750.5": no, "-3": "-3", "9223372036854775807.0": "9223372036854775807", "9223372036854775808.0": no}},
		{"integer", "1,234", map[string]string{"1,234": "1234", "1234": "1234", "1,23": no, "2,147,483,647": "2147483647", "2,147,483,648": no}},
		{"integer", "1.0, round", map[string]string{"1.5": "2", "-1.5": "-2", "1.49999": "1", "2147483647.4": "2147483647", "2147483647.5": no}},
		{"double", "1.234,5", map[string]string{"1.234,5": "1234.5", "-0,25": "-0.25", "3": "3.0", "1e5": no, "3,": no}},
		{"date", "%d.%m.%Y | %Y%m%d", map[string]string{"31.1.2025": "2025-01-31", "01.02.2025": "2025-02-01", "29.02.2025": no, "20250131": "2025-01-31", "2025131": no, "0.1.2025": no,
			"1.13.2025": no, "31.1.25": no, "2025-01-31": no, " 20250131\t": "2025-01-31", "1.1.0000": no}},
		{"date", "%m/%d/%y", map[string]string{"8/1/18": "2018-08-01", "12/31/68": "2068-12-31", "12/31/69": "1969-12-31", "1/1/2018": no}},
		{"timestamp", "%d-%b-%Y %I:%M %p", map[string]string{"03-MAR-2025 12:05 am": "2025-03-03 00:05:00", "3-Mar-2025 12:05 PM": "2025-03-03 12:05:00", "3-mar-2025 1:05 PM": "2025-03-03 13:05:00",
			"3-mar-2025 13:05 PM": no, "3-foo-2025 1:05 PM": no, "30-feb-2025 1:05 PM": no}},
		{"timestamp", "%Y-%m-%dT%H:%M:%S.%f%z", map[string]string{"2018-08-01T01:01:15.000+0000": "2018-08-01 01:01:15", "2018-08-01T01:01:15.5+02:00": "2018-07-31 23:01:15.5",
			"2018-08-01T01:01:15.5-01": "2018-08-01 02:01:15.5", "2018-08-01T01:01:15.123456Z": "2018-08-01 01:01:15.123456", "2018-08-01T01:01:15.0": no, "2018-08-01T01:01:15.0+19:00": no,
			"2018-08-01T01:01:60.0Z": no}},
		{"date", "%Y-%m-%d %H:%M%z", map[string]string{"2025-01-01 01:00+02:00": "2024-12-31", "2025-01-01 1:00Z": "2025-01-01"}},
		{"timestamp", "%d-%m-%Y %H:%M", map[string]string{"11-04-2023 6:29": "2023-04-11 06:29:00", "11-04-2023 24:29": no}},
		{"timestamp", "100%% %Y/%m/%d", map[string]string{"100% 2025/1/2": "2025-01-02 00:00:00"}},
	} {
		t.Run(test.typ+" "+test.format, func(t *testing.T) {
			t.Parallel()
			c, s, col := formatted(t, test.typ, test.format)
			var all []string
			for x := range test.want {
				all = append(all, x)
			}
			db := texts(t, all)
			for _, d := range []contract.Dialect{duckdb.Dialect{}, plain{}} {
				for i, got := range values(t, db, c.Value(s, col, "x", d)) {
					if want := test.want[all[i]]; got != want {
						t.Errorf("%q is read as %q, want %q", all[i], got, want)
					}
				}
			}
		})
	}
}

// TestRoundedNumbers writes random numbers as an example shows them and compares
// what is read with exact arithmetic.
func TestRoundedNumbers(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		precision, scale    int
		example, group, dot string
	}{
		{18, 2, "1234.56", "", "."}, {18, 2, "1.234,56", ".", ","}, {9, 4, "1 234,5", " ", ","}, {38, 12, "1,234.56", ",", "."}, {6, 0, "1'234.5", "'", "."},
	} {
		t.Run(test.example, func(t *testing.T) {
			t.Parallel()
			example := "'" + strings.ReplaceAll(test.example, "'", "''") + "'"
			typ := fmt.Sprintf("decimal(%d, %d)", test.precision, test.scale)
			c, s, col := formatted(t, typ, example+", round")
			_, exact, _ := formatted(t, typ, example)
			r := rand.New(rand.NewPCG(7, uint64(test.scale)))
			var all []string
			var numbers []*big.Rat
			for range 20_000 {
				text, number := randomNumber(r, test.precision-test.scale, test.scale, test.group, test.dot)
				all, numbers = append(all, text), append(numbers, number)
			}
			db := texts(t, all)
			rounded := values(t, db, c.Value(s, col, "x", duckdb.Dialect{}))
			dropped := values(t, db, c.Rounded(s, col, "x", duckdb.Dialect{}))
			unrounded := values(t, db, c.Value(exact, col, "x", duckdb.Dialect{}))
			for i, number := range numbers {
				near := halfAway(number, test.scale)
				if want := fixed(near, test.precision, test.scale); rounded[i] != want {
					t.Fatalf("%q is rounded to %q, want %q", all[i], rounded[i], want)
				}
				if was := near.Cmp(number) != 0; (dropped[i] == "true") != was {
					t.Fatalf("%q was rounded: %s, want %t", all[i], dropped[i], was)
				}
				if want := fixed(number, test.precision, test.scale); unrounded[i] != want {
					t.Fatalf("%q is read as %q, want %q", all[i], unrounded[i], want)
				}
			}
		})
	}
}

// randomNumber writes a number, of now and then one digit too many, often close to
// a half.
func randomNumber(r *rand.Rand, whole, scale int, group, dot string) (string, *big.Rat) {
	digits := randomDigits(r, 1+r.IntN(whole+1))
	fraction := randomDigits(r, r.IntN(scale+8))
	if r.IntN(3) == 0 {
		fraction = randomDigits(r, scale) + []string{"5", "49999999999999999999", "50000000000000000000001", "500", "000"}[r.IntN(5)]
	}
	sign := []string{"", "-"}[r.IntN(2)]
	grouped := group != "" && r.IntN(2) == 0
	if grouped && len(digits) > 3 && digits[0] == '0' {
		digits = "1" + digits[1:] // no group begins a number with a zero: 0.005 is no 5
	}
	number, _ := new(big.Rat).SetString(sign + digits + "." + fraction + "0")
	if grouped {
		for at := len(digits) - 3; at > 0; at -= 3 {
			digits = digits[:at] + group + digits[at:]
		}
	}
	if fraction != "" {
		digits += dot + fraction
	}
	return sign + digits, number
}

func randomDigits(r *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = "00123456789999"[r.IntN(14)]
	}
	return string(b)
}

// halfAway rounds to the scale, halves away from zero.
func halfAway(r *big.Rat, scale int) *big.Rat {
	unit := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil))
	twice := new(big.Rat).Mul(new(big.Rat).Abs(r), new(big.Rat).Mul(unit, big.NewRat(2, 1)))
	floor := new(big.Int).Quo(new(big.Int).Add(new(big.Int).Quo(twice.Num(), twice.Denom()), big.NewInt(1)), big.NewInt(2))
	near := new(big.Rat).Quo(new(big.Rat).SetInt(floor), unit)
	if r.Sign() < 0 {
		near.Neg(near)
	}
	return near
}

// TestMoments writes random times by patterns and reads them back.
func TestMoments(t *testing.T) {
	t.Parallel()
	for pattern, layout := range map[string]string{
		"%d.%m.%Y %H:%M:%S": "2.1.2006 15:04:05", "%Y%m%d%H%M%S": "20060102150405", "%m/%d/%y %I:%M:%S %p": "01/02/06 3:04:05 PM",
		"%d %b %Y, %H:%M:%S": "2 Jan 2006, 15:04:05", "%Y-%m-%dT%H:%M:%S.%f%z": "2006-01-02T15:04:05.000000-0700",
	} {
		t.Run(pattern, func(t *testing.T) {
			t.Parallel()
			c, s, col := formatted(t, "timestamp", "'"+pattern+"'")
			r := rand.New(rand.NewPCG(3, 1))
			var all, want []string
			for range 20_000 {
				at := time.Date(1969+r.IntN(100), 1, 1+r.IntN(366), 0, 0, r.IntN(86400), 0, time.FixedZone("", (r.IntN(29)-14)*1800))
				if !strings.Contains(pattern, "%z") {
					at = at.UTC()
				}
				if at.Year() < 1969 || at.Year() > 2068 {
					continue
				}
				all, want = append(all, at.Format(layout)), append(want, at.UTC().Format(time.DateTime))
			}
			for i, got := range values(t, texts(t, all), c.Value(s, col, "x", duckdb.Dialect{})) {
				if got != want[i] {
					t.Fatalf("%q is read as %q, want %q", all[i], got, want[i])
				}
			}
		})
	}
}
