package engine

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"ledgermill/engine/contract"
	"ledgermill/engine/job"
	"ledgermill/engine/lake"
	"ledgermill/engine/ledger"
	"ledgermill/engine/records"
)

// prepared is an object that was counted and, where it had broken records, copied
// without them.
type prepared struct {
	object job.Object
	record ledger.ObjectRecord
	seen   lake.Object // right before its first byte was read
	totals [][]string  // the fields of its last records
}

// prepare streams an object once: its hash, the independent count of its records
// and fields, its header met with the contract. What an engine reads afterwards
// is structurally clean. A refused object comes back with record.Refused set.
func (m *Mill) prepare(ctx context.Context, f *feed, key string) (prepared, error) {
	one := f.listed[key]
	o, err := m.Input.Stat(ctx, key)
	if errors.Is(err, fs.ErrNotExist) {
		return prepared{}, &ChangedError{Object: key}
	} else if err != nil {
		return prepared{}, &StoreError{Op: "look at", URL: m.Input.URL() + "/" + key, Err: err}
	}
	p := prepared{seen: o, record: ledger.ObjectRecord{Feed: f.contract.Name, Key: key, ETag: o.ETag, Size: o.Size, ModTime: o.ModTime, Inode: o.Inode,
		Seen: seenControl(one.control), Contract: f.hash}}
	if p.record.Control, err = m.controlETag(ctx, one.control); err != nil {
		return p, err
	}
	dialect, err := dialectOf(f.contract, one.section, key)
	if err != nil {
		return p, &UnreadError{File: f.contract.File, Err: err}
	}
	place, report, err := m.peek(ctx, f, one, o, dialect)
	etag := ""
	if place == nil && err == nil {
		report, etag, err = m.scan(ctx, f, key, one.section.CSV.Encoding, dialect)
	}
	if refusal := refusalOf(err); refusal != nil {
		p.record.ETag, p.record.Refused = cmp.Or(o.ETag, etag), refusal
		return p, nil
	}
	if err != nil {
		return p, err
	}
	if p.record.ETag == "" {
		p.record.ETag = etag
	}
	p.record.Records, p.record.Text = report.Records, report.Text
	header := report.Header
	if one.section.CSV.NoHeader {
		header = nil
	}
	if header == nil && !one.section.CSV.NoHeader {
		p.record.Refused = refuse("header", errors.New("the object is empty: it has no header"))
		return p, nil
	}
	mapping, err := f.contract.Match(one.section, header)
	if refusal := refusalOf(err); refusal != nil {
		p.record.Refused = refusal
		return p, nil
	} else if err != nil {
		return p, fmt.Errorf("object %s: %w", key, err)
	}
	for _, unknown := range mapping.Unknown {
		m.Log.WarnContext(ctx, "a column of the object is in no contract", "object", key, "column", unknown)
	}
	fills, refusal := f.fills(one, report)
	if refusal != nil {
		p.record.Refused = refusal
		return p, nil
	}
	p.totals = report.Last
	p.object = job.Object{Key: key, ETag: p.record.ETag, Order: one.order, Path: m.place(f, key), Section: one.section, InPlace: place,
		Mapping: mapping, Fills: fills, Report: report, NewLine: report.NewLine(), Serial: report.Serial(), Numbered: f.contract.FillsRecord}
	if place != nil {
		p.object.Path = m.Input.Location(key)
		return p, nil
	}
	if !report.Clean() || p.object.Numbered || recoded(one.section) {
		p.object.Path, err = m.cleanCopy(ctx, f, key, report)
		p.object.NewLine = `\n`
	}
	return p, err
}

// scan counts the records of an object and hashes its bytes in the same pass.
func (m *Mill) scan(ctx context.Context, f *feed, key, encoding string, d records.Dialect) (report records.Report, etag string, err error) {
	raw, err := m.source(ctx, f, key)
	if err != nil {
		return report, "", err
	}
	defer func() { err = errors.Join(err, raw.Close()) }()
	hash := sha256.New()
	tee := io.TeeReader(raw, hash)
	text, err := records.Open(key, tee)
	if err == nil {
		var decoded io.Reader
		if decoded, err = records.Decode(text, encoding); err == nil {
			report, err = records.Scan(ctx, decoded, d)
		}
		err = errors.Join(err, text.Close())
	}
	// The rest of the bytes belongs to the version, even behind a broken record.
	if _, drainErr := io.Copy(io.Discard, tee); drainErr != nil && err == nil {
		err = &StoreError{Op: "read", URL: m.Input.URL() + "/" + key, Err: drainErr}
	}
	return report, "sha256:" + hex.EncodeToString(hash.Sum(nil)), err
}

