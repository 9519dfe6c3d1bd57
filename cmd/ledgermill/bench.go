package main

import (
	"github.com/urfave/cli/v2"
)

func (a *app) benchCommand() *cli.Command {
	return &cli.Command{
		Name:  "bench",
		Usage: "measure on this machine what each optimisation gives",
		Description: `Everything is measured in one run, in turns, on generated data, with a PostgreSQL
of the run's own; rows that come out wrong void a time. Nothing of a project is
read or changed.

EXAMPLES
   1. what there is:            ledgermill bench list
   2. a first look:             ledgermill bench run --rows 20000 --budget 5m
   3. one case and its floor:   ledgermill bench run floors/lake floors/lake-floor
   4. the whole of it:          ledgermill bench run --rows 1000000 --days 1 --budget 45m --output full.json
   5. what came of it:          ledgermill bench report full.json --output report`,
		Subcommands: []*cli.Command{a.benchListCommand(), a.benchRunCommand(), a.benchReportCommand(), a.benchCompareCommand()},
	}
}
