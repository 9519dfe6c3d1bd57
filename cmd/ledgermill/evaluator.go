package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"ledgermill/engine"
	"ledgermill/engine/config"
	"ledgermill/engine/duckdb"
	"ledgermill/engine/lake"
	"ledgermill/engine/spark"
)

// sparkName is the value of engine.name that means Spark.
const sparkName = "spark"

// sparkBudget is how much raw text one statement reads in Spark, which keeps it in files.
const sparkBudget = 64 << 30

// openSpark makes the engine of a Spark of the settings beside a DuckDB, with which rows
// are left at an exchange, and how to end it.
func (w *workspace) openSpark(duck *duckdb.Engine, o engine.Options, exchange string) (engine.Engine, func() error, error) {
	s, err := w.sparkSettings()
	if err != nil {
		return nil, nil, err
	}
	s.Work, s.Name, s.Exchange = o.Work, "ledgermill "+w.config.Name+" "+o.Run, exchange
	if bucket, in := o.Lake.(*lake.Bucket); in && s.Exchange == bucket.Location(exchangePrefix+o.Run) {
		maps.Copy(s.Secrets, spark.S3A(bucket.Name(), storeAccess(bucket)))
		if err := readBeside(s, bucket, o.ReadFrom); err != nil {
			return nil, nil, err
		}
		s.Clear = func(ctx context.Context, place string) error {
			return clear(ctx, bucket, strings.TrimPrefix(place, bucket.Location(""))+"/", nil)
		}
	}
	e, err := spark.Open(s, duck)
	if err != nil {
		return nil, nil, err
	}
	return e, e.Close, nil
}

// readBeside lets executors read the lake of another environment where they read this
// one's in its store: else they are given files.
func readBeside(s spark.Settings, own *lake.Bucket, from *engine.ReadFrom) error {
	if from == nil {
		return nil
	}
	other, in := from.Lake.(*lake.Bucket)
	switch {
	case !in:
	case other.Name() != own.Name():
		maps.Copy(s.Secrets, spark.S3A(other.Name(), storeAccess(other)))
	case storeAccess(other) != storeAccess(own):
		return usagef("spark.exchange of a directory that all executors see", "read_from %s: S3A reads all buckets named %s with one endpoint and one key", from.Name, own.Name())
	}
	return nil
}

// exchangePrefix is where rows are left in a lake's own store.
const exchangePrefix = "_exchange/"

// exchange is where a run and Spark leave rows to each other; "" is the run's own
// directory.
func (w *workspace) exchange(o engine.Options) (string, error) {
	place := w.config.Spark.Exchange
	bucket, in := o.Lake.(*lake.Bucket)
	if place == "" && in {
		s, err := w.sparkSettings()
		if err != nil {
			return "", err
		}
		if !s.IsLocal() {
			place = config.ExchangeLake
		}
	}
	switch {
	case place == "":
		return "", nil
	case place != config.ExchangeLake:
		return filepath.Join(place, w.exchangeOf(o.Run)), nil
	case !in:
		return "", usagef("spark.exchange of a directory that all executors see", "spark.exchange is %s, and %s is no object store", place, o.Lake.URL())
	}
	return bucket.Location(exchangePrefix + o.Run), nil
}

// fetched is how a mill on Spark reads stores that are read thus: raw objects are cut
// into fields on this machine, whichever engine types them. nil is for directories.
func fetched(reading *engine.Reading, exchange string) (*engine.Reading, error) {
	if reading == nil {
		return nil, nil
	}
	inLake := strings.Contains(exchange, "://")
	if inLake && reading.Way != engine.InPlace {
		return nil, usagef("spark.exchange of a directory that all executors see", "rows are left in the lake's store through httpfs, which is not there: %s",
			strings.Join(reading.Causes, "; "))
	}
	return &engine.Reading{Way: engine.Fetched, Lake: inLake, Causes: []string{"engine.name is spark: raw objects are cut into fields on this machine"}}, nil
}

// abandoned is the age from which rows in an exchange are a dead run's: a directory may
// be that of several lakes, each with a lock of its own.
const abandoned = 24 * time.Hour

