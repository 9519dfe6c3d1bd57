package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"ledgermill/engine/lake"
)

// Prefix is where the ledger lies in a lake.
const Prefix = "_ledger/"

const checkpointSuffix = ".checkpoint.json.zst"

// checkpointEvery is how many entries lie between two checkpoints.
const checkpointEvery = 50

// Store is what the ledger needs of a lake. Create must fail with
// lake.ErrExists where the key is taken, whoever took it.
type Store interface {
	List(ctx context.Context, prefix string) ([]lake.Object, error)
	Open(ctx context.Context, key string) (io.ReadCloser, error)
	Create(ctx context.Context, key string, data []byte) error
	Put(ctx context.Context, key string, data []byte) error
	Complete(ctx context.Context, upload lake.Upload) (lake.Object, error)
	Copy(ctx context.Context, from, to string) error
	Remove(ctx context.Context, key string) error
}

// Ledger is an open ledger. It is not for concurrent use.
type Ledger struct {
	store   Store
	project string
	state   *State
	now     func() time.Time
	pending bool // a commit was made and is not finished
}

// ProjectError says that the lake belongs to another project.
type ProjectError struct{ Lake, Project string }

func (e *ProjectError) Error() string {
	return fmt.Sprintf("the lake belongs to project %s, this is project %s", e.Lake, e.Project)
}

// Try returns the remedy.
func (e *ProjectError) Try() string {
	return "give this project a lake of its own: lake.root in ledgermill.json, or --output"
}

// FormatError says that a newer program wrote the ledger.
type FormatError struct{ Found int }

func (e *FormatError) Error() string {
	return fmt.Sprintf("the ledger has format %d, this program knows %d", e.Found, Format)
}

// Try returns the remedy.
func (e *FormatError) Try() string { return "use the newer ledgermill that wrote it" }

// ConflictError says that another run has committed since this one began what does not
// go together with it.
type ConflictError struct {
	Unit UnitRef
	Key  string // of an object instead of a unit
	Did  string // published, dropped, ...
	Run  string
}

func (e *ConflictError) Error() string {
	what := e.Key
	if what == "" {
		what = e.Unit.Dataset + " " + e.Unit.Unit
	}
	return fmt.Sprintf("commit: run %s has %s %s meanwhile", e.Run, e.Did, what)
}

// Try returns the remedy.
func (e *ConflictError) Try() string { return "run again: it starts from what the other run has left" }

// LostError says that a commit stands, and that the store no longer has the bytes of
// some of its uploads: their units count as lost until they are published again.
type LostError struct {
	Number int64    // the entry's
	Keys   []string // of the objects
}

func (e *LostError) Error() string {
	return fmt.Sprintf("publish %s: %v", strings.Join(e.Keys, ", "), lake.ErrUploadGone)
}

// Unwrap returns lake.ErrUploadGone.
func (e *LostError) Unwrap() error { return lake.ErrUploadGone }

// Try returns the remedy.
func (e *LostError) Try() string { return "run again: what is lost is made again" }

// DamageError says that the ledger itself is not as it was written.
type DamageError struct {
	Key string
	Err error
}

func (e *DamageError) Error() string { return fmt.Sprintf("ledger %s: %v", e.Key, e.Err) }

// Unwrap returns the cause.
func (e *DamageError) Unwrap() error { return e.Err }

// Try returns the remedy.
func (e *DamageError) Try() string {
	if e.Key == IdleKey {
		return "remove " + e.Key + ": the next run with nothing to do writes it anew"
	}
	if strings.HasSuffix(e.Key, checkpointSuffix) {
		return "remove " + e.Key + ": the entries hold all that it says"
	}
	return "restore " + e.Key + " from a backup; the units that are published stay readable meanwhile"
}

// Open reads the ledger of a lake and rolls forward what a dead run left undone.
// An empty lake has an empty ledger. project "" opens any project's ledger.
func Open(ctx context.Context, store Store, project string, now func() time.Time) (*Ledger, error) {
	l := &Ledger{store: store, project: project, state: NewState(project), now: now}
	if err := l.Reload(ctx); err != nil {
		return nil, err
	}
	return l, nil
}

// State is the present state. It is changed by Reload and Commit only.
func (l *Ledger) State() *State { return l.state }

// Pending reports whether a commit was made that could not be finished: its staged
// files must stay for whoever rolls it forward.
func (l *Ledger) Pending() bool { return l.pending }

// Reload folds in what was committed since, rolling unfinished entries forward.
func (l *Ledger) Reload(ctx context.Context) error {
	objects, err := l.store.List(ctx, Prefix)
	if err != nil {
		return fmt.Errorf("list ledger: %w", err)
	}
	listing := listing(objects)
	if n := listing.checkpoint; n > l.state.Number {
		if err := l.readCheckpoint(ctx, n); err != nil {
			return err
		}
	}
	for _, n := range listing.entries {
		if n <= l.state.Number {
			continue
		}
		if n != l.state.Number+1 {
			return &DamageError{Key: entryKey(l.state.Number + 1), Err: errors.New("the entry is missing")}
		}
		// Nobody commits on top of what is not finished: obeyed again, an old entry would undo
		// what came after it. A listing may be older than the entry that follows.
		isDone := listing.done[n] || n < listing.entries[len(listing.entries)-1]
		if err := l.foldEntry(ctx, n, isDone); err != nil {
			return err
		}
	}
	return nil
}

