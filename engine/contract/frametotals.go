package contract

import (
	"fmt"
	"math/big"
	"slices"
	"strconv"
)

// Totals is what a frame says of the records of its object, or of one group of them.
type Totals struct {
	By      []string          // the values of `control ... by`, in its order, as an engine prints them, "" for null; nil: all records
	Records *int64            // count(*); nil: not said
	Counts  map[string]int64  // count(column), by column
	Sums    map[string]string // sum(column), by column: plain decimal text with the column's scale
}

// FrameError says why a frame cannot be read; the reason is `trailer`.
type FrameError struct {
	File   string // of the contract
	Record string // FirstRecord or LastRecord
	Field  int    // from 1; 0: the record as a whole
	Part   string // of the directive, for Field
	Msg    string
}

// Error names the record, the field and what is wrong.
func (e *FrameError) Error() string {
	if e.Field == 0 {
		return e.Record + ": " + e.Msg
	}
	return fmt.Sprintf("%s, field %d, %s: %s", e.Record, e.Field, e.Part, e.Msg)
}

// Try points at the directive.
func (e *FrameError) Try() string {
	return "compare the record with `-- " + e.Record + "` in " + e.File
}

// FrameTotals reads the aggregates of a record that the frame recognises, by its
// unquoted fields: numbers by the formats of their columns, groups by the columns'
// grammars and DEFAULTs. A frame may speak of several groups. An error is a
// *FrameError.
func (c *Contract) FrameTotals(s Section, f *Frame, fields []string) ([]Totals, error) {
	r := frameReader{contract: c, section: s, frame: f, fields: fields}
	if err := r.shape(); err != nil {
		return nil, err
	}
	var all []Totals
	for _, g := range f.groups() {
		if len(g.aggregates) == 0 {
			continue
		}
		totals, err := r.totals(g)
		if err != nil {
			return nil, err
		}
		all = append(all, totals)
	}
	return all, nil
}

// FrameFills are the texts of the columns that a first record fills. They go into
// the fills of Cells, which reads them by the columns' formats: a text that is no
// value rejects the object's records.
func (c *Contract) FrameFills(f *Frame, fields []string) (map[string]string, error) {
	r := frameReader{contract: c, frame: f, fields: fields}
	if err := r.shape(); err != nil {
		return nil, err
	}
	fills := map[string]string{}
	for i, p := range f.Parts {
		if p.Kind == PartColumn {
			fills[p.Column] = fields[i]
		}
	}
	return fills, nil
}

type frameReader struct {
	contract *Contract
	section  Section
	frame    *Frame
	fields   []string
}

func (r frameReader) fault(p framePart, msg string) *FrameError {
	return &FrameError{File: r.contract.File, Record: r.frame.Word, Field: p.field + 1, Part: p.String(), Msg: msg}
}

// shape faults too few fields, and further ones that are not empty.
func (r frameReader) shape() error {
	parts := len(r.frame.Parts)
	if len(r.fields) >= parts && !slices.ContainsFunc(r.fields[parts:], func(text string) bool { return trimBlanks(text) != "" }) {
		return nil
	}
	return &FrameError{File: r.contract.File, Record: r.frame.Word, Msg: fmt.Sprintf("%d fields, and the directive names %d", len(r.fields), parts)}
}

func (r frameReader) totals(g frameGroup) (Totals, error) {
	t := Totals{Counts: map[string]int64{}, Sums: map[string]string{}}
	if len(g.by) > 0 {
		for _, name := range r.contract.Control.By {
			p := g.by[slices.IndexFunc(g.by, func(p framePart) bool { return p.Column == name })]
			value, err := r.group(p)
			if err != nil {
				return t, err
			}
			t.By = append(t.By, value)
		}
	}
	for _, p := range g.aggregates {
		if p.Func == "sum" {
			sum, err := r.sum(p)
			if err != nil {
				return t, err
			}
			t.Sums[p.Column] = sum
			continue
		}
		n, err := strconv.ParseInt(trimBlanks(r.fields[p.field]), 10, 64)
		switch {
		case err != nil || n < 0:
			return t, r.fault(p, fmt.Sprintf("%q is no number of records", r.fields[p.field]))
		case p.Column == "":
			t.Records = &n
		default:
			t.Counts[p.Column] = n
		}
	}
	return t, nil
}

// sum reads a total like a value of its column, but for the column's precision.
func (r frameReader) sum(p framePart) (string, error) {
	col, _ := r.contract.Column(p.Column)
	f := r.section.Formats[p.Column]
	text := trimBlanks(r.fields[p.field])
	number, ok := f.numberReader(col.Type)(text)
	if ok {
		number, ok = col.Type.toScale(number, f.Round)
	}
	if !ok {
		return "", r.fault(p, r.shown(p, "is no "+col.Type.String()+" by the column's format"))
	}
	return number.FloatString(col.Type.Scale), nil
}

// shown puts the text of a field before what is said of it; private ones are masked.
func (r frameReader) shown(p framePart, said string) string {
	text := strconv.Quote(r.fields[p.field])
	if slices.Contains(r.contract.Private, p.Column) {
		text = "***"
	}
	return text + " " + said
}

// group reads the value of a group's column, after DEFAULT.
func (r frameReader) group(p framePart) (string, error) {
	col, _ := r.contract.Column(p.Column)
	text := trimBlanks(r.fields[p.field])
	if text != "" && !slices.Contains(r.section.nullTexts(p.Column), text) {
		value, ok := r.section.Formats[p.Column].reader(col.Type)(text)
		if !ok {
			return "", r.fault(p, r.shown(p, "is no "+col.Type.String()))
		}
		return value, nil
	}
	if col.Default == "" {
		return "", nil
	}
	value, ok := col.defaultText()
	if !ok {
		return "", r.fault(p, "it is empty, and the DEFAULT of "+col.Name+" is more than a value")
	}
	return value, nil
}

// toScale is the number as the type holds it but for its range: digits beyond the
// scale are a fault, or rounded half away from zero.
func (t Type) toScale(number *big.Rat, round bool) (*big.Rat, bool) {
	unit := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(t.Scale)), nil))
	scaled := new(big.Rat).Mul(number, unit)
	if scaled.IsInt() {
		return number, true
	}
	if !round {
		return nil, false
	}
	// Twice the number, cut, and one more away from zero, halved and cut.
	twice := new(big.Rat).Add(scaled, scaled)
	whole := new(big.Int).Quo(twice.Num(), twice.Denom())
	whole.Add(whole, big.NewInt(int64(number.Sign())))
	whole.Quo(whole, big.NewInt(2))
	return new(big.Rat).Quo(new(big.Rat).SetInt(whole), unit), true
}
