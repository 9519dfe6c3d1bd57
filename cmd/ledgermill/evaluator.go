package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"ledgermill/engine"
	"ledgermill/engine/config"
	"ledgermill/engine/duckdb"
	"ledgermill/engine/spark"
)

// sparkName is the value of engine.name that means Spark.
const sparkName = "spark"

// evaluator makes what evaluates statements out of a DuckDB, and how to end it.
type evaluator func(duck *duckdb.Engine, o engine.Options) (engine.Engine, func() error, error)

// byDuckDB evaluates in the DuckDB itself.
func byDuckDB(duck *duckdb.Engine, _ engine.Options) (engine.Engine, func() error, error) {
	return duck, func() error { return nil }, nil
}

// evaluator is the engine of the settings.
func (w *workspace) evaluator() evaluator {
	if w.config.Engine.Name != sparkName {
		return byDuckDB
	}
	return func(duck *duckdb.Engine, o engine.Options) (engine.Engine, func() error, error) {
		s, err := w.sparkSettings()
		if err != nil {
			return nil, nil, err
		}
		s.Work, s.Name = w.exchange(o), "ledgermill "+w.config.Name+" "+o.Run
		e, err := spark.Open(s, duck)
		if err != nil {
			return nil, nil, err
		}
		return e, func() error { return errors.Join(e.Close(), w.closeExchange(o)) }, nil
	}
}

// exchange is where a run and Spark leave rows to each other.
func (w *workspace) exchange(o engine.Options) string {
	if w.config.Engine.Name != sparkName || w.config.Spark.Exchange == "" {
		return o.Work
	}
	return filepath.Join(w.config.Spark.Exchange, "ledgermill-"+w.config.Name+"-"+o.Run)
}

// closeExchange removes what the run has left in a directory that is not its own.
func (w *workspace) closeExchange(o engine.Options) error {
	if dir := w.exchange(o); dir != o.Work {
		return os.RemoveAll(dir)
	}
	return nil
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
	if s.Work, err = os.MkdirTemp("", "ledgermill-doctor-"); err != nil {
		return "", err
	}
	s.Name = "ledgermill doctor"
	found, err := spark.Find(ctx, s)
	var version, master string
	if err == nil {
		version, master, err = spark.Probe(ctx, s)
	}
	if err = errors.Join(err, os.RemoveAll(s.Work)); err != nil {
		return "", err
	}
	detail := fmt.Sprintf("Spark %s on %s, %s", version, master, found.Java)
	if version != spark.Version {
		detail += "; tried with Spark " + spark.Version
	}
	return detail, nil
}

// shownMaster is where Spark is asked for.
func shownMaster(c config.Spark) string {
	if c.Master == "" {
		return "spark-defaults.conf, else " + spark.DefaultMaster
	}
	return c.Master
}
