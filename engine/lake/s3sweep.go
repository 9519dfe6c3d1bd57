package lake

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"ledgermill/engine/scratch"
)

// sweepers is how many claims of dead runs are cleared at once.
const sweepers = 16

// StagingDir implements Publisher: a directory of this machine, for this store and
// user alone.
func (b *Bucket) StagingDir(run string) (string, error) {
	if err := checkRun(run); err != nil {
		return "", err
	}
	dir := filepath.Join(b.staging, run)
	err := scratch.Own(filepath.Dir(b.staging))
	if err == nil {
		err = os.MkdirAll(dir, 0o700)
	}
	return dir, failed("create staging directory", dir, err)
}

// StagingRoot is the local directory above those of this store's runs by this user,
// which need not exist.
func (b *Bucket) StagingRoot() string { return b.staging }

// Sweep implements Publisher. Incomplete uploads are known by their claims only, so
// those of other programs stay; without a claim are those of a run that died between
// two requests, which hold no bytes. Who does not hold the lock cannot know which
// runs are dead: then only what is a day old goes.
func (b *Bucket) Sweep(ctx context.Context, keep func(run string) bool) ([]string, error) {
	locked := b.holding.Load()
	spared := func(since time.Time) bool { return time.Since(since) < abandoned }
	runs, err := b.sweepStaging(func(run string, since time.Time) bool { return keep(run) || !locked && spared(since) })
	if err != nil {
		return runs, err
	}
	if err := b.meet(ctx); err != nil {
		return runs, err
	}
	clearing, joint := errgroup.WithContext(ctx)
	clearing.SetLimit(sweepers)
	for o, err := range b.all(ctx, stagingName+"/") {
		if err != nil {
			return runs, both(failed("sweep", b.Location(stagingName), err), clearing.Wait())
		}
		run, _, inside := strings.Cut(strings.TrimPrefix(o.Key, stagingName+"/"), "/")
		switch {
		case (!inside || !locked) && spared(o.ModTime), inside && keep(run):
			continue
		case inside && !slices.Contains(runs, run):
			runs = append(runs, run)
		}
		clearing.Go(func() error { return failed("sweep", o.Key, b.clear(joint, o.Key)) })
	}
	return runs, clearing.Wait()
}

// clear aborts the upload of a claim and removes it. What lies there and is no
// claim, somebody else has put there: it stays.
func (b *Bucket) clear(ctx context.Context, key string) error {
	u, err := b.readClaim(ctx, key)
	if err != nil || u.Claim == "" {
		return err
	}
	return b.abort(ctx, u)
}

// readClaim returns the upload of a claim, and none where the object is gone or no
// claim.
func (b *Bucket) readClaim(ctx context.Context, key string) (Upload, error) {
	r, err := b.Open(ctx, key)
	if errors.Is(err, fs.ErrNotExist) || isBadKey(err) {
		return Upload{}, nil
	}
	if err != nil {
		return Upload{}, err
	}
	text, err := io.ReadAll(io.LimitReader(r, 1<<20))
	if err = both(err, r.Close()); err != nil {
		return Upload{}, err
	}
	var u Upload
	if json.Unmarshal(text, &u) != nil || u.Claim != key || CheckKey(u.Key) != nil || u.Staged == "" {
		return Upload{}, nil
	}
	return u, nil
}

func isBadKey(err error) bool {
	var bad *KeyError
	return errors.As(err, &bad)
}

// Leftovers implements Publisher.
func (b *Bucket) Leftovers(ctx context.Context) ([]Leftover, error) {
	left, err := leftDirs(b.staging)
	if err != nil {
		return nil, err
	}
	if err := b.meet(ctx); err != nil {
		return nil, err
	}
	for o, err := range b.all(ctx, stagingName+"/") {
		if err != nil {
			return nil, failed("list store", b.Location(stagingName), err)
		}
		run, _, inside := strings.Cut(strings.TrimPrefix(o.Key, stagingName+"/"), "/")
		if !inside && time.Since(o.ModTime) < abandoned {
			continue
		}
		u, err := b.readClaim(ctx, o.Key)
		if err != nil {
			return nil, err
		}
		if u.Claim == "" {
			continue
		}
		if !inside {
			run = ""
		}
		left = append(left, Leftover{Run: run, Place: b.Location(o.Key), Upload: u.Key, Staged: u.Staged, Size: u.Size, Since: o.ModTime})
	}
	return left, nil
}

func (b *Bucket) sweepStaging(keep func(run string, since time.Time) bool) (runs []string, err error) {
	entries, err := os.ReadDir(b.staging)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, entry := range entries {
		info, gone := entry.Info()
		if gone != nil {
			continue // swept since
		}
		if name := entry.Name(); !keep(name, info.ModTime()) {
			runs = append(runs, name)
			err = both(err, os.RemoveAll(filepath.Join(b.staging, name)))
		}
	}
	return runs, failed("sweep", b.staging, err)
}
