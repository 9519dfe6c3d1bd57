package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"ledgermill/engine/contract"
	"ledgermill/engine/job"
	"ledgermill/engine/lake"
	"ledgermill/engine/ledger"
	"ledgermill/engine/records"
)

// headBytes is how much is read of an object whose other bytes the engine reads in
// its store: enough for its header and for how it is written.
const headBytes = 256 << 10

// peek decides whether the engine may read an object in its store, by what is known
// of it, its beginning and its last byte. Without a place it is to be counted. The
// report is that of its beginning.
func (m *Mill) peek(ctx context.Context, f *feed, one listed, o lake.Object) (scanned, error) {
	store, ok := m.Input.(lake.Ranger)
	why := m.fetches(f, one, o)
	if why == "" && !ok {
		why = "its store reads no parts"
	}
	if why == "" && !m.Reading.TrustReader {
		if said, err := m.saysRecords(ctx, one); err != nil {
			return scanned{}, err
		} else if !said {
			why = "no control file says how many records it has"
		}
	}
	if why != "" {
		m.Log.DebugContext(ctx, "an object is fetched", "object", o.Key, "why", why)
		return scanned{}, nil
	}
	dialect, err := dialectOf(f.contract, one.section)
	if err != nil {
		return scanned{}, &UnreadError{File: f.contract.File, Err: err}
	}
	head, tail, err := ends(ctx, store, o)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, lake.ErrChanged) {
		return scanned{}, &ChangedError{Object: o.Key}
	} else if err != nil {
		return scanned{}, &StoreError{Op: "read", URL: m.Input.URL() + "/" + o.Key, Err: err}
	}
	report, err := records.Scan(ctx, bytes.NewReader(head), dialect, nil)
	if err != nil || !report.Clean() || report.Multiline > 0 {
		// A fault, or a look of the text, that only the count of all of it can judge.
		m.Log.DebugContext(ctx, "an object is fetched", "object", o.Key, "why", "its first records are not one a line", "error", err)
		return scanned{}, ctx.Err()
	}
	place := &job.InPlace{Size: o.Size, Header: report.HeaderLength, Open: tail != '\n'}
	place.Quoted, place.Lines = quoting(head[report.HeaderLength:], one.section.CSV)
	report.Records, report.Text = 0, o.Size // the engine counts
	return scanned{report: report, path: m.Input.Location(o.Key), place: place}, nil
}

