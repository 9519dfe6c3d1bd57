package engine

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

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
	how, err := formOf(f.contract, one.section, key)
	if err != nil {
		return p, &UnreadError{File: f.contract.File, Err: err}
	}
	seen, err := m.peek(ctx, f, one, o)
	if seen.place == nil && err == nil {
		seen, err = m.scan(ctx, f, o, how)
	}
	if refusal := refusalOf(err); refusal != nil {
		p.record.ETag, p.record.Refused = cmp.Or(o.ETag, seen.etag), refusal
		return p, nil
	}
	if err != nil {
		return p, err
	}
	if p.record.ETag == "" {
		p.record.ETag = seen.etag
	}
	p.record.Records, p.record.Text = seen.report.Records, seen.report.Text
	p, err = m.meet(ctx, f, p, how, seen)
	if err != nil || p.record.Refused != nil {
		// What is read for a second time may be another version by now.
		if changed := m.unchanged(ctx, []prepared{{record: ledger.ObjectRecord{Key: key}, seen: p.seen}}); changed != nil {
			err = errors.Join(changed, err)
		}
	}
	return p, err
}

// shownUnknown is how many columns that nothing takes are logged by name, per object.
const shownUnknown = 20

// meet holds the names and types of an object's columns against the contract, and
// makes of the object what an engine reads.
func (m *Mill) meet(ctx context.Context, f *feed, p prepared, how form, seen scanned) (prepared, error) {
	one, key, report := f.listed[p.record.Key], p.record.Key, seen.report
	mapping, refusal, err := f.meet(one.section, how, report)
	if p.record.Refused = refusal; refusal != nil || err != nil {
		return p, wrapped("object "+key, err)
	}
	for _, unknown := range mapping.Unknown[:min(len(mapping.Unknown), shownUnknown)] {
		m.Log.WarnContext(ctx, "a column of the object is in no contract", "object", key, "column", unknown)
	}
	if more := len(mapping.Unknown) - shownUnknown; more > 0 {
		m.Log.WarnContext(ctx, "further columns of the object are in no contract", "object", key, "columns", more)
	}
	fills, refusal := f.fills(one, report)
	if p.record.Refused = refusal; refusal != nil {
		return p, nil
	}
	p.totals = report.Last
	counted := report
	counted.Header, counted.First, counted.Last = nil, nil, nil // the object is kept until its units are made
	p.object = job.Object{Key: key, ETag: p.record.ETag, Order: one.order, Path: seen.path, InPlace: seen.place, Section: one.section,
		Mapping: mapping, Fills: fills, Report: counted, Broken: seen.broken, NewLine: report.NewLine(), Serial: report.Serial(), Numbered: f.contract.FillsRecord}
	if how.typed {
		if p.object.Columns, err = m.Engine.Columns(ctx, p.object); err == nil {
			p.record.Refused = f.accept(one.section, mapping, p.object.Columns)
		} else if culprit, why := blamed(err); culprit == key {
			p.record.Refused, err = refuse("unreadable", errors.New(m.discreet(why))), nil
		}
		return p, err
	}
	if seen.place == nil && !how.asItIs(report) {
		p.object.Path, err = m.cleanCopy(ctx, f, key, how, report)
		p.object.NewLine = `\n`
		if header := (*records.HeaderError)(nil); errors.As(err, &header) {
			p.record.Refused, err = refuse("header", header), nil
		}
	}
	return p, err
}

