package engine

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"time"

	"ledgermill/engine/job"
	"ledgermill/engine/ledger"
)

// publish stages the files of the batch, commits them and makes them visible.
func (r *run) publish(ctx context.Context) error {
	began := time.Now()
	defer func() { r.timing.add("lake", began) }()
	if err := r.strays(ctx); err != nil {
		return err
	}
	r.entry.Objects = r.dirtyObjects()
	r.entry.Verdicts = r.newVerdicts()
	r.entry.Removals = append(r.entry.Removals, droppedStrays(r.entry.Objects)...)
	r.heldRejects()
	if len(r.entry.Units)+len(r.entry.Objects)+len(r.entry.Verdicts)+len(r.entry.Removals)+len(r.uploads) == 0 {
		return nil
	}
	if err := r.stage(ctx, r.uploads); err != nil {
		return err
	}
	r.report.Published += len(r.entry.Uploads)
	for _, u := range r.entry.Uploads {
		r.report.Bytes += u.Size
	}
	r.keepFormer(&r.entry)
	r.keepStatements()
	if err := r.commit(ctx); err != nil {
		return err
	}
	r.Log.InfoContext(ctx, "published", "entry", r.State().Number, "units", len(r.entry.Units), "files", len(r.entry.Uploads), "seconds", time.Since(began).Seconds())
	files := r.uploads
	r.committed()
	return r.clearLocal(files)
}

// stage stages files and notes their ETags in the records of their units.
func (r *run) stage(ctx context.Context, files []staged) error {
	etags := map[string]string{}
	for _, s := range files {
		upload, err := r.Lake.Stage(ctx, s.key, s.path)
		if err != nil {
			return errors.Join(err, r.abortEntry(ctx, r.entry))
		}
		r.entry.Uploads = append(r.entry.Uploads, upload)
		etags[s.key] = upload.ETag
	}
	for i, u := range r.entry.Units {
		if etag, ok := etags[u.Key]; ok {
			r.entry.Units[i].ETag = etag
			if made, ok := r.records[u.Dataset][job.Unit(u.Unit)]; ok {
				made.ETag = etag
				set(r.records, u.Dataset, job.Unit(u.Unit), made)
			}
		}
	}
	return nil
}

// restages is how often what the store has lost between staging and completion is
// sent again.
const restages = 3

// commit commits the entry. Some servers lose an upload if the connection breaks while
// they complete it; its file is still at hand, so it is published by an entry of its own.
// With an error the entry is what is not published.
func (r *run) commit(ctx context.Context) error {
	whole := r.entry
	for again := 0; ; again++ {
		r.sign(&r.entry)
		err := r.ledger.Commit(ctx, r.entry)
		var lost *ledger.LostError
		switch {
		case err == nil:
			r.entry = whole
			return nil
		case errors.As(err, &lost) && again < restages:
			r.Log.WarnContext(ctx, "the store has lost uploads; sending them again", "entry", lost.Number, "objects", lost.Keys)
			if again := r.restage(ctx, lost.Keys); again != nil {
				return errors.Join(err, again)
			}
		case lost != nil, r.ledger.Pending():
			return err // the commit stands: whoever comes next needs the staged bytes
		default:
			return errors.Join(err, r.abortEntry(ctx, r.entry))
		}
	}
}

// restage makes an entry of the objects of the last one that are lost.
func (r *run) restage(ctx context.Context, keys []string) error {
	lost := func(key string) bool { return key != "" && slices.Contains(keys, key) }
	last := r.entry
	r.entry = ledger.Entry{}
	for _, u := range last.Units {
		if lost(u.Key) || lost(u.Rejects) {
			r.entry.Units = append(r.entry.Units, u)
		}
	}
	for _, o := range last.Objects {
		if lost(o.Strays) {
			r.entry.Objects = append(r.entry.Objects, o)
		}
	}
	return r.stage(ctx, slices.DeleteFunc(slices.Clone(r.uploads), func(s staged) bool { return !lost(s.key) }))
}

// sign says who makes a commit.
func (m *Mill) sign(entry *ledger.Entry) {
	entry.Run, entry.At, entry.Host = m.Run, m.Now().UTC(), hostname()
	entry.Operator, entry.Engine, entry.Program = os.Getenv("USER"), m.Engine.Name(), m.Program
}

// committed forgets the commit; its files lie in the lake now.
func (r *run) committed() {
	for _, u := range r.entry.Units {
		if u.Key != "" {
			delete(r.files[u.Dataset], job.Unit(u.Unit))
		}
	}
	for _, o := range r.entry.Objects {
		delete(r.feeds[o.Feed].dirty, o.Key)
	}
	r.entry, r.uploads = ledger.Entry{}, nil
}

// clearLocal removes what a published batch has left on the local disk beside a lake
// in an object store: its staged files, and the copies that it read.
func (r *run) clearLocal(files []staged) error {
	if !remote(r.Lake) {
		return nil
	}
	var err error
	for _, s := range files {
		if gone := os.Remove(s.path); !errors.Is(gone, os.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	}
	if r.copies != nil {
		err = errors.Join(err, r.copies.Clear())
	}
	return err
}

// strays writes the rejects without a business date of the objects that this run
// has read, as far as they are landed.
func (r *run) strays(ctx context.Context) error {
	for _, name := range r.Project.Order {
		f := r.feeds[name]
		if f == nil {
			continue
		}
		for _, key := range sortedKeys(f.strays) {
			if !f.landed[key] {
				continue
			}
			path := filepath.Join(r.Work, "strays", ledger.Fingerprint(name, key)+".parquet")
			file, err := r.Engine.Strays(ctx, f.contract, key, path)
			if err != nil {
				return err
			}
			if file != nil {
				r.uploads = append(r.uploads, staged{key: strayKey(name, key), path: path})
			} else {
				r.entry.Removals = append(r.entry.Removals, strayKey(name, key))
			}
			delete(f.strays, key)
			f.dirty[key] = true
		}
	}
	return nil
}

// lastStrays lands the objects whose rejects without a business date no batch has
// written: those of which no unit was made.
func (r *run) lastStrays(ctx context.Context) error {
	for _, name := range r.Project.Order {
		f := r.feeds[name]
		if f == nil {
			continue
		}
		for _, chunk := range r.chunks(f, sortedKeys(f.strays)) {
			if !r.parks {
				if err := r.release(ctx, f); err != nil {
					return err
				}
			}
			if err := r.landAgain(ctx, f, chunk); err != nil {
				return err
			}
			if err := r.publish(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *run) dirtyObjects() []ledger.ObjectRecord {
	var objects []ledger.ObjectRecord
	for _, name := range sortedKeys(r.feeds) {
		f := r.feeds[name]
		for _, key := range sortedKeys(f.dirty) {
			o := f.objects[key]
			if f.strays[key] {
				// If this run dies before they are written or removed, the next one reads the object
				// again, and has to know of what is there.
				o.Contract, o.Strays = "", r.State().Objects[name][key].Strays
			}
			objects = append(objects, o)
		}
	}
	return objects
}

// newVerdicts are those that the ledger does not have yet.
func (r *run) newVerdicts() []ledger.Verdict {
	var verdicts []ledger.Verdict
	for _, name := range sortedKeys(r.verdicts) {
		for _, u := range sortedKeys(r.verdicts[name]) {
			v := r.verdicts[name][u]
			old, ok := r.State().Verdicts[name][string(u)]
			if v.Exit == ExitDone || ok && old.Kind == v.Kind && old.Fingerprint == v.Fingerprint && old.Exit == v.Exit {
				continue
			}
			verdicts = append(verdicts, v)
		}
	}
	return verdicts
}
