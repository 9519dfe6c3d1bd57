package engine

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"ledgermill/engine/contract"
	"ledgermill/engine/job"
	"ledgermill/engine/lake"
	"ledgermill/engine/ledger"
	"ledgermill/engine/model"
)

// version is an object version that a unit is made from.
type version struct {
	ledger.Version
	vanished bool
	waiting  bool            // there is a newer one, which has not settled: this one cannot be read any more
	refusal  *ledger.Refusal // of this version (its control file), or of the one that would replace it
}

// units are the units that the feed's objects hold records of, with the versions
// that make them, in natural order of their keys. Of an object whose newest
// version is refused it is the version before.
func (f *feed) units() map[job.Unit][]version {
	units := map[job.Unit][]version{}
	if f.contract.BusinessDate == "" {
		units[job.Whole] = nil
	}
	for _, key := range slices.SortedFunc(maps.Keys(f.objects), lake.Compare) {
		r := f.objects[key]
		if r.Dropped {
			continue
		}
		v := version{Version: ledger.Version{Key: key, ETag: r.ETag, Size: r.Size, Control: r.Control}, vanished: r.Vanished,
			waiting: f.listed[key].waiting, refusal: r.Refused}
		cells := r.Cells
		if r.Refused != nil && !mismatch(r.Refused) {
			if r.Before == nil {
				continue
			}
			v.ETag, v.Control, v.Size, cells = r.Before.ETag, r.Before.Control, r.Before.Size, r.Before.Cells
		}
		for _, unit := range unitsOf(f.contract, cells) {
			units[unit] = append(units[unit], v)
		}
		if r.Refused != nil && mismatch(r.Refused) && r.Before != nil {
			f.holdBefore(units, v, r)
		}
	}
	return units
}

// holdBefore holds the units that the version before a refused one has records of
// and the refused one has not.
func (f *feed) holdBefore(units map[job.Unit][]version, v version, r ledger.ObjectRecord) {
	now := unitsOf(f.contract, r.Cells)
	for _, unit := range unitsOf(f.contract, r.Before.Cells) {
		if !slices.Contains(now, unit) {
			units[unit] = append(units[unit], v)
		}
	}
}

func unitsOf(c *contract.Contract, cells []ledger.Cell) []job.Unit {
	if c.BusinessDate == "" {
		return []job.Unit{job.Whole}
	}
	var units []job.Unit
	for _, cell := range cells {
		if cell.Unit != ledger.NoDate {
			units = append(units, job.Unit(cell.Unit))
		}
	}
	return units
}

// contractPrint is the fingerprint of a contract's unit: its statements and the
// versions of its objects.
func (f *feed) contractPrint(versions []version) string {
	parts := []string{f.hash}
	for _, v := range versions {
		parts = append(parts, v.Key, v.ETag, v.Control)
	}
	return ledger.Fingerprint(parts...)
}

// catalogue is which units each dataset has, and the calendar between them.
type catalogue struct {
	project  *model.Project
	epoch    string                            // number of the engine's semantics
	versions map[string]map[job.Unit][]version // by contract
	prints   map[string]map[job.Unit]string    // by contract
	units    map[string][]job.Unit             // by dataset, in order
}

func (m *Mill) catalogue() *catalogue {
	c := &catalogue{project: m.Project, epoch: m.Semantics, versions: map[string]map[job.Unit][]version{}, prints: map[string]map[job.Unit]string{}, units: map[string][]job.Unit{}}
	for _, name := range m.Project.Order {
		if f := m.feeds[name]; f != nil {
			c.addFeed(name, f, m.State())
			continue
		}
		c.units[name] = c.unitsOfModel(m.Project.Models[name])
	}
	return c
}

// addFeed adds the units that the objects hold, and those that were published and
// that no object holds any more: they are made again, empty.
func (c *catalogue) addFeed(name string, f *feed, state *ledger.State) {
	units := f.units()
	for _, published := range state.UnitNames(name) {
		if _, ok := units[job.Unit(published)]; !ok && job.Unit(published).Partition() == f.contract.Partition {
			units[job.Unit(published)] = nil
		}
	}
	c.versions[name], c.prints[name] = units, map[job.Unit]string{}
	for unit, versions := range units {
		c.prints[name][unit] = f.contractPrint(versions)
	}
	c.units[name] = slices.Sorted(maps.Keys(units))
}

