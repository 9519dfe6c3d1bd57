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
	text, err := m.controlText(ctx, one.control.Key)
	if err != nil {
		return nil, err
	}
	var said controlFile
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	err = decoder.Decode(&said)
	if _, end := decoder.Token(); err == nil && end != io.EOF {
		err = errors.New("text follows the first value")
	}
	if err != nil {
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

// maxControl bounds what is read of a control file; what is longer is no JSON then.
const maxControl = 64 << 20

// controlText reads a control file. Its errors are the store's: a file that could
// not be read says nothing about its object.
func (m *Mill) controlText(ctx context.Context, key string) ([]byte, error) {
	r, err := m.Input.Open(ctx, key)
	if err != nil {
		return nil, &StoreError{Op: "open", URL: m.Input.URL() + "/" + key, Err: err}
	}
	text, err := io.ReadAll(io.LimitReader(r, maxControl))
	if err := errors.Join(err, r.Close()); err != nil {
		return nil, &StoreError{Op: "read", URL: m.Input.URL() + "/" + key, Err: err}
	}
	return text, nil
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
		differences = append(differences, fmt.Sprintf("records: expected %d, read %d, missing %d", *c.Records, read.Records, *c.Records-read.Records))
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
				differences = append(differences, fmt.Sprintf("sum(%s) %s: expected %s, read %s, missing %s", a.Column, name, want, have, want.Sub(have)))
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
