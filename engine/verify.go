package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"ledgermill/engine/lake"
	"ledgermill/engine/ledger"
	"ledgermill/engine/records"
)

// verifiers is how many objects are read at once.
const verifiers = 4

// VerifyOptions say how closely the objects of a ledger are looked at.
type VerifyOptions struct {
	Quick    bool // listings alone; no object is read
	Progress func(Progress)
}

// Difference is an object that is not as the ledger has it.
type Difference struct {
	Role    Role   `json:"role,omitempty"` // of an object of the lake
	Dataset string `json:"dataset"`
	Unit    string `json:"unit,omitempty"`
	Key     string `json:"key"`
	Fault   string `json:"fault"`
}

// Role is what an object of the lake is to its dataset. It decides what puts it right.
type Role string

// The roles. No run makes a former version or a stray again from what lies in the input:
// a former version is a run's of then, and a stray is written when its object is read.
const (
	Published Role = "published" // of a unit: its file, or the rejects of a contract's
	Former    Role = "former"    // the copy of a unit's former version
	Stray     Role = "stray"     // an object's rejects without a business date
)

// Verification is what came of comparing a store with the ledger.
type Verification struct {
	Objects     int          `json:"objects"`
	Bytes       int64        `json:"bytes"`
	Rows        int64        `json:"rows"` // counted by the footers of published units
	Differences []Difference `json:"differences"`
	// Pending are uploads of commits that are not finished: what differs may only
	// wait for them.
	Pending int `json:"pending"`
}

// expected is an object as the ledger has it.
type expected struct {
	Difference
	size int64 // -1: not known
	rows int64 // -1: not known, or no Parquet
	etag string
}

// VerifyLake holds every published object against the ledger: that it is there,
// its size and ETag, the checksum that its store keeps, and its rows.
func VerifyLake(ctx context.Context, root lake.Store, state *ledger.State, o VerifyOptions) (Verification, error) {
	var list []expected
	for _, dataset := range sortedKeys(state.Units) {
		for _, unit := range sortedKeys(state.Units[dataset]) {
			u := state.Units[dataset][unit]
			at := Difference{Role: Published, Dataset: dataset, Unit: unit, Key: u.Key}
			switch {
			case u.Lost:
				at.Fault = "it was lost between commit and completion: the next run makes it again"
				list = append(list, expected{Difference: at})
			case u.Key != "":
				list = append(list, expected{Difference: at, size: u.Size, rows: u.Rows, etag: u.ETag})
			}
			if u.Rejects != "" {
				list = append(list, expected{Difference: Difference{Role: Published, Dataset: dataset, Unit: unit, Key: u.Rejects}, size: -1, rows: -1})
			}
			for _, old := range u.Kept { // copies: a server may give them other ETags
				if old.Key != "" {
					list = append(list, expected{Difference: Difference{Role: Former, Dataset: dataset, Unit: unit, Key: old.Key}, size: old.Size, rows: old.Rows})
				}
			}
		}
	}
	for _, feed := range sortedKeys(state.Objects) {
		for _, key := range sortedKeys(state.Objects[feed]) {
			if strays := state.Objects[feed][key].Strays; strays != "" {
				list = append(list, expected{Difference: Difference{Role: Stray, Dataset: feed, Unit: "none", Key: strays}, size: -1, rows: -1})
			}
		}
	}
	v, err := verify(ctx, root, list, o)
	if err != nil || len(v.Differences) == 0 {
		return v, err
	}
	pending, err := ledger.Unfinished(ctx, ReadOnly(root))
	v.Pending = len(pending)
	return v, err
}

// VerifyInput holds the raw objects that the inventory knows against their store.
// Those that had vanished when a run last looked are none of them.
func VerifyInput(ctx context.Context, input lake.Store, state *ledger.State, o VerifyOptions) (Verification, error) {
	var list []expected
	for _, feed := range sortedKeys(state.Objects) {
		for _, key := range sortedKeys(state.Objects[feed]) {
			if r := state.Objects[feed][key]; !r.Vanished {
				list = append(list, expected{Difference: Difference{Dataset: feed, Key: key}, size: r.Size, rows: -1, etag: r.ETag})
			}
		}
	}
	return verify(ctx, input, list, o)
}