func wrapped(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

// scanned is what one pass over an object's bytes has found.
type scanned struct {
	report records.Report
	etag   string       // of all its bytes
	path   string       // what an engine opens
	broken string       // the list of its broken records; "": it has none
	place  *job.InPlace // the engine reads the object in its store; the report is that of its beginning
}

// scan counts the records of an object and hashes its bytes in the same pass.
// A store that gives fewer or more bytes than it has said has not given the object.
func (m *Mill) scan(ctx context.Context, f *feed, o lake.Object, how form) (seen scanned, err error) {
	key := o.Key
	raw, err := m.source(ctx, f, key)
	if err != nil {
		return seen, err
	}
	defer func() { err = errors.Join(err, raw.Close()) }()
	hash, bytes, source := sha256.New(), &counting{}, &overheard{Reader: raw}
	tee := io.TeeReader(source, io.MultiWriter(hash, bytes))
	seen.path = m.place(f, key)
	broken := &brokenFile{path: m.brokenPath(f, key), key: key}
	defer func() { err = errors.Join(err, broken.Close()) }()
	text, err := m.bounds().Open(key, tee)
	if err == nil {
		switch at, isFile := raw.(*os.File); {
		case how.scanFile == nil:
			if seen.report, err = how.scan(ctx, text, broken); seen.report.Broken() > 0 {
				seen.broken = broken.path
			}
		case isFile && records.CompressionOf(key) == records.Plain:
			seen.report, err = scanFile(at, how)
		case remote(m.Input) && records.CompressionOf(key) == records.Plain:
			if _, err = io.Copy(io.Discard, text); err == nil {
				seen.report, err = scanPath(seen.path, how)
			}
		default: // what is not read from its beginning to its end is fetched first
			seen.path, err = m.localCopy(f, key, how.extension, func(w io.Writer) error {
				_, err := io.Copy(w, text)
				return err
			})
			if err == nil {
				seen.report, err = scanPath(seen.path, how)
			}
		}
		if closed := text.Close(); err == nil {
			err = closed // else it says again what is wrong with the object
		}
	}
	if m.MaxObject > 0 && seen.report.Text > m.MaxObject && err == nil {
		err = &records.TooLargeError{Max: m.MaxObject} // as its footer says
	}
	// The rest of the bytes belongs to the version, even behind a broken record.
	if _, drainErr := io.Copy(io.Discard, tee); drainErr != nil && err == nil {
		err = &StoreError{Op: "read", URL: m.Input.URL() + "/" + key, Err: drainErr}
	}
	// A full disk and a store that fails say more than how many bytes they left.
	if bytes.n != o.Size && (err == nil || refusalOf(err) != nil) {
		if now, statErr := m.Input.Stat(ctx, key); statErr != nil || !now.Same(o) {
			return seen, &ChangedError{Object: key}
		}
		if source.err != nil && errors.Is(err, source.err) {
			return seen, err // it says itself what came between: a full disk of copies, say
		}
		cause := source.err
		if cause == nil {
			cause = fmt.Errorf("%d bytes of %d came", bytes.n, o.Size)
		}
		return seen, &StoreError{Op: "read", URL: m.Input.URL() + "/" + key, Err: cause}
	}
	seen.etag = "sha256:" + hex.EncodeToString(hash.Sum(nil))
	return seen, err
}

// overheard keeps the error of a reader, which others wrap or replace.
type overheard struct {
	io.Reader
	err error
}

func (o *overheard) Read(p []byte) (int, error) {
	n, err := o.Reader.Read(p)
	if err != nil && err != io.EOF {
		o.err = err
	}
	return n, err
}

// counting counts the bytes that are written to it.
type counting struct{ n int64 }

func (c *counting) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}

// bounds are what an object may unpack to.
func (m *Mill) bounds() records.Bounds { return records.Bounds{Text: m.MaxObject, Ratio: m.MaxRatio} }

// cleanCopy writes what an engine reads in the place of an object: its text without
// its broken records.
func (m *Mill) cleanCopy(ctx context.Context, f *feed, key string, how form, report records.Report) (path string, err error) {
	raw, err := m.again(ctx, f, key)
	if err != nil {
		return "", wrapped("copy object "+key, err)
	}
	defer func() { err = errors.Join(err, raw.Close(), m.forgetCopy(f, key)) }()
	text, err := m.bounds().Open(key, raw) // the second look may meet another object
	if err == nil {
		path, err = m.localCopy(f, key, how.extension, func(w io.Writer) error { return how.write(ctx, w, text, report) })
		err = errors.Join(err, text.Close())
	}
	return path, wrapped("copy object "+key, err)
}

// refusalOf turns what is wrong with an object itself into a refusal; other
// errors, of stores and disks, are none.
func refusalOf(err error) *ledger.Refusal {
	var header *contract.HeaderError
	var broken *records.HeaderError
	var many *records.TooManyBadError
	var large *records.TooLargeError
	var bomb *records.BombError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &header):
		return refuse("header", header)
	case errors.As(err, &broken):
		return refuse("header", broken)
	case errors.As(err, &many):
		return refuse("unreadable", many)
	case errors.As(err, &large), errors.As(err, &bomb):
		return refuse("too_large", err)
	case errors.Is(err, records.ErrTruncated):
		return refuse("truncated", err)
	case errors.Is(err, records.ErrUnreadable):
		return refuse("unreadable", err)
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