// sweepExchange removes what dead runs have left, private columns with the rest, whichever
// engine is the settings' by now. What cannot be removed stops no run.
func (w *workspace) sweepExchange(ctx context.Context, root lake.Store) {
	var err error
	if bucket, in := root.(*lake.Bucket); in {
		err = clear(ctx, bucket, exchangePrefix, func(o lake.Object) bool { return time.Since(o.ModTime) < abandoned })
	}
	if place := w.config.Spark.Exchange; place != "" && place != config.ExchangeLake {
		err = errors.Join(err, w.sweepDirectory(place))
	}
	if err != nil {
		w.log.WarnContext(ctx, "what a dead run has left in spark.exchange stays there", "error", err)
	}
}

// sweepDirectory removes the directories of this project's dead runs.
func (w *workspace) sweepDirectory(shared string) error {
	own := regexp.MustCompile(`\A` + regexp.QuoteMeta(w.exchangeOf("")) + `[0-9a-f]+\z`)
	entries, err := os.ReadDir(shared)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, entry := range entries {
		if !own.MatchString(entry.Name()) {
			continue
		}
		dir := filepath.Join(shared, entry.Name())
		last, lastErr := lastWritten(dir)
		if lastErr == nil && time.Since(last) > abandoned {
			lastErr = os.RemoveAll(dir)
		}
		err = errors.Join(err, lastErr)
	}
	return err
}

// lastWritten is when something below a directory was written last.
func lastWritten(dir string) (last time.Time, err error) {
	err = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil && info.ModTime().After(last) {
			last = info.ModTime()
		}
		return err
	})
	return last, err
}

// exchangeOf is the name of a run's directory in one that runs share.
func (w *workspace) exchangeOf(run string) string { return "ledgermill-" + w.config.Name + "-" + run }

// clear removes the objects below a prefix but for those that are spared.
func clear(ctx context.Context, store lake.Store, prefix string, spared func(lake.Object) bool) error {
	objects, err := store.List(ctx, prefix)
	if errors.Is(err, lake.ErrMissing) {
		return nil
	}
	for _, o := range objects {
		if spared == nil || !spared(o) {
			err = errors.Join(err, store.Remove(ctx, o.Key))
		}
	}
	return err
}

func storeAccess(b *lake.Bucket) spark.Store {
	access := b.Access()
	return spark.Store{Host: access.Host, Region: access.Region, TLS: access.Secure, PathStyle: access.PathStyle,
		KeyID: access.AccessKey.Reveal(), Secret: access.SecretKey.Reveal(), Session: access.SessionToken.Reveal()}
}

// sparkSettings are how the settings have Spark started.
func (w *workspace) sparkSettings() (spark.Settings, error) {
	c := w.config.Spark
	s := spark.Settings{Home: c.Home, Python: c.Python, Master: c.Master, Packages: c.Packages, Conf: map[string]string{}, Secrets: map[string]string{},
		Memory: int64(w.config.Engine.MemoryLimit), Log: w.log}
	for _, one := range strings.Fields(c.Conf) {
		key, value, _ := strings.Cut(one, "=")
		s.Conf[key] = value
	}
	if c.Properties != "" {
		more, err := spark.ReadProperties(c.Properties)
		if err != nil {
			return s, usagef("spark.properties of a file that can be read", "%v", err)
		}
		maps.Copy(more, s.Conf)
		s.Conf = more
	}
	return s, nil
}

// reachSpark starts a Spark application and asks it what it is.
func (w *workspace) reachSpark(ctx context.Context) (string, error) {
	s, err := w.sparkSettings()
	if err != nil {
		return "", err
	}
	work, err := w.scratch("doctor-")
	if err != nil {
		return "", err
	}
	s.Work = work.Path()
	s.Name = "ledgermill doctor"
	found, err := spark.Find(ctx, s)
	var version, master string
	if err == nil {
		version, master, err = spark.Probe(ctx, s)
	}
	if err = errors.Join(err, work.Close()); err != nil {
		return "", err
	}
	detail := fmt.Sprintf("Spark %s on %s, %s", version, master, found.Java)
	if version != spark.Version {
		detail += "; tried with Spark " + spark.Version
	}
	return detail, nil
}

// shownMaster is where Spark is asked for.
func (w *workspace) shownMaster() string {
	s, err := w.sparkSettings()
	if err != nil {
		return w.config.Spark.Master // to start it says what is wrong
	}
	return s.RunsOn()
}
