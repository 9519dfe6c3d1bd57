package cases

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"ledgermill/bench"
	"ledgermill/bench/datagen"
	"ledgermill/engine/records"
)

// defects is the share of records with an injected fault.
const defects = 0.01

// lastDate is fixed, so that the same sizes give the same bytes on any day.
func lastDate() time.Time { return time.Date(2025, time.January, 31, 0, 0, 0, 0, time.UTC) }

// data is generated data of a size.
type data struct {
	bench.Place
	rows, days int
}

func dataOf(p bench.Place) data { return data{p, p.Rows, p.Days} }

func (d data) dir() string { return filepath.Join(d.Dir, fmt.Sprintf("data-%dx%d", d.rows, d.days)) }

// raw is what the generator wrote.
func (d data) raw() string { return filepath.Join(d.dir(), "raw") }

// input is the same without the records that cannot be divided into fields, and
// without control files, which speak of all records.
func (d data) input() string { return filepath.Join(d.dir(), "input") }

// dimensions is the part of the input that is not dated.
func (d data) dimensions() string { return filepath.Join(d.dir(), "dimensions") }

// objects are the paths of the dated objects, by date.
func (d data) objects() ([]string, error) {
	paths, err := filepath.Glob(filepath.Join(d.input(), "transactions", "*.csv"))
	if err == nil && len(paths) != d.days {
		err = fmt.Errorf("%d objects in %s, want %d", len(paths), d.input(), d.days)
	}
	return paths, err
}

// report is what the generator says of the data.
func (d data) report(ctx context.Context) (datagen.Report, error) {
	return datagen.ReadReport(ctx, datagen.Directory(d.raw()))
}

// accepted is how many of the dated records the contract accepts.
func (d data) accepted(ctx context.Context) (int64, error) {
	report, err := d.report(ctx)
	return report.Total().Accepted.Records, err
}

// make generates what is not there yet.
func (d data) make(ctx context.Context) error {
	o := datagen.Defaults(lastDate())
	o.Output, o.RowsPerDay, o.Days, o.EndDate, o.Defects, o.Seed = datagen.Directory(d.raw()), d.rows, d.days, lastDate(), defects, d.Seed
	if _, err := datagen.Generate(ctx, o); err != nil {
		return err
	}
	if _, err := os.Stat(d.dimensions()); err == nil {
		return nil // made last
	}
	for _, dataset := range []string{"transactions", "customers", "merchants"} {
		paths, err := filepath.Glob(filepath.Join(d.raw(), dataset, "*.csv"))
		if err != nil {
			return err
		}
		for _, path := range paths {
			if err := copyClean(ctx, filepath.Join(d.input(), dataset, filepath.Base(path)), path); err != nil {
				return err
			}
		}
	}
	for _, key := range []string{"customers/customers.csv", "merchants/merchants.csv"} {
		to := filepath.Join(d.dimensions()+".made", key)
		if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), os.Link(filepath.Join(d.input(), key), to)); err != nil {
			return err
		}
	}
	return os.Rename(d.dimensions()+".made", d.dimensions())
}

func copyClean(ctx context.Context, to, from string) (err error) {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	target, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = records.Copy(ctx, target, source, records.RFC4180(), nil)
	return errors.Join(err, target.Close())
}

// digest is the SHA-256 of the generated objects in order of their names.
func (d data) digest() (string, error) {
	hash := sha256.New()
	for _, dataset := range []string{"customers", "merchants", "transactions"} {
		paths, err := filepath.Glob(filepath.Join(d.raw(), dataset, "*.csv"))
		if err != nil {
			return "", err
		}
		for _, path := range paths {
			f, err := os.Open(path)
			if err != nil {
				return "", err
			}
			_, err = io.Copy(hash, f)
			if err := errors.Join(err, f.Close()); err != nil {
				return "", err
			}
		}
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// size is what the files below directories hold, by the pattern of their names.
func size(pattern string, dirs ...string) (bytes int64, err error) {
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			if ok, err := filepath.Match(pattern, entry.Name()); !ok {
				return err
			}
			info, err := entry.Info()
			if err == nil {
				bytes += info.Size()
			}
			return err
		})
		if err != nil {
			return 0, err
		}
	}
	return bytes, nil
}

// scratch makes a directory for one repetition. The server may read in it.
func (d data) scratch() (string, error) {
	dir, err := os.MkdirTemp(d.Dir, "trial-")
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	return dir, err
}