type contents struct {
	checkpoint int64
	entries    []int64
	done       map[int64]bool
}

func listing(objects []lake.Object) contents {
	c := contents{done: map[int64]bool{}}
	for _, o := range objects {
		name := strings.TrimPrefix(o.Key, Prefix)
		var n int64
		if len(name) < 20 {
			continue
		}
		if _, err := fmt.Sscanf(name[:20], "%d", &n); err != nil {
			continue
		}
		switch name[20:] {
		case ".json":
			c.entries = append(c.entries, n)
		case ".done.json":
			c.done[n] = true
		case checkpointSuffix:
			c.checkpoint = max(c.checkpoint, n)
		}
	}
	slices.Sort(c.entries)
	return c
}

func entryKey(n int64) string      { return fmt.Sprintf("%s%020d.json", Prefix, n) }
func doneKey(n int64) string       { return fmt.Sprintf("%s%020d.done.json", Prefix, n) }
func checkpointKey(n int64) string { return fmt.Sprintf("%s%020d%s", Prefix, n, checkpointSuffix) }

func (l *Ledger) read(ctx context.Context, key string) ([]byte, error) {
	r, err := l.store.Open(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("read ledger: %w", err)
	}
	data, err := io.ReadAll(r)
	if err = errors.Join(err, r.Close()); err != nil {
		return nil, fmt.Errorf("read ledger %s: %w", key, err)
	}
	return data, nil
}

func (l *Ledger) admit(format int, project string) error {
	if format > Format {
		return &FormatError{Found: format}
	}
	if l.project == "" {
		l.project = project
	}
	if project != l.project {
		return &ProjectError{Lake: project, Project: l.project}
	}
	return nil
}

func (l *Ledger) foldEntry(ctx context.Context, n int64, isDone bool) error {
	data, err := l.read(ctx, entryKey(n))
	if err != nil {
		return err
	}
	var e Entry
	if err := json.Unmarshal(data, &e); err != nil {
		return &DamageError{Key: entryKey(n), Err: err}
	}
	if err := l.admit(e.Format, e.Project); err != nil {
		return err
	}
	if e.Number != n {
		return &DamageError{Key: entryKey(n), Err: fmt.Errorf("it says that it is entry %d", e.Number)}
	}
	if e.Previous != l.state.Hash {
		return &DamageError{Key: entryKey(n), Err: fmt.Errorf("it does not follow from entry %d: one of the two was changed", n-1)}
	}
	done := Done{}
	if isDone {
		data, err := l.read(ctx, doneKey(n))
		if errors.Is(err, fs.ErrNotExist) {
			return &DamageError{Key: doneKey(n), Err: errors.New("the completion is missing, and entries follow it")}
		}
		if err != nil {
			return err
		}
		if err := json.Unmarshal(data, &done); err != nil {
			return &DamageError{Key: doneKey(n), Err: err}
		}
	} else if done, err = l.finish(ctx, e, hash(data)); err != nil {
		return err
	}
	l.state.fold(e, hash(data), done)
	return nil
}

// finish completes the uploads of an entry and writes its Done. Uploads that are
// gone make their units lost.
func (l *Ledger) finish(ctx context.Context, e Entry, entry string) (Done, error) {
	done := Done{Number: e.Number, Entry: entry, At: l.now().UTC()}
	for _, k := range e.Keeps {
		err := l.store.Copy(ctx, k.Key, k.To)
		if errors.Is(err, fs.ErrNotExist) {
			done.Unkept = append(done.Unkept, k.To)
		} else if err != nil {
			return done, fmt.Errorf("keep %s: %w", k.Key, err)
		}
	}
	for _, up := range e.Uploads {
		_, err := l.store.Complete(ctx, up)
		if errors.Is(err, lake.ErrUploadGone) {
			done.Gone = append(done.Gone, up.Key)
			l.lose(&done, e, up.Key)
			continue
		}
		if err != nil {
			return done, fmt.Errorf("publish %s: %w", up.Key, err)
		}
	}
	for _, key := range e.Removals {
		if err := l.store.Remove(ctx, key); err != nil {
			return done, fmt.Errorf("remove %s: %w", key, err)
		}
	}
	data, err := json.Marshal(done)
	if err != nil {
		return done, err
	}
	if err := l.store.Put(ctx, doneKey(e.Number), data); err != nil {
		return done, fmt.Errorf("finish ledger entry %d: %w", e.Number, err)
	}
	return done, nil
}

// lose notes which unit or object an upload belonged to that is gone.
func (l *Ledger) lose(done *Done, e Entry, key string) {
	for _, u := range e.Units {
		if ref := (UnitRef{Dataset: u.Dataset, Unit: u.Unit}); (u.Key == key || u.Rejects == key) && !slices.Contains(done.Lost, ref) {
			done.Lost = append(done.Lost, ref)
		}
	}
	note := func(o ObjectRecord) {
		if ref := (ObjectRef{Feed: o.Feed, Key: o.Key}); o.Strays == key && !slices.Contains(done.LostStrays, ref) {
			done.LostStrays = append(done.LostStrays, ref)
		}
	}
	for _, o := range e.Objects {
		note(o)
	}
	for _, objects := range l.state.Objects {
		for _, o := range objects {
			note(o)
		}
	}
}

func hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// Fingerprint hashes parts, each told apart from its neighbours.
func Fingerprint(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s,", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil))[:32]
}