// damageOf is what is wrong with the file of a published unit, "" if it is what was
// published: its bytes in a directory, its ETag in a bucket.
func damageOf(ctx context.Context, root lake.Reader, u ledger.UnitRecord) (fault string, err error) {
	found := map[string]lake.Object{}
	o, err := root.Stat(ctx, u.Key)
	switch {
	case err == nil:
		found[u.Key] = o
	case !errors.Is(err, fs.ErrNotExist):
		return "", err
	}
	want := expected{Difference: Difference{Key: u.Key}, size: u.Size, rows: u.Rows, etag: u.ETag}
	_, fault, err = want.compare(ctx, root, found, !strings.HasPrefix(u.ETag, "sha256:"))
	return fault, err
}

func verify(ctx context.Context, store lake.Reader, list []expected, o VerifyOptions) (v Verification, err error) {
	v.Differences = []Difference{}
	objects, err := store.List(ctx, "")
	if err != nil {
		return v, err
	}
	found := make(map[string]lake.Object, len(objects))
	for _, one := range objects {
		found[one.Key] = one
	}
	var mu sync.Mutex
	reading, ctx := errgroup.WithContext(ctx)
	reading.SetLimit(verifiers)
	for _, want := range list {
		reading.Go(func() error {
			rows, fault, err := want.compare(ctx, store, found, o.Quick)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			v.Objects++
			v.Bytes += found[want.Key].Size
			v.Rows += max(0, rows)
			if fault != "" {
				want.Fault = fault
				v.Differences = append(v.Differences, want.Difference)
			}
			if o.Progress != nil {
				o.Progress(Progress{Step: "verify", Done: int64(v.Objects), Total: int64(len(list)), What: want.Key})
			}
			return nil
		})
	}
	err = reading.Wait()
	slices.SortFunc(v.Differences, func(a, b Difference) int {
		return cmp.Or(cmp.Compare(a.Dataset, b.Dataset), lake.Compare(a.Unit, b.Unit), lake.Compare(a.Key, b.Key))
	})
	return v, err
}

// compare returns the rows of a published unit and what is wrong with its object.
func (e expected) compare(ctx context.Context, store lake.Reader, found map[string]lake.Object, quick bool) (rows int64, fault string, err error) {
	if e.Fault != "" {
		return 0, e.Fault, nil
	}
	o, ok := found[e.Key]
	content := strings.HasPrefix(e.etag, "sha256:")
	switch {
	case !ok:
		return 0, "it is missing", nil
	case e.size >= 0 && o.Size != e.size:
		return 0, fmt.Sprintf("it has %d bytes, not %d", o.Size, e.size), nil
	case !content && e.etag != "" && o.ETag != e.etag:
		return 0, fmt.Sprintf("its ETag is %s, not %s", o.ETag, e.etag), nil
	case quick:
		return max(0, e.rows), "", nil
	}
	rows, etag, err := inspect(ctx, store, o)
	var broken *records.ParquetError
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, lake.ErrChanged), errors.As(err, &broken):
		return 0, err.Error(), nil
	case err != nil:
		return 0, "", err
	case content && etag != e.etag:
		return 0, fmt.Sprintf("its bytes are %s, not %s", etag, e.etag), nil
	case e.rows >= 0 && rows != e.rows:
		return rows, fmt.Sprintf("it has %d rows, not %d", rows, e.rows), nil
	case e.rows < 0:
		rows = 0
	}
	return rows, "", nil
}

// inspect reads an object to a local file and returns the rows of its footer, if it
// is Parquet, and the ETag that its bytes have in a directory.
func inspect(ctx context.Context, store lake.Reader, o lake.Object) (rows int64, etag string, err error) {
	f, err := os.CreateTemp("", "ledgermill-verify-")
	if err != nil {
		return 0, "", err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	if err := lake.Fetch(ctx, store, o.Key, o.Size, f); err != nil {
		return 0, "", err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return 0, "", err
	}
	if etag, _, err = lake.NewHashReader(f).Finish(ctx); err != nil {
		return 0, "", err
	}
	if path.Ext(o.Key) == ".parquet" {
		var report records.Report
		report, err = records.ScanParquet(f, o.Size)
		rows = report.Records
	}
	return rows, etag, err
}
