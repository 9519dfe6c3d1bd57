package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"ledgermill/engine/contract"
	"ledgermill/engine/lake"
	"ledgermill/engine/ledger"
)

// feed is one contract with its objects: what the ledger knew of them, what the
// store lists now, and what this run found out.
type feed struct {
	contract *contract.Contract
	hash     string                         // of the contract's data
	objects  map[string]ledger.ObjectRecord // the inventory as this run sees it
	listed   map[string]listed
	dirty    map[string]bool // records that the ledger does not have yet
	changes  []ObjectChange
	misnamed []ObjectChange // objects of a name that no ledger should hold
	landed   map[string]bool
	strays   map[string]bool // objects whose rejects without a date are to be written
	fetching atomic.Bool     // its objects are fetched: one that was read in its store proved nothing
}

// listed is an object that the store lists.
type listed struct {
	object  lake.Object
	control *lake.Object // its control file
	section contract.Section
	fills   map[string]string
	order   int  // place in natural order
	waiting bool // its newest version is not read yet, and not the one that is known
}

// ObjectChange is what is new about a raw object.
type ObjectChange struct {
	Feed    string `json:"feed"`
	Key     string `json:"key"`
	Change  string `json:"change"` // new, replaced, read again, vanished, restored, waiting, refused, allowed
	Detail  string `json:"detail,omitempty"`
	Try     string `json:"try,omitempty"`  // what to do about a refusal
	Exit    int    `json:"exit,omitempty"` // that a refusal asks for
	Size    int64  `json:"size,omitempty"`
	Records int64  `json:"records,omitempty"`
}

// The changes of objects.
const (
	NewObject      = "new"
	ReplacedObject = "replaced"
	RereadObject   = "read again" // under an edited contract
	VanishedObject = "vanished"
	RestoredObject = "restored"
	WaitingObject  = "waiting" // without a control file, and not yet settled
	RefusedObject  = "refused"
	AllowedObject  = "allowed" // refused before, and within the limits of today
)

// take reads the listing of the input, feed by feed, against the ledger. Nothing
// is read of the objects yet.
func (m *Mill) take(ctx context.Context, sel Selection) error {
	m.feeds = map[string]*feed{}
	for _, name := range m.Project.Order {
		c := m.Project.Contracts[name]
		if c == nil {
			continue
		}
		f := &feed{contract: c, hash: contractHash(m.Semantics, c), objects: map[string]ledger.ObjectRecord{},
			listed: map[string]listed{}, dirty: map[string]bool{}, landed: map[string]bool{}, strays: map[string]bool{}}
		for key, record := range m.State().Objects[name] {
			f.objects[key] = record
		}
		if err := m.list(ctx, f, sel.Agreed); err != nil {
			return err
		}
		f.compare(sel)
		m.feeds[name] = f
	}
	return nil
}

func (m *Mill) list(ctx context.Context, f *feed, agreed *PlanFile) error {
	waiting := agreed.waiting(f.contract.Name)
	for _, section := range f.contract.Sections {
		prefix := staticPrefix(section.Objects)
		objects, err := m.Input.List(ctx, prefix)
		if err != nil {
			return &StoreError{Op: "list", URL: m.Input.URL(), Err: err}
		}
		controls := map[string]lake.Object{}
		for _, o := range objects {
			if target, ok := strings.CutSuffix(o.Key, controlSuffix); ok {
				controls[target] = o
			}
		}
		for _, o := range objects {
			if strings.HasSuffix(o.Key, controlSuffix) {
				continue
			}
			at, fills, ok := f.contract.SectionOf(o.Key)
			if _, taken := f.listed[o.Key]; !ok || taken {
				continue
			}
			if err := lake.CheckKey(o.Key); err != nil {
				f.refuseName(o, err)
				continue
			}
			section := f.contract.Sections[at]
			one := listed{object: o, section: section, fills: fills}
			if control, ok := controls[o.Key]; ok {
				one.control = &control
			}
			record, known := f.objects[o.Key]
			if (m.waits(one) || waiting[o.Key]) && !(known && sameVersion(record, one)) {
				f.changes = append(f.changes, ObjectChange{Feed: f.contract.Name, Key: o.Key, Change: WaitingObject, Size: o.Size,
					Detail: fmt.Sprintf("changed %s ago and has no control file; read once it is %s old", m.Now().Sub(o.ModTime).Round(time.Second), m.Settle)})
				if !known {
					continue
				}
				one.waiting = true // what is published of the version before stays
			}
			f.listed[o.Key] = one
		}
	}
	keys := f.keys()
	for i, key := range keys {
		one := f.listed[key]
		one.order = i
		f.listed[key] = one
	}
	return nil
}