// fetches says why an object cannot be read in its store, "" if nothing is known of it.
func (m *Mill) fetches(f *feed, one listed, seen lake.Object) string {
	csv := one.section.CSV
	location := m.Input.Location(seen.Key)
	switch {
	case m.Reading == nil || m.Reading.Way != InPlace || !remote(m.Input):
		return "the engine does not read in this store"
	case f.fetching.Load():
		return "another object of the feed did not prove itself"
	case seen.ETag == "" || seen.Size == 0:
		return "nothing names its version"
	case m.MaxObject > 0 && seen.Size > m.MaxObject:
		return "it is too large"
	case contract.Shape(seen.Key) != "csv":
		return "it is no CSV"
	case records.CompressionOf(seen.Key) != records.Plain:
		return "it is compressed: how much text it holds shows when it is read"
	case strings.ContainsAny(location, `*?[]{}\`):
		return "its key has characters that are signs to the engine"
	case recoded(one.section), one.section.First != nil, one.section.Last != nil, f.contract.FillsRecord, csv.HeaderWithin > 1:
		return "its text must be rewritten for the engine"
	case csv.Escape != csv.Quote, csv.Newline != "":
		return "how its fields are written leaves no trace in their values"
	}
	return ""
}

// saysRecords reports whether the object's control file says how many records it
// has: that stands in for the independent count.
func (m *Mill) saysRecords(ctx context.Context, one listed) (bool, error) {
	if one.control == nil {
		return false, nil
	}
	said, err := m.readControl(ctx, one.control.Key)
	if unreachable := (*StoreError)(nil); errors.As(err, &unreachable) {
		return false, err
	}
	return err == nil && said.Records != nil, nil // one that cannot be read is told when it is verified
}

// ends are the beginning of an object, whole lines of it unless it is one, and its
// last byte.
func ends(ctx context.Context, store lake.Ranger, o lake.Object) (head []byte, tail byte, err error) {
	head, err = store.ReadRange(ctx, o, 0, min(o.Size, headBytes))
	if err != nil {
		return nil, 0, err
	}
	if o.Size <= headBytes {
		return head, head[len(head)-1], nil
	}
	last, err := store.ReadRange(ctx, o, o.Size-1, 1)
	if err != nil {
		return nil, 0, err
	}
	if at := bytes.LastIndexByte(head, '\n'); at >= 0 {
		head = head[:at+1]
	}
	return head, last[0], nil
}

// quoting tells from the first records whether every field stands in quotes, and
// else whether quotes stand within fields.
func quoting(text []byte, csv contract.CSV) (all, within bool) {
	quote, between := []byte(csv.Quote), []byte(csv.Quote+csv.Delimiter+csv.Quote)
	if len(quote) == 0 || !bytes.Contains(text, quote) {
		return false, false
	}
	for line := range bytes.Lines(text) {
		line = bytes.TrimRight(line, "\r\n")
		if !bytes.HasPrefix(line, quote) || bytes.Count(line, quote) != 2*(bytes.Count(line, between)+1) {
			return false, bytes.Contains(text, []byte(csv.Quote+csv.Quote))
		}
	}
	return true, false
}

// doubtful are the objects of a landing that were read in their store and proved
// nothing, or are not what their control files say: whatever it is, the count of
// every record will tell.
func (m *Mill) doubtful(ctx context.Context, f *feed, all []prepared, cells map[string][]ledger.Cell, unproven *job.UnprovenError) (map[string]error, error) {
	doubts := map[string]error{}
	for i := range all {
		p := &all[i]
		key := p.record.Key
		if p.object.InPlace == nil || p.record.Refused != nil {
			continue
		}
		if unproven != nil && unproven.Objects[key] != nil {
			doubts[key] = unproven.Objects[key]
			continue
		}
		p.record.Records = ledger.Sum(cells[key]).Read.Records
		refusal, err := m.verifyControl(ctx, f, f.listed[key], cells[key])
		if err != nil {
			return nil, err
		}
		if refusal != nil {
			doubts[key] = errors.New(refusal.Reason + ": " + refusal.Detail)
		}
	}
	return doubts, nil
}

// fetchInstead prepares objects again that were read in their store, by fetching
// and counting them. What is to come of the feed is fetched at once: it is likely
// to be written the same way.
func (m *Mill) fetchInstead(ctx context.Context, f *feed, all []prepared, doubts map[string]error) error {
	f.fetching.Store(true)
	keys := sortedKeys(doubts)
	slices.SortFunc(keys, lake.Compare)
	for _, key := range keys {
		m.Log.InfoContext(ctx, "an object is fetched that was read in place", "object", key, "why", doubts[key])
	}
	fetched, err := m.prepareAll(ctx, f, keys)
	if err != nil {
		return err
	}
	for _, p := range fetched {
		i := slices.IndexFunc(all, func(q prepared) bool { return q.record.Key == p.record.Key })
		if p.record.ETag != all[i].record.ETag {
			return &ChangedError{Object: p.record.Key}
		}
		all[i] = p
	}
	return nil
}

// landedAnew takes note of what a landing has brought, has fetched what must be
// counted after all, and reports whether there is more to land.
func (m *Mill) landedAnew(ctx context.Context, f *feed, all []prepared, objects []job.Object, cells map[string][]ledger.Cell, unproven *job.UnprovenError) (more bool, err error) {
	for _, o := range objects {
		if unproven == nil || unproven.Objects[o.Key] == nil {
			f.landed[o.Key] = true
		}
	}
	doubts, err := m.doubtful(ctx, f, all, cells, unproven)
	if err != nil {
		return false, err
	}
	if len(doubts) == 0 {
		return false, m.discardCopies(all)
	}
	var landed []string
	for key := range doubts {
		if f.landed[key] {
			landed = append(landed, key)
			delete(f.landed, key)
		}
		delete(cells, key)
	}
	if err := m.Engine.Withdraw(ctx, f.contract, landed); err != nil {
		return false, err
	}
	if err := m.fetchInstead(ctx, f, all, doubts); err != nil {
		return false, fmt.Errorf("fetch what was read in place: %w", err)
	}
	return true, nil
}
