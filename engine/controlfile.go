package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"ledgermill/engine/contract"
	"ledgermill/engine/lake"
	"ledgermill/engine/ledger"
)

// controlFile is what a sender says that an object holds.
type controlFile struct {
	Records *int64                                `json:"records"`
	Sums    map[string]map[string]decimal.Decimal `json:"sums"`

	lines map[string]int // on which its keys stand
}

// controlETag names the content of a control file: a copy of it elsewhere, or one
// that was merely touched, makes no unit again.
func (m *Mill) controlETag(ctx context.Context, control *lake.Object) (string, error) {
	if control == nil || control.ETag != "" {
		return etagOf(control), nil
	}
	o, err := lake.Hash(ctx, m.Input, control.Key)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, lake.ErrChanged) {
		return "", &ChangedError{Object: control.Key}
	} else if err != nil {
		return "", &StoreError{Op: "read", URL: m.Input.URL() + "/" + control.Key, Err: err}
	}
	return o.ETag, nil
}

func etagOf(o *lake.Object) string {
	if o == nil {
		return ""
	}
	return o.ETag
}

const controlRemedy = "ask the sender which of the two is right, and for that one again"

// verifyControl compares an object with its control file. It returns the refusal
// of an object that does not hold what it should.
func (m *Mill) verifyControl(ctx context.Context, f *feed, one listed, cells []ledger.Cell) (*ledger.Refusal, error) {
	control := f.contract.Control
	if one.control == nil {
		if control != nil && control.Required {
			return &ledger.Refusal{Reason: "control", Detail: "there is no control file " + one.object.Key + controlSuffix, Try: controlRemedy, Exit: ExitBalance}, nil
		}
		return nil, nil
	}
	said, err := m.readControl(ctx, one.control.Key)
	if unreachable := (*StoreError)(nil); errors.As(err, &unreachable) {
		return nil, err
	} else if err != nil {
		return &ledger.Refusal{Reason: "control", Detail: fmt.Sprintf("%s: %v", one.control.Key, err), Try: controlRemedy, Exit: ExitBalance}, nil
	}
	if control != nil && control.Required && !said.complete(control) {
		return &ledger.Refusal{Reason: "control", Detail: one.control.Key + " does not say the records and every sum",
			Try: "ask the sender for a control file with both, or leave `required,` out of the contract's `control`", Exit: ExitBalance}, nil
	}
	if differences := said.compare(control, ledger.Sum(cells).Read); len(differences) > 0 {
		return &ledger.Refusal{Reason: "control", Detail: strings.Join(differences, "; "), Try: controlRemedy, Exit: ExitBalance}, nil
	}
	return nil, nil
}

// maxControl bounds a control file: it says a figure a group, and the groups of a
// feed are few.
const maxControl = 16 << 20

// readControl reads a control file. An error that is no *StoreError is the file's.
func (m *Mill) readControl(ctx context.Context, key string) (said controlFile, err error) {
	unreadable := func(op string, err error) error {
		return &StoreError{Op: op, URL: m.Input.URL() + "/" + key, Err: err}
	}
	r, err := m.Input.Open(ctx, key)
	if err != nil {
		return said, unreadable("open", err)
	}
	text, err := io.ReadAll(io.LimitReader(r, maxControl+1))
	if err := errors.Join(err, r.Close()); err != nil {
		return said, unreadable("read", err)
	}
	if len(text) > maxControl {
		return said, fmt.Errorf("it has more than %d bytes", maxControl)
	}
	return parseControl(text)
}

// parseControl reads the text of a control file.
func parseControl(text []byte) (said controlFile, err error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&said); errors.Is(err, io.EOF) {
		return said, errors.New("it is empty")
	} else if err != nil {
		return said, err
	}
	if _, end := decoder.Token(); end != io.EOF {
		return said, errors.New("text follows the first value")
	}
	if said.lines, err = keyLines(text); err != nil {
		return said, err
	}
	return said, said.sound()
}

