package cases

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"

	"ledgermill/bench"
	"ledgermill/bench/peers"
	"ledgermill/bench/result"
	"ledgermill/engine"
	"ledgermill/engine/duckdb"
	"ledgermill/engine/spark"
)

// onSpark is the lake part of the product as `ledgermill run --engine spark` makes it on
// all cores of this machine, from the start of the application on.
func (s *peerSuite) onSpark(ctx context.Context) (*bench.Trial, error) {
	found, err := peers.FindSpark(ctx)
	if err != nil {
		return nil, err
	}
	home, err := exec.CommandContext(ctx, found.Python, "-c", "import os, pyspark; print(os.path.dirname(pyspark.__file__))").Output()
	if err != nil {
		return nil, fmt.Errorf("find Spark: %w", err)
	}
	settings := spark.Settings{Home: strings.TrimSpace(string(home)), Python: found.Python, Master: spark.DefaultMaster, Name: "ledgermill bench",
		Memory: s.Memory, Log: slog.New(slog.DiscardHandler)}
	trial, err := s.lakePartOn(func(duck *duckdb.Engine, staging string) (engine.Engine, func() error, error) {
		settings.Work = staging
		e, err := spark.Open(settings, duck)
		if err != nil {
			return nil, nil, err
		}
		return e, e.Close, nil
	})
	if err != nil {
		return nil, err
	}
	run := trial.Run
	trial.Run = func(ctx context.Context, sample *result.Sample) error {
		family := bench.Follow(os.Getpid())
		err := run(ctx, sample)
		sample.PeakRSS = family.Peak()
		return err
	}
	return trial, nil
}
