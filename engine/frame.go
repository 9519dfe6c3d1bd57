package engine

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"ledgermill/engine/contract"
	"ledgermill/engine/ledger"
	"ledgermill/engine/records"
)

// UnreadError says that a contract asks for something that this version does not read.
type UnreadError struct {
	File string
	Err  error
}

func (e *UnreadError) Error() string { return fmt.Sprintf("%s: %v", e.File, e.Err) }

// Unwrap returns the cause.
func (e *UnreadError) Unwrap() error { return e.Err }

// ExitCode is that of usage: the contract is at fault, not an object.
func (e *UnreadError) ExitCode() int { return ExitUsage }

// dialectOf is how an object's text is divided into records.
func dialectOf(c *contract.Contract, s contract.Section) (records.Dialect, error) {
	csv := s.CSV
	d := records.Dialect{NoHeader: csv.NoHeader, Columns: len(c.Fields(s)), HeaderWithin: csv.HeaderWithin, NoEscape: csv.Quote != "" && csv.Escape == ""}
	for _, part := range []struct {
		name string
		text string
		to   *byte
	}{{"delimiter", csv.Delimiter, &d.Delimiter}, {"quote", csv.Quote, &d.Quote}, {"escape", csv.Escape, &d.Escape}, {"newline", csv.Newline, &d.NewLine}} {
		switch len(part.text) {
		case 0:
		case 1:
			*part.to = part.text[0]
		default:
			return d, fmt.Errorf("csv %s %q is not one ASCII character", part.name, part.text)
		}
	}
	d.IsHeader = func(fields []string) bool {
		_, err := c.Match(s, fields)
		return err == nil
	}
	d.First, d.Last = marker(s.First), marker(s.Last)
	return d, nil
}

func marker(f *contract.Frame) *records.Marker {
	if f == nil {
		return nil
	}
	field, literal := f.Marker()
	return &records.Marker{Field: field, Literal: literal}
}

// recoded reports whether an object's text is in another encoding than DuckDB reads.
func recoded(s contract.Section) bool {
	return s.CSV.Encoding != "" && s.CSV.Encoding != "utf-8"
}

// fills are what the object's key and its first record say of columns.
func (f *feed) fills(one listed, report records.Report) (map[string]string, *ledger.Refusal) {
	if one.section.First == nil {
		return one.fills, nil
	}
	first, err := f.contract.FrameFills(one.section.First, report.First)
	if err != nil {
		return nil, refuse("trailer", err)
	}
	all := maps.Clone(one.fills)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, first)
	return all, nil
}

// verifyLast compares what an object holds with what its last records say of it.
func (f *feed) verifyLast(s contract.Section, last [][]string, read ledger.Tally) *ledger.Refusal {
	var differences []string
	named := map[string]bool{}
	for i, fields := range last {
		where := ""
		if len(last) > 1 {
			where = fmt.Sprintf("last record %d of %d: ", i+1, len(last))
		}
		totals, err := f.contract.FrameTotals(s, s.Last, fields)
		if err != nil {
			return balanceRefusal("trailer", err)
		}
		for _, t := range totals {
			// Which of the two is meant cannot be told, and a sum of both is a guess.
			group := fmt.Sprintf("%q", t.By)
			if named[group] {
				differences = append(differences, where+"two totals of "+cmp.Or(strings.Join(t.By, " "), "all records"))
				continue
			}
			named[group] = true
			for _, d := range f.differences(t, read) {
				differences = append(differences, where+d)
			}
		}
	}
	if len(differences) > 0 {
		return balanceRefusal("trailer", errors.New(strings.Join(differences, "; ")))
	}
	return nil
}

func balanceRefusal(reason string, err error) *ledger.Refusal {
	r := refuse(reason, err)
	r.Exit = ExitBalance
	return r
}

// differences lists every figure of a last record that the object does not hold.
func (f *feed) differences(t contract.Totals, read ledger.Tally) []string {
	group := ledger.Group{Records: read.Records}
	for _, g := range read.Groups {
		if t.By == nil {
			records := group.Records
			group = group.Plus(g)
			group.Records = records
		} else if slices.Equal(g.By, t.By) {
			group = g
		}
	}
	if t.By != nil && !slices.Equal(group.By, t.By) {
		group = ledger.Group{By: t.By}
	}
	var all []string
	by := strings.Join(t.By, " ")
	if t.Records != nil && *t.Records != group.Records {
		all = append(all, fmt.Sprintf("count(*) %s: expected %d, read %d, missing %d", by, *t.Records, group.Records, *t.Records-group.Records))
	}
	if f.contract.Control == nil {
		return all
	}
	for i, a := range f.contract.Control.Aggregates {
		want, said := t.Sums[a.Column]
		if a.Func == "count" {
			n, counted := t.Counts[a.Column]
			want, said = fmt.Sprint(n), counted
		}
		if !said {
			continue
		}
		var have decimal.Decimal
		if i < len(group.Sums) {
			have = group.Sums[i]
		}
		expected, err := decimal.NewFromString(want)
		if err != nil || !expected.Equal(have) {
			all = append(all, fmt.Sprintf("%s(%s) %s: expected %s, read %s, missing %s", a.Func, a.Column, by, want, have, expected.Sub(have)))
		}
	}
	return all
}