// maxDigits is what a sum has at most on either side of its decimal mark: an exponent
// of a few characters would make a number that fills the memory.
const maxDigits = 38

// sound looks for what the decoder takes and nobody means.
func (c controlFile) sound() error {
	for key := range c.lines {
		if top := strings.Split(key, "\x00")[1]; top != "records" && top != "sums" {
			return fmt.Errorf("unknown field %q", top)
		}
	}
	for _, column := range sortedKeys(c.Sums) {
		for _, group := range sortedKeys(c.Sums[column]) {
			if sum := c.Sums[column][group]; sum.Exponent() < -maxDigits || sum.Exponent() > maxDigits || sum.NumDigits() > 2*maxDigits {
				return fmt.Errorf("%ssum(%s) %s is no number of %d digits", c.line("sums", column, group), column, group, maxDigits)
			}
		}
	}
	return nil
}

// keyLines are the lines of a JSON text on which the keys of its objects stand, by
// the keys that lead there, each behind a NUL.
//
// A key that an object has twice is an error: which of the two is meant cannot be told.
func keyLines(text []byte) (lines map[string]int, err error) {
	lines = map[string]int{}
	decoder := json.NewDecoder(bytes.NewReader(text))
	var read func(path string) error
	read = func(path string) error {
		if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
			return err
		}
		for decoder.More() {
			key, err := decoder.Token()
			if err != nil {
				return err
			}
			name := fmt.Sprint(key)
			inside := path + "\x00" + name
			at := 1 + bytes.Count(text[:decoder.InputOffset()], []byte("\n"))
			if before, twice := lines[inside]; twice {
				return fmt.Errorf("line %d: %q stands on line %d already", at, name, before)
			}
			lines[inside] = at
			if err := read(inside); err != nil {
				return err
			}
		}
		_, err := decoder.Token()
		return err
	}
	return lines, read("")
}

// line says on which line of the control file a figure stands, or else what it
// stands in.
func (c controlFile) line(path ...string) string {
	for n := len(path); n > 0; n-- {
		if at := c.lines["\x00"+strings.Join(path[:n], "\x00")]; at > 0 {
			return fmt.Sprintf("line %d: ", at)
		}
	}
	return ""
}

// complete reports whether the file says all that the contract controls.
func (c controlFile) complete(control *contract.Control) bool {
	for _, a := range control.Aggregates {
		if _, ok := c.Sums[a.Column]; a.Func == "sum" && !ok {
			return false
		}
	}
	return c.Records != nil
}

// compare lists every figure that differs: expected, read and missing side by side.
func (c controlFile) compare(control *contract.Control, read ledger.Tally) []string {
	var differences []string
	if c.Records != nil && *c.Records != read.Records {
		differences = append(differences, c.line("records")+fmt.Sprintf("records: expected %d, read %d, missing %d", *c.Records, read.Records, *c.Records-read.Records))
	}
	if control == nil {
		return differences
	}
	for i, a := range control.Aggregates {
		groups, ok := c.Sums[a.Column]
		if !ok || a.Func != "sum" {
			continue
		}
		found := map[string]decimal.Decimal{}
		for _, g := range read.Groups {
			if !slices.Contains(g.By, ledger.Unreadable) {
				found[strings.Join(g.By, " ")] = g.Sums[i]
			}
		}
		for _, name := range union(groups, found) {
			if want, have := groups[name], found[name]; !want.Equal(have) {
				differences = append(differences, c.line("sums", a.Column, name)+fmt.Sprintf("sum(%s) %s: expected %s, read %s, missing %s", a.Column, name, want, have, want.Sub(have)))
			}
		}
	}
	return differences
}

func union[V any](a, b map[string]V) []string {
	var names []string
	for name := range a {
		names = append(names, name)
	}
	for name := range b {
		if _, ok := a[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
