package lake

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Stage implements Publisher: fsync of a file that is already in the staging
// directory, which a rename can then move. Anything else is copied there.
func (d *Directory) Stage(ctx context.Context, key, localPath string) (Upload, error) {
	if err := begin(ctx, key); err != nil {
		return Upload{}, err
	}
	upload, err := d.stage(ctx, key, localPath)
	return upload, failed("stage object", key, err)
}

func (d *Directory) stage(ctx context.Context, key, localPath string) (Upload, error) {
	local, err := filepath.Abs(localPath)
	if err != nil {
		return Upload{}, err
	}
	info, err := os.Lstat(local)
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a file", local)
	}
	if err != nil {
		return Upload{}, err
	}
	staged, inside := strings.CutPrefix(local, d.Location(stagingName)+string(filepath.Separator))
	if inside {
		err = d.settle(local)
	} else {
		local, err = d.copy(ctx, local)
		staged = filepath.Base(local)
	}
	if err == nil {
		staged = path.Join(stagingName, filepath.ToSlash(staged))
		err = CheckKey(staged)
	}
	if err != nil {
		return Upload{}, err
	}
	etag, size, err := hashFile(ctx, local)
	if err != nil {
		return Upload{}, err
	}
	return Upload{Key: key, Staged: staged, Size: size, ETag: etag}, nil
}

// settle makes a staged file durable, and its name with those of its parents.
func (d *Directory) settle(file string) error {
	if err := syncFile(file); err != nil {
		return err
	}
	for dir := filepath.Dir(file); ; dir = filepath.Dir(dir) {
		if err := syncDir(dir); err != nil || dir == d.root {
			return err
		}
	}
}

func (d *Directory) copy(ctx context.Context, file string) (name string, err error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer func() { err = both(err, f.Close()) }()
	return d.write(ctx, f)
}

// Complete implements Publisher by rename(2).
func (d *Directory) Complete(ctx context.Context, u Upload) (Object, error) {
	staged, err := d.staged(ctx, u)
	if err != nil {
		return Object{}, err
	}
	target := d.Location(u.Key)
	err = verify(ctx, staged, u)
	if err == nil {
		err = d.makeDirs(filepath.Dir(target))
	}
	if err == nil {
		err = os.Rename(staged, target)
	}
	if errors.Is(err, fs.ErrNotExist) { // completed before, perhaps this very moment, or lost
		if err = verify(ctx, target, u); errors.Is(err, fs.ErrNotExist) {
			err = ErrUploadGone
		}
	} else if err == nil {
		err = syncDir(filepath.Dir(staged))
	}
	if err == nil {
		err = syncDir(filepath.Dir(target))
	}
	if err != nil {
		return Object{}, failed("complete object", u.Key, err)
	}
	o, err := d.Stat(ctx, u.Key)
	o.ETag = u.ETag
	return o, err
}

// staged returns the path of an upload's bytes. It trusts no path that it reads
// back from a ledger.
func (d *Directory) staged(ctx context.Context, u Upload) (string, error) {
	if err := errors.Join(begin(ctx, u.Key), CheckKey(u.Staged)); err != nil {
		return "", err
	}
	if !strings.HasPrefix(u.Staged, stagingName+"/") {
		return "", &KeyError{Key: u.Staged, Fault: "is not in " + stagingName}
	}
	return d.Location(u.Staged), nil
}

// verify compares a file with its upload; another content is ErrUploadGone.
func verify(ctx context.Context, file string, u Upload) error {
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	if info.Size() != u.Size {
		return fmt.Errorf("%w: %s has %d bytes, not %d", ErrUploadGone, file, info.Size(), u.Size)
	}
	etag, _, err := hashFile(ctx, file)
	if err == nil && etag != u.ETag {
		err = fmt.Errorf("%w: %s has other bytes", ErrUploadGone, file)
	}
	return err
}

// Abort implements Publisher.
func (d *Directory) Abort(ctx context.Context, u Upload) error {
	staged, err := d.staged(ctx, u)
	if err != nil {
		return err
	}
	return failed("abort upload", u.Key, removed(staged))
}
