package engine

import (
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"ledgermill/engine/contract"
	"ledgermill/engine/ledger"
)

// TestParseControl: control files that say two things, or more than a sum is.
func TestParseControl(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		``:                                 "it is empty",
		`{"records": 5`:                    "unexpected EOF",
		`[5]`:                              "cannot unmarshal array",
		`{"records": 5} {}`:                "text follows the first value",
		`{"records": 5.5}`:                 "cannot unmarshal number 5.5",
		`{"records": 5, "total": 1}`:       `unknown field "total"`,
		`{"Records": 5}`:                   `unknown field "Records"`,
		"{\"records\": 5,\n\"records\":6}": `line 2: "records" stands on line 1 already`,
		"{\"sums\": {\"v\": {\"A\": 1,\n\n\"A\": 2}}}":              `line 3: "A" stands on line 1 already`,
		`{"sums": {"v": {"A": "1e9000"}}}`:                          "line 1: sum(v) A is no number of 38 digits",
		`{"sums": {"v": {"A": "1e999999999"}}}`:                     "can't convert",
		`{"sums": {"v": {"A": 1e-9000}}}`:                           "line 1: sum(v) A is no number of 38 digits",
		`{"sums": {"v": {"A": "` + strings.Repeat("9", 77) + `"}}}`: "no number of 38 digits",
		`{"sums": {"v": {"A": "NaN"}}}`:                             "can't convert NaN",
		`{"sums": {"v": {"A": "1.234,56"}}}`:                        "can't convert",
	} {
		if _, err := parseControl([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	said, err := parseControl([]byte("{\n \"records\": 6,\n \"sums\": {\n  \"v\": {\n   \"A\": \"1.50\",\n   \"B\": 2e1\n  }\n }\n}"))
	if err != nil {
		t.Fatal(err)
	}
	control := &contract.Control{Aggregates: []contract.Aggregate{{Func: "sum", Column: "v"}}}
	got := said.compare(control, ledger.Tally{Records: 5, Groups: []ledger.Group{
		{By: []string{"A"}, Records: 4, Sums: []decimal.Decimal{decimal.RequireFromString("1.49")}},
		{By: []string{"C"}, Records: 1, Sums: []decimal.Decimal{decimal.RequireFromString("3")}}}})
	want := "line 2: records: expected 6, read 5, missing 1\n" +
		"line 5: sum(v) A: expected 1.5, read 1.49, missing 0.01\n" +
		"line 6: sum(v) B: expected 20, read 0, missing 20\n" +
		"line 4: sum(v) C: expected 0, read 3, missing -3"
	if text := strings.Join(got, "\n"); text != want {
		t.Errorf("got:\n%s\nwant:\n%s", text, want)
	}
	one, err := parseControl([]byte(`{"sums": {"v": {"": "3.00"}, "not summed": {"": "9"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	got = one.compare(control, ledger.Tally{Records: 1, Groups: []ledger.Group{{Records: 1, Sums: []decimal.Decimal{decimal.RequireFromString("3")}}}})
	if len(got) > 0 {
		t.Errorf("without groups: %v", got)
	}
}

// FuzzControl: a control file is read or refused in bounded time, and what is read
// can be compared.
func FuzzControl(f *testing.F) {
	f.Add([]byte(`{"records": 5, "sums": {"v": {"A": "13.50", "B": 1e3}}}`))
	f.Add([]byte(`{"sums": {"v": {"A": "1e400000000"}}}`))
	f.Add([]byte(`{"sums": null, "records": null}`))
	control := &contract.Control{Aggregates: []contract.Aggregate{{Func: "sum", Column: "v"}}}
	f.Fuzz(func(t *testing.T, text []byte) {
		began := time.Now()
		said, err := parseControl(text)
		if err == nil {
			said.compare(control, ledger.Tally{Records: 1, Groups: []ledger.Group{{By: []string{"A"}, Records: 1, Sums: []decimal.Decimal{decimal.NewFromInt(1)}}}})
			said.complete(control)
		}
		if d := time.Since(began); d > 10*time.Second {
			t.Fatalf("%q took %s", text, d)
		}
	})
}