// contractHash is the hash of all of a contract that bears on data.
func contractHash(semantics string, c *contract.Contract) string {
	return ledger.Fingerprint("contract", semantics, c.Data())
}

// staticPrefix is the beginning of a pattern that every match shares.
func staticPrefix(pattern string) string {
	if i := strings.IndexAny(pattern, "*<{?["); i >= 0 {
		return pattern[:i]
	}
	return pattern
}

const controlSuffix = ".control.json"

func (m *Mill) waits(one listed) bool {
	return one.control == nil && m.Settle > 0 && m.Now().Sub(one.object.ModTime) < m.Settle
}

// refuseName refuses an object for its name: it is said by every run, and printed
// so that it can be seen.
func (f *feed) refuseName(o lake.Object, err error) {
	shown := strings.Trim(strconv.QuoteToASCII(o.Key), `"`)
	if slices.ContainsFunc(f.misnamed, func(c ObjectChange) bool { return c.Key == shown }) {
		return // another section has listed it
	}
	f.misnamed = append(f.misnamed, ObjectChange{Feed: f.contract.Name, Key: shown, Change: RefusedObject, Detail: "unreadable: " + err.Error(),
		Try: "give the object a name of printable UTF-8 characters", Exit: ExitHeld, Size: o.Size})
}

// keys are the listed objects in natural order.
func (f *feed) keys() []string {
	keys := make([]string, 0, len(f.listed))
	for key := range f.listed {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, lake.Compare)
	return keys
}

// compare finds what is new, and what has vanished.
func (f *feed) compare(sel Selection) {
	for key, record := range f.objects {
		if one, ok := f.listed[key]; ok {
			if record.Vanished {
				record.Vanished = false
				f.note(record, RestoredObject, "")
			}
			if byLimit(record.Refused) && record.Contract == f.hash && sameVersion(record, one) {
				f.allow(record)
			}
			continue
		}
		switch {
		case record.Refused != nil && record.Before == nil:
			record.Dropped = true
			f.note(record, VanishedObject, "it was refused, and nothing is made from it")
		case sel.AcceptRemoved && f.within(record, sel):
			record.Dropped = true
			f.note(record, VanishedObject, "accepted as removed")
		case !record.Vanished:
			record.Vanished = true
			f.note(record, VanishedObject, "its units are sealed")
		}
	}
	slices.SortFunc(f.changes, func(a, b ObjectChange) int { return lake.Compare(a.Key, b.Key) })
}

// allow lets an object in that was refused for its limits, if these allow it by now.
func (f *feed) allow(record ledger.ObjectRecord) {
	now := f.judged(record)
	switch {
	case now.Refused == nil:
		now.Before = nil
		f.note(now, AllowedObject, "")
	case *now.Refused != *record.Refused:
		f.objects[now.Key], f.dirty[now.Key] = now, true
	}
}

// within reports whether all that an object holds, or its version before, is in the
// selection: to drop an object empties its units, and those that were not asked for
// are left alone.
func (f *feed) within(r ledger.ObjectRecord, sel Selection) bool {
	units := unitsOf(f.contract, r.Cells)
	if r.Before != nil {
		units = append(units, unitsOf(f.contract, r.Before.Cells)...)
	}
	for _, u := range units {
		from, after := u.Bounds()
		if !from.IsZero() && (!sel.From.IsZero() && from.Before(sel.From) || !sel.To.IsZero() && after.AddDate(0, 0, -1).After(sel.To)) {
			return false
		}
		if !sel.covers(u) {
			return false
		}
	}
	return sel.Datasets == nil || slices.Contains(sel.Datasets, f.contract.Name)
}

