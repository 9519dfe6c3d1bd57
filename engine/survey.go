package engine

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"ledgermill/engine/job"
	"ledgermill/engine/ledger"
)

// survey reads every object that the inventory does not know, so that the units
// it touches can be named. What fits into the budget stays landed; a longer history
// is read in pieces, and what is to be made of it is parked.
func (m *Mill) survey(ctx context.Context, making bool) error {
	began := time.Now()
	defer func() { m.timing.add("read", began) }()
	var bytes, objects, done, records, text int64
	for _, f := range m.feeds {
		for _, key := range f.unread() {
			bytes += f.text(key)
			objects++
		}
	}
	m.parks = making && bytes > m.Budget
	chunks := m.surveyChunks()
	for c := range m.prepareAhead(ctx, chunks) {
		if c.err != nil {
			return c.err
		}
		m.Progress(Progress{Step: "read", Done: done, Total: objects, Rows: records, Bytes: text, What: c.keys[0]})
		err := m.surveyChunk(ctx, c)
		if err != nil {
			return err
		}
		done += int64(len(c.keys))
		for _, key := range c.keys {
			records += c.feed.objects[key].Records
			text += c.feed.objects[key].Text
		}
		m.Progress(Progress{Step: "read", Done: done, Total: objects, Rows: records, Bytes: text, What: c.keys[len(c.keys)-1]})
		switch {
		case m.parks:
			err = m.Engine.Park(ctx, c.feed.contract)
		case bytes > m.Budget:
			err = m.release(ctx, c.feed)
		}
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

// chunk is a part of what is to be surveyed, of one feed.
type chunk struct {
	feed  *feed
	keys  []string
	known []ledger.ObjectRecord // what a plan has read and kept
	fresh []prepared
	err   error
}

func (m *Mill) surveyChunks() []chunk {
	var chunks []chunk
	for _, name := range m.Project.Order {
		if f := m.feeds[name]; f != nil {
			for _, keys := range m.chunks(f, f.unread()) {
				chunks = append(chunks, chunk{feed: f, keys: keys})
			}
		}
	}
	return chunks
}

// prepareAhead counts the objects of a chunk while the one before is landed. It
// ends with the context or with an error.
func (m *Mill) prepareAhead(ctx context.Context, chunks []chunk) iter.Seq[chunk] {
	return func(yield func(chunk) bool) {
		ctx, cancel := context.WithCancel(ctx)
		ready := make(chan chunk, 1)
		var stopped sync.WaitGroup
		stopped.Go(func() {
			defer close(ready)
			for _, c := range chunks {
				c = m.prepareChunk(ctx, c)
				select {
				case ready <- c:
				case <-ctx.Done():
					return
				}
				if c.err != nil {
					return
				}
			}
		})
		defer stopped.Wait()
		defer cancel()
		for c := range ready {
			if !yield(c) {
				return
			}
		}
	}
}

func (m *Mill) prepareChunk(ctx context.Context, c chunk) chunk {
	var fresh []string
	for _, key := range c.keys {
		if record, ok := m.recall(c.feed, c.feed.listed[key]); ok {
			c.known = append(c.known, record)
			continue
		}
		fresh = append(fresh, key)
	}
	c.fresh, c.err = m.prepareAll(ctx, c.feed, fresh)
	return c
}

// chunks parts objects so that each part is within the budget.
func (m *Mill) chunks(f *feed, keys []string) [][]string {
	var chunks [][]string
	var chunk []string
	var bytes int64
	for _, key := range keys {
		size := f.text(key)
		if len(chunk) > 0 && bytes+size > m.Budget {
			chunks = append(chunks, chunk)
			chunk, bytes = nil, 0
		}
		chunk = append(chunk, key)
		bytes += size
	}
	if len(chunk) > 0 {
		chunks = append(chunks, chunk)
	}
	return chunks
}

// text is how many bytes of text an object holds: as it was counted, or about.
func (f *feed) text(key string) int64 {
	if record, ok := f.objects[key]; ok && record.Text > 0 && sameVersion(record, f.listed[key]) {
		return record.Text
	}
	return textSize(key, f.listed[key].object.Size)
}

func (m *Mill) surveyChunk(ctx context.Context, c chunk) error {
	f := c.feed
	for _, record := range c.known {
		f.admit(f.judged(record))
	}
	cells, err := m.land(ctx, f, c.fresh)
	if err != nil {
		return err
	}
	for i := range c.fresh {
		p := &c.fresh[i]
		if p.record.Refused == nil {
			p.record.Cells = cells[p.record.Key]
			if p.record.Refused, err = m.verifyControl(ctx, f, f.listed[p.record.Key], p.record.Cells); err != nil {
				return err
			}
		}
		if p.record.Refused == nil && f.listed[p.record.Key].section.Last != nil {
			p.record.Refused = f.verifyLast(f.listed[p.record.Key].section, p.totals, ledger.Sum(p.record.Cells).Read)
		}
		p.record = f.judged(p.record)
		m.remember(f, f.listed[p.record.Key], p.record)
		f.admit(p.record)
	}
	return nil
}

// prepareAll counts objects, two at a time; in an object store, where each costs
// some requests and their way, more.
func (m *Mill) prepareAll(ctx context.Context, f *feed, keys []string) ([]prepared, error) {
	all := make([]prepared, len(keys))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(2)
	if remote(m.Input) {
		g.SetLimit(atOnce)
	}
	for i, key := range keys {
		g.Go(func() (err error) {
			if all[i], err = m.prepare(ctx, f, key); err == nil && all[i].record.Refused != nil {
				err = errors.Join(m.forgetCopy(f, key), m.forgetBroken(f, key))
			}
			return err
		})
	}
	return all, g.Wait()
}

// land hands objects to the engine and returns their cells by key. An object that
// the engine cannot read, or reads otherwise than it was counted, is refused
// whole, and the others are landed without it.
func (m *Mill) land(ctx context.Context, f *feed, all []prepared) (map[string][]ledger.Cell, error) {
	byObject := map[string][]ledger.Cell{}
	for {
		var objects []job.Object
		for _, p := range all {
			if p.record.Refused == nil && !f.landed[p.record.Key] {
				objects = append(objects, p.object)
			}
		}
		if len(objects) == 0 {
			return byObject, nil
		}
		cells, err := m.Engine.Land(ctx, f.contract, objects)
		if changed := m.unchanged(ctx, all); changed != nil {
			return nil, errors.Join(changed, err)
		}
		if culprit, why := blamed(err); culprit != "" && ctx.Err() == nil {
			i := slices.IndexFunc(all, func(p prepared) bool { return p.record.Key == culprit })
			if i < 0 {
				return nil, err
			}
			all[i].record.Refused = refuse("unreadable", errors.New(m.discreet(why)))
			if err := m.forgetBroken(f, culprit); err != nil {
				return nil, err
			}
			continue
		}
		var unproven *job.UnprovenError
		if err != nil && !errors.As(err, &unproven) {
			return nil, err
		}
		for _, c := range cells {
			byObject[c.Object] = append(byObject[c.Object], c)
		}
		if more, err := m.landedAnew(ctx, f, all, objects, byObject, unproven); err != nil || !more {
			return byObject, err
		}
	}
}

// unchanged fails where an object is not the one any more that was counted: what
// the engine has read may be another version.
func (m *Mill) unchanged(ctx context.Context, all []prepared) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for _, p := range all {
		if p.record.Refused != nil {
			continue
		}
		g.Go(func() error {
			now, err := m.Input.Stat(ctx, p.record.Key)
			if errors.Is(err, fs.ErrNotExist) || err == nil && !now.Same(p.seen) {
				return &ChangedError{Object: p.record.Key}
			} else if err != nil {
				return &StoreError{Op: "look at", URL: m.Input.URL() + "/" + p.record.Key, Err: err}
			}
			return nil
		})
	}
	return g.Wait()
}

// blamed names the object that an engine's error is about.
func blamed(err error) (object, why string) {
	var unreadable *job.ObjectError
	var count *job.CountError
	var space *job.SpaceError
	switch {
	case errors.As(err, &space):
		return "", ""
	case errors.As(err, &unreadable):
		return unreadable.Object, unreadable.Err.Error()
	case errors.As(err, &count):
		return count.Object, count.Error()
	}
	return "", ""
}

func (m *Mill) release(ctx context.Context, f *feed) error {
	err := m.Engine.Release(ctx, f.contract.Name)
	for key := range f.landed {
		err = errors.Join(err, m.forgetBroken(f, key))
	}
	f.landed = map[string]bool{}
	return err
}

// admit puts what was read of an object into the inventory.
func (f *feed) admit(record ledger.ObjectRecord) {
	before, known := f.objects[record.Key]
	change, detail := NewObject, ""
	switch {
	case known && before.ETag == record.ETag && before.Control == record.Control:
		change = RereadObject
		if before.Contract == record.Contract && !bySetting(before.Refused) && !byLimit(before.Refused) {
			// Touched, not changed: only what the file system says of it is new.
			record.Refused, record.Cells, record.Before, record.Strays = before.Refused, before.Cells, before.Before, before.Strays
			f.objects[record.Key] = record
			f.dirty[record.Key] = true
			return
		}
	case known:
		change = ReplacedObject
	}
	switch {
	case hasStrays(record.Cells):
		record.Strays, f.strays[record.Key] = strayKey(record.Feed, record.Key), true
	case record.Refused != nil:
		record.Strays = before.Strays
	case before.Strays != "":
		f.strays[record.Key] = true // to be removed
	}
	if record.Refused != nil {
		change, detail = RefusedObject, record.Refused.Reason+": "+record.Refused.Detail
		if known {
			record.Before = standing(before)
		}
	}
	f.note(record, change, detail)
}

// standing is the version of an object that its units are made from.
func standing(r ledger.ObjectRecord) *ledger.Held {
	if r.Refused == nil {
		return &ledger.Held{ETag: r.ETag, Control: r.Control, Size: r.Size, Cells: r.Cells}
	}
	return r.Before
}
