package engine

import (
	"fmt"
	"slices"

	"ledgermill/engine/job"
	"ledgermill/engine/ledger"
)

// keepFormer has the files that a commit replaces copied aside, so that a unit can be
// rolled back, and those removed that are older than what is to be kept.
func (m *Mill) keepFormer(entry *ledger.Entry) {
	for i := range entry.Units {
		u := &entry.Units[i]
		known, published := m.Own().Unit(u.Dataset, u.Unit)
		if !published {
			u.First = u.At
			continue
		}
		u.First = known.First
		u.Kept = slices.Clone(known.Kept)
		if m.Keep > 0 && !known.Lost && m.replaces(entry, *u, known) {
			u.Kept = slices.Insert(u.Kept, 0, former(entry, known))
		}
		if len(u.Kept) > m.Keep {
			for _, old := range u.Kept[m.Keep:] {
				entry.Removals = append(entry.Removals, keysOf(old)...)
			}
			u.Kept = u.Kept[:m.Keep]
		}
	}
}

// replaces reports whether a unit is another one afterwards: its rows, or of a
// contract its accounts. A damaged file that is put right is no former version.
func (m *Mill) replaces(entry *ledger.Entry, u, known ledger.UnitRecord) bool {
	if m.Project.Contracts[u.Dataset] != nil {
		return u.Fingerprint != known.Fingerprint
	}
	for _, up := range entry.Uploads {
		if up.Key == known.Key && u.Content != known.Content {
			return true
		}
	}
	return false
}

// former is the record of a version with its files where they are kept.
func former(entry *ledger.Entry, known ledger.UnitRecord) ledger.UnitRecord {
	known.Kept = nil
	for _, key := range []*string{&known.Key, &known.Rejects} {
		if *key != "" {
			to := keptKey(*key, known)
			entry.Keeps = append(entry.Keeps, ledger.Keep{Key: *key, To: to})
			*key = to
		}
	}
	return known
}

// keptKey is where a former version of an object lies: hidden from plain readers.
func keptKey(key string, known ledger.UnitRecord) string {
	return fmt.Sprintf("_kept/%s/%s.parquet", key, ledger.Fingerprint(known.Run, known.Content)[:16])
}

func keysOf(u ledger.UnitRecord) []string {
	return slices.DeleteFunc([]string{u.Key, u.Rejects}, func(key string) bool { return key == "" })
}

// versionsOf are the versions of a published unit that can be put back, the present
// one first.
func versionsOf(u ledger.UnitRecord) []ledger.UnitRecord {
	kept := u.Kept
	u.Kept = nil
	return append([]ledger.UnitRecord{u}, kept...)
}

// placeOf are the keys of a unit's files when they are published.
func placeOf(u ledger.UnitRecord, contract bool) (key, rejects string) {
	unit := job.Unit(u.Unit)
	if contract {
		return "", rejectsKey(u.Dataset, unit)
	}
	return unit.Key(u.Dataset), ""
}

// keepStatements puts the texts of what made the commit's units into it, as far as the
// ledger does not have them: a later plan shows an edit beside them.
func (r *run) keepStatements() {
	given := map[string]bool{}
	for _, u := range r.entry.Units {
		if _, kept := r.Own().Statement(u.Dataset, u.SQL); kept || given[u.Dataset] {
			continue
		}
		text, sql := r.text(u.Dataset)
		if sql != u.SQL {
			continue // published before, and only tested again
		}
		given[u.Dataset] = true
		r.entry.Statements = append(r.entry.Statements, ledger.Statement{Dataset: u.Dataset, SQL: sql, Text: text})
	}
}

// text is what makes a dataset, and its hash.
func (m *Mill) text(dataset string) (text, sql string) {
	if c := m.Project.Contracts[dataset]; c != nil {
		return c.Source, contractHash(m.Semantics, c)
	}
	one := m.Project.Models[dataset]
	return one.Text(), ledger.Fingerprint(one.Data())
}
