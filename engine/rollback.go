package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ledgermill/engine/job"
	"ledgermill/engine/lake"
	"ledgermill/engine/ledger"
)

// Rollback is what a roll-back, or its release, did.
type Rollback struct {
	Run      string     `json:"run"`
	To       string     `json:"to,omitempty"` // the run whose state was put back; "" for a release
	Released bool       `json:"released,omitempty"`
	Units    []RolledIn `json:"units"`
	Load     LoadReport `json:"load"` // of the dates; zero for a release, or without a warehouse
}

// RolledIn is one unit of a roll-back.
type RolledIn struct {
	Dataset string   `json:"dataset"`
	Unit    job.Unit `json:"unit"`
	From    string   `json:"from"` // the run that had published what was there
	To      string   `json:"to"`   // the run that had published what is there now
	Changed bool     `json:"changed"`
	Later   bool     `json:"later,omitempty"` // no version is as old: it was published for the first time later, and stays
}

// NotKeptError says that a version is not there to be put back.
type NotKeptError struct {
	Dataset string
	Unit    job.Unit
	Run     string
	Kept    []string // runs whose versions are
}

func (e *NotKeptError) Error() string {
	kept := "none is kept"
	if len(e.Kept) > 0 {
		kept = "kept are those of runs " + strings.Join(e.Kept, ", ")
	}
	return fmt.Sprintf("%s %s: no version as old as run %s: %s", e.Dataset, e.Unit, e.Run, kept)
}

// Try returns the remedy.
func (e *NotKeptError) Try() string {
	return "one of the runs that are kept, or have the raw objects of then restored and run again; lake.keep says how many versions are kept"
}

// ExitCode is that of usage.
func (e *NotKeptError) ExitCode() int { return ExitUsage }

// Rollback puts every unit of the selected dates back to how a run had left it, in
// one commit, and pins it there: runs hold what would make it again until Release.
// Whole datasets have no date, and stay; so does what was not there yet, and runs hold
// it as they hold whatever is made from pinned units. Where there is a warehouse, the
// dates are loaded. The result is not nil if the lake was put back, also with an error
// of the load.
func (m *Mill) Rollback(ctx context.Context, sel Selection, to ledger.RunSummary) (*Rollback, error) {
	done := &Rollback{Run: m.Run, To: to.Run, Units: []RolledIn{}}
	entry := ledger.Entry{}
	stands := versions{}
	for _, name := range m.Project.Order {
		for _, unit := range m.Own().UnitNames(name) {
			known, _ := m.Own().Unit(name, unit)
			step := known.Key == "" && m.Project.Contracts[name] == nil // it lies in no lake
			if unit == string(job.Whole) || step || !sel.has(name, job.Unit(unit)) {
				continue
			}
			one, version, err := m.putBack(ctx, &entry, known, to)
			if err != nil {
				return nil, errors.Join(err, m.abortEntry(ctx, entry))
			}
			done.Units = append(done.Units, one)
			if one.Later {
				continue
			}
			set(stands, name, one.Unit, version)
			entry.Pins = append(entry.Pins, ledger.Pin{Dataset: name, Unit: unit, To: to.Run, Run: m.Run, At: m.Now().UTC(), Operator: os.Getenv("USER"), Reason: sel.Reason})
		}
	}
	if len(done.Units) == 0 {
		return nil, &NothingError{What: "no unit of these dates is published"}
	}
	if err := m.balanced(stands); err != nil {
		return nil, errors.Join(err, m.abortEntry(ctx, entry))
	}
	record, err := m.commitAlone(ctx, entry, sel.Reason, m.Warehouse != nil)
	if err != nil {
		return nil, err
	}
	return done, m.loadAlone(ctx, record, func() (err error) {
		done.Load, err = m.Load(ctx, sel)
		return err
	})
}

// versions are records of units by dataset and unit.
type versions = map[string]map[job.Unit]ledger.UnitRecord

// balanced holds versions that are to stand beside each other against what they
// preserve, as far as that is of the same dates.
func (m *Mill) balanced(stands versions) error {
	for _, name := range m.Project.Order {
		one := m.Project.Models[name]
		if one == nil || one.Preserves == "" {
			continue
		}
		for _, u := range sortedKeys(stands[name]) {
			made, from := stands[name][u], stands[one.Preserves][u]
			if from.Dataset == "" {
				continue
			}
			why := ""
			if made.Rows != from.Rows {
				why = fmt.Sprintf("%d records in that of %s, %d here", from.Rows, one.Preserves, made.Rows)
			} else if len(made.Control.Groups) > 0 {
				why = from.Control.Difference(made.Control)
			}
			if why != "" {
				return &ledger.BalanceError{Dataset: name, Unit: string(u), Detail: "the version of run " + made.Run + " is not of the one that would stand beside it: " + why}
			}
		}
	}
	return nil
}

// NothingError says that there is nothing to do what was asked for to.
type NothingError struct{ What string }

func (e *NothingError) Error() string { return e.What }

// Try returns the remedy.
func (e *NothingError) Try() string { return "ledgermill status names what is published" }

// ExitCode is that of usage.
func (e *NothingError) ExitCode() int { return ExitUsage }