func (c *catalogue) unitsOfModel(one *model.Model) []job.Unit {
	if !one.Dated() {
		return []job.Unit{job.Whole}
	}
	all := map[job.Unit]bool{}
	for _, input := range one.Inputs {
		for _, unit := range c.units[input] {
			if unit != job.Whole {
				all[unit] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// previous is the latest unit of a dataset before u; "" where there is none.
func (c *catalogue) previous(dataset string, u job.Unit) job.Unit {
	units := c.units[dataset]
	i, _ := slices.BinarySearch(units, u)
	if i == 0 {
		return ""
	}
	return units[i-1]
}

// granted are the units of an input that a model may read on unit u, in order.
func (c *catalogue) granted(one *model.Model, input string, u job.Unit) []job.Unit {
	if !one.Dated() {
		return c.units[input]
	}
	var units []job.Unit
	if all := c.units[input]; len(all) == 1 && all[0] == job.Whole {
		return all // only a test may name it
	}
	has := func(v job.Unit) bool { _, ok := slices.BinarySearch(c.units[input], v); return ok }
	if input != one.Name && has(u) {
		units = append(units, u)
	}
	grant, ok := one.Reads[input]
	if !ok {
		return units
	}
	for _, v := range c.units[input] {
		if v < u && c.grants(grant, input, v, u) {
			units = append(units, v)
		}
	}
	slices.Sort(units)
	return units
}

func (c *catalogue) grants(g model.Grant, input string, v, u job.Unit) bool {
	last, from := u.Last(), v.Last()
	switch g.Kind {
	case model.Previous:
		return v == c.previous(input, u)
	case model.LastDays:
		return from.After(last.AddDate(0, 0, -g.Days))
	case model.LatestWithin:
		_, present := slices.BinarySearch(c.units[input], u)
		return !present && v == c.previous(input, u) && from.After(last.AddDate(0, 0, -g.Days))
	case model.MonthToDate:
		return from.Year() == last.Year() && from.Month() == last.Month()
	}
	return false
}

// before is the last business date of the latest earlier unit of a model.
func (c *catalogue) before(one *model.Model, u job.Unit) time.Time {
	if p := c.previous(one.Name, u); p != "" {
		return p.Last()
	}
	return time.Time{}
}

// beforeTest is the last business date of the latest earlier unit of what a data test
// reads. What is whole has no dates, and counts for nothing.
func (c *catalogue) beforeTest(d *model.DataTest, u job.Unit) (latest time.Time) {
	if u == job.Whole {
		return latest
	}
	for _, name := range d.Inputs {
		if before := c.previous(name, u).Last(); before.After(latest) {
			latest = before
		}
	}
	return latest
}

// print is the fingerprint of a model's unit, where hash gives that of each unit
// of its inputs. The second result has one hash an input, to tell later which of
// them has changed.
func (c *catalogue) print(one *model.Model, u job.Unit, hash func(dataset string, u job.Unit) string) (string, map[string]string) {
	parts := []string{"model", c.epoch, one.Data(), string(u)}
	if one.UsesBusinessDay {
		parts = append(parts, "previous", c.before(one, u).Format(time.DateOnly))
	}
	inputs := map[string]string{}
	names := slices.Clone(one.Inputs)
	if one.ReadsItself {
		names = append(names, one.Name)
	}
	for _, input := range names {
		var hashes []string
		for _, v := range c.granted(one, input, u) {
			hashes = append(hashes, string(v), hash(input, v))
		}
		inputs[input] = ledger.Fingerprint(hashes...)
		parts = append(parts, input, inputs[input])
	}
	return ledger.Fingerprint(parts...), inputs
}

// mismatch reports whether an object was read, and is not what its control file or
// its last record says: then the units that it touches are known, and held.
func mismatch(r *ledger.Refusal) bool { return r.Reason == "control" || r.Reason == "trailer" }

// PartitionError says that a dataset is published in units of another size than it
// has now: old and new units would lie beside each other, and readers count twice.
type PartitionError struct {
	Dataset        string
	Published, Now contract.Partition
}

func (e *PartitionError) Error() string {
	return fmt.Sprintf("dataset %s is published by %s, and is by %s now", e.Dataset, e.Published, e.Now)
}

// Try returns the remedy.
func (e *PartitionError) Try() string {
	return "publish into a new lake (lake.root), or undo the edit of `partition` or `publish`"
}

// ExitCode is that of configuration.
func (e *PartitionError) ExitCode() int { return ExitUsage }

func (m *Mill) samePartitions() error {
	for _, name := range sortedKeys(m.Project.Models) {
		one := m.Project.Models[name]
		for _, unit := range m.Own().UnitNames(name) {
			record, _ := m.Own().Unit(name, unit)
			if was := job.Unit(unit).Partition(); record.Key != "" && was != one.Partition {
				return &PartitionError{Dataset: name, Published: was, Now: one.Partition}
			}
		}
	}
	return nil
}
