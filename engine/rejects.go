package engine

import (
	"slices"

	"ledgermill/engine/job"
	"ledgermill/engine/ledger"
)

// rejectsKey is where the rejects of a published unit lie: they replace those of its
// former self, and are removed where none are left.
func rejectsKey(feed string, u job.Unit) string { return u.Key("_rejects/" + feed) }

// heldRejectsKey is where the rejects of a unit lie that this run has refused.
func (r *run) heldRejectsKey(feed string, u job.Unit) string {
	return u.Key("_rejects/" + feed + "/_held/" + r.Run)
}

// heldRejects notes with each verdict of the commit where the rejects of its unit lie,
// and removes those of verdicts that no longer stand.
func (r *run) heldRejects() {
	drop := func(dataset, unit, stays string) {
		if old, ok := r.State().Verdicts[dataset][unit]; ok && old.Rejects != "" && old.Rejects != stays {
			r.entry.Removals = append(r.entry.Removals, old.Rejects)
		}
	}
	for i := range r.entry.Verdicts {
		v := &r.entry.Verdicts[i]
		key := r.heldRejectsKey(v.Dataset, job.Unit(v.Unit))
		if !v.Lifted && slices.ContainsFunc(r.uploads, func(s staged) bool { return s.key == key }) {
			v.Rejects = key
			set(r.verdicts, v.Dataset, job.Unit(v.Unit), *v)
		}
		if v.Lifted {
			drop(v.Dataset, v.Unit, "")
			continue
		}
		drop(v.Dataset, v.Unit, v.Rejects)
	}
	for _, u := range r.entry.Units {
		drop(u.Dataset, u.Unit, "")
	}
}

// strayKey is where the rejects of an object lie that have no business date.
func strayKey(feed, object string) string {
	return "_rejects/" + feed + "/none/" + ledger.Fingerprint(object) + ".parquet"
}

// hasStrays reports whether records without a business date were rejected.
func hasStrays(cells []ledger.Cell) bool {
	return slices.ContainsFunc(cells, func(c ledger.Cell) bool {
		return c.Unit == ledger.NoDate && c.RejectedTotal().Records > 0
	})
}

// droppedStrays are the rejects without a date of objects that are accepted as removed.
func droppedStrays(objects []ledger.ObjectRecord) []string {
	var keys []string
	for _, o := range objects {
		if o.Dropped && o.Strays != "" {
			keys = append(keys, o.Strays)
		}
	}
	return keys
}

// holdRejects takes the rejects of a unit along that a data test withdraws: those
// of what stays published stay.
func (r *run) holdRejects(feed string, u job.Unit) {
	key := rejectsKey(feed, u)
	r.entry.Removals = slices.DeleteFunc(r.entry.Removals, func(k string) bool { return k == key })
	for i := range r.uploads {
		if r.uploads[i].key == key {
			r.uploads[i].key = r.heldRejectsKey(feed, u)
		}
	}
}