// putBack adds a unit's version of then to an entry, and returns it.
func (m *Mill) putBack(ctx context.Context, entry *ledger.Entry, known ledger.UnitRecord, to ledger.RunSummary) (RolledIn, ledger.UnitRecord, error) {
	one := RolledIn{Dataset: known.Dataset, Unit: job.Unit(known.Unit), From: known.Run}
	versions := versionsOf(known)
	at := slices.IndexFunc(versions, func(v ledger.UnitRecord) bool { return !v.At.After(to.Finished) })
	if at < 0 && known.First.After(to.Finished) {
		one.To, one.Later = known.Run, true
		return one, known, nil
	}
	if at < 0 {
		var kept []string
		for _, v := range versions[1:] {
			kept = append(kept, v.Run)
		}
		return one, known, &NotKeptError{Dataset: one.Dataset, Unit: one.Unit, Run: to.Run, Kept: kept}
	}
	one.To = versions[at].Run
	if at == 0 {
		return one, known, nil
	}
	one.Changed = true
	back := versions[at]
	key, rejects := placeOf(known, m.Project.Contracts[known.Dataset] != nil)
	for _, file := range []struct {
		kept *string
		key  string
	}{{&back.Key, key}, {&back.Rejects, rejects}} {
		if *file.kept == "" {
			continue
		}
		upload, err := m.stageKept(ctx, *file.kept, file.key)
		if err != nil {
			return one, known, err
		}
		entry.Uploads = append(entry.Uploads, upload)
		if file.kept == &back.Key {
			back.ETag = upload.ETag
		}
		*file.kept = file.key
	}
	if known.Rejects != "" && back.Rejects == "" {
		entry.Removals = append(entry.Removals, known.Rejects)
	}
	back.Run, back.At, back.Lost = m.Run, m.Now().UTC(), false
	entry.Units = append(entry.Units, back)
	return one, versions[at], nil
}

// stageKept stages a copy of a kept file for its place.
func (m *Mill) stageKept(ctx context.Context, kept, key string) (upload lake.Upload, err error) {
	r, err := m.Lake.Open(ctx, kept)
	if err != nil {
		return upload, &StoreError{Op: "open kept version", URL: m.Lake.URL() + "/" + kept, Err: err}
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	path := filepath.Join(m.Work, "kept", ledger.Fingerprint(kept)+".parquet")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return upload, fmt.Errorf("copy %s: %w", kept, err)
	}
	w, err := os.Create(path)
	if err != nil {
		return upload, fmt.Errorf("copy %s: %w", kept, err)
	}
	_, err = io.Copy(w, r)
	if err = errors.Join(err, w.Close()); err != nil {
		return upload, fmt.Errorf("copy %s: %w", kept, err)
	}
	return m.Lake.Stage(ctx, key, path)
}

// Release ends the pins of the selected dates: the next run makes the units again.
func (m *Mill) Release(ctx context.Context, sel Selection) (*Rollback, error) {
	done := &Rollback{Run: m.Run, Released: true, Units: []RolledIn{}}
	entry := ledger.Entry{}
	for _, name := range sortedKeys(m.Own().Pins) {
		for _, unit := range sortedKeys(m.Own().Pins[name]) {
			if !sel.has(name, job.Unit(unit)) {
				continue
			}
			pin := m.Own().Pins[name][unit]
			pin.Released, pin.Run, pin.At = true, m.Run, m.Now().UTC()
			entry.Pins = append(entry.Pins, pin)
			done.Units = append(done.Units, RolledIn{Dataset: name, Unit: job.Unit(unit), From: pin.To})
		}
	}
	if len(done.Units) == 0 {
		return nil, &NothingError{What: "no unit of these dates is pinned by a roll-back"}
	}
	if _, err := m.commitAlone(ctx, entry, sel.Reason, false); err != nil {
		return nil, err
	}
	return done, nil
}

// commitAlone commits an entry that is no run of the mill, with a record of its own.
// With loads the record says that the warehouse is behind until loadAlone has ended.
func (m *Mill) commitAlone(ctx context.Context, entry ledger.Entry, reason string, loads bool) (*ledger.RunSummary, error) {
	record := &ledger.RunSummary{Run: m.Run, Command: m.Command, Started: m.Now().UTC(), Finished: m.Now().UTC(), Units: len(entry.Units),
		Config: m.Config, Reason: reason, ByHand: true}
	if loads {
		record.Exit, record.Error = ExitFailed, "it ended before the warehouse had followed"
	}
	entry.Summary = record
	m.keepFormer(&entry)
	m.sign(&entry)
	if err := m.ledger.Commit(ctx, entry); err != nil {
		if m.ledger.Pending() || errors.Is(err, lake.ErrUploadGone) {
			return nil, err // the entry stands
		}
		return nil, errors.Join(err, m.abortEntry(ctx, entry))
	}
	return record, nil
}

// loadAlone lets the warehouse follow an entry that was committed alone, if there is
// one, and records how that ended.
func (m *Mill) loadAlone(ctx context.Context, record *ledger.RunSummary, load func() error) error {
	if m.Warehouse == nil {
		return nil
	}
	ended := *record
	ended.Exit, ended.Error = ExitDone, ""
	err := load()
	if err != nil {
		ended.Exit, err = m.ended(ctx, err)
		ended.Error = m.discreet(err.Error())
	}
	ended.Finished = m.Now().UTC()
	entry := ledger.Entry{Summary: &ended}
	m.sign(&entry)
	return errors.Join(err, m.ledger.Commit(context.WithoutCancel(ctx), entry))
}

func (m *Mill) abortEntry(ctx context.Context, entry ledger.Entry) error {
	var err error
	for _, u := range entry.Uploads {
		err = errors.Join(err, m.Lake.Abort(context.WithoutCancel(ctx), u))
	}
	return err
}