// cleanCopy writes the object's text without its broken records.
func (m *Mill) cleanCopy(ctx context.Context, f *feed, key string, report records.Report) (path string, err error) {
	dir := filepath.Join(m.Work, "clean")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("copy object %s: %w", key, err)
	}
	raw, err := m.again(ctx, f, key)
	if err != nil {
		return "", fmt.Errorf("copy object %s: %w", key, err)
	}
	defer func() { err = errors.Join(err, raw.Close()) }()
	text, err := records.Open(key, raw)
	if err != nil {
		return "", fmt.Errorf("copy object %s: %w", key, err)
	}
	path = filepath.Join(dir, ledger.Fingerprint(f.contract.Name, key)+".csv")
	out, err := os.Create(path)
	if err != nil {
		return "", fmt.Errorf("copy object %s: %w", key, err)
	}
	decoded, err := records.Decode(text, f.listed[key].section.CSV.Encoding)
	if err == nil && f.contract.FillsRecord {
		err = records.WriteNumbered(ctx, out, decoded, report, job.NumberColumn)
	} else if err == nil {
		err = records.WriteClean(ctx, out, decoded, report)
	}
	if err := errors.Join(err, out.Close(), text.Close()); err != nil {
		return "", fmt.Errorf("copy object %s: %w", key, err)
	}
	return path, m.forgetCopy(f, key)
}

// refusalOf turns what is wrong with an object itself into a refusal; other
// errors, of stores and disks, are none.
func refusalOf(err error) *ledger.Refusal {
	var header *contract.HeaderError
	var broken *records.HeaderError
	var many *records.TooManyBadError
	var large *records.TooLargeError
	var packed *records.UnpackError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &header):
		return refuse("header", header)
	case errors.As(err, &broken):
		return refuse("header", broken)
	case errors.As(err, &many):
		return refuse("unreadable", many)
	case errors.As(err, &large):
		return refuse("too_large", err)
	case errors.As(err, &packed) && errors.Is(err, records.ErrTruncated):
		return refuse("truncated", packed)
	case errors.As(err, &packed):
		return refuse("unreadable", packed)
	}
	return nil
}

// refuse is the refusal of an object for a reason, with the cause's own remedy.
func refuse(reason string, cause error) *ledger.Refusal {
	r := &ledger.Refusal{Reason: reason, Detail: cause.Error(), Exit: ExitHeld, Try: "ask the sender for the object again, or remove it"}
	var hint interface{ Try() string }
	if errors.As(cause, &hint) && hint.Try() != "" {
		r.Try = hint.Try()
	}
	return r
}

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
	r, err := m.Input.Open(ctx, one.control.Key)
	if err != nil {
		return nil, &StoreError{Op: "open", URL: m.Input.URL() + "/" + one.control.Key, Err: err}
	}
	var said controlFile
	decoder := json.NewDecoder(r)
	decoder.DisallowUnknownFields()
	if err := errors.Join(decoder.Decode(&said), r.Close()); err != nil {
		return &ledger.Refusal{Reason: "control", Detail: fmt.Sprintf("%s: %v", one.control.Key, err), Try: controlRemedy, Exit: ExitBalance}, nil
	}
	if control != nil && control.Required && !said.complete(control) {
		return &ledger.Refusal{Reason: "control", Detail: one.control.Key + " does not say the records and every sum", Exit: ExitBalance}, nil
	}
	if differences := said.compare(control, ledger.Sum(cells).Read); len(differences) > 0 {
		return &ledger.Refusal{Reason: "control", Detail: strings.Join(differences, "; "), Try: controlRemedy, Exit: ExitBalance}, nil
	}
	return nil, nil
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