// refused are the objects that were refused in this run or before: what stands in
// the way is said until it is gone.
func (f *feed) refused() []ObjectChange {
	all := slices.Clone(f.misnamed)
	for _, key := range slices.SortedFunc(maps.Keys(f.objects), lake.Compare) {
		r := f.objects[key]
		if r.Refused == nil || r.Dropped {
			continue
		}
		all = append(all, ObjectChange{Feed: f.contract.Name, Key: key, Change: RefusedObject, Detail: r.Refused.Reason + ": " + r.Refused.Detail,
			Try: r.Refused.Try, Exit: r.Refused.Exit, Size: r.Size, Records: r.Records})
	}
	return all
}

// news are the changes without the refusals, which refused lists.
func (f *feed) news() []ObjectChange {
	return slices.DeleteFunc(slices.Clone(f.changes), func(c ObjectChange) bool { return c.Change == RefusedObject })
}

func (f *feed) note(record ledger.ObjectRecord, change, detail string) {
	f.objects[record.Key] = record
	f.dirty[record.Key] = true
	f.changes = append(f.changes, ObjectChange{Feed: f.contract.Name, Key: record.Key, Change: change, Detail: detail, Size: record.Size, Records: record.Records})
}

// unread are the listed objects whose content the inventory does not know under
// this contract, in natural order.
func (f *feed) unread() []string {
	var keys []string
	for _, key := range f.keys() {
		one := f.listed[key]
		if one.waiting {
			continue
		}
		record, known := f.objects[key]
		if !known || record.Contract != f.hash || !sameVersion(record, one) || bySetting(record.Refused) {
			keys = append(keys, key)
		}
	}
	return keys
}

// bySetting reports whether an object was refused for what a setting says: another
// night may read it.
func bySetting(r *ledger.Refusal) bool { return r != nil && r.Reason == "too_large" }

// byLimit reports whether an object was read, and refused for the limits of its
// contract: they are edited without its being read again.
func byLimit(r *ledger.Refusal) bool { return r != nil && r.Exit == ExitRefused }

// sameVersion reports whether a listed object is the version that was read: by its
// ETag where the store has one, else by what a file system says of it.
func sameVersion(r ledger.ObjectRecord, one listed) bool {
	if seenControl(one.control) != r.Seen {
		return false
	}
	o := one.object
	if o.ETag != "" {
		return o.ETag == r.ETag
	}
	return o.Size == r.Size && o.ModTime.Equal(r.ModTime) && o.Inode == r.Inode
}

// seenControl is what a store says of a control file without its being read.
func seenControl(control *lake.Object) string {
	if control == nil {
		return ""
	}
	return cmp.Or(control.ETag, fmt.Sprintf("%d-%d", control.Size, control.ModTime.UnixNano()))
}

// cachePath is where a plan keeps what it read of an object version.
func (m *Mill) cachePath(f *feed, one listed) string {
	o := one.object
	id := ledger.Fingerprint(m.Input.URL(), f.contract.Name, f.hash, o.Key, o.ETag, fmt.Sprint(o.Size, o.ModTime.UnixNano(), o.Inode), seenControl(one.control))
	return filepath.Join(m.Cache, "survey", id+".json")
}

// recall returns what a plan has read of the object, if it is still the same.
func (m *Mill) recall(f *feed, one listed) (record ledger.ObjectRecord, ok bool) {
	if m.Cache == "" {
		return record, false
	}
	data, err := os.ReadFile(m.cachePath(f, one))
	if err != nil || json.Unmarshal(data, &record) != nil {
		return record, false
	}
	return record, true
}

// remember keeps what was read of an object for the next plan or run. A cache
// that cannot be written costs time and nothing else.
func (m *Mill) remember(f *feed, one listed, record ledger.ObjectRecord) {
	if m.Cache == "" || bySetting(record.Refused) {
		return
	}
	path := m.cachePath(f, one)
	data, err := json.Marshal(record)
	if err == nil {
		err = errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, data, 0o644))
	}
	if err != nil {
		m.Log.Warn("the plan's cache cannot be written", "path", path, "error", err)
	}
}
