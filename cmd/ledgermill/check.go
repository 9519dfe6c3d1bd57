package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"ledgermill/engine"
	"ledgermill/engine/duckdb"
	"ledgermill/engine/model"
)

func (a *app) checkCommand() *cli.Command {
	return &cli.Command{
		Name:  "check",
		Usage: "bind every contract, model, test and query on empty tables; touches no data",
		Description: `Every fault of every file at once, as file:line:col: message. Needs no data and no
server. Exit 2 with faults.`,
		Flags: []cli.Flag{formatFlag("text or json")},
		Action: func(c *cli.Context) (err error) {
			f, err := format(c, "text", "json")
			if err != nil {
				return err
			}
			config, err := a.settings(c, nil)
			if err != nil {
				return err
			}
			w := &workspace{config: config, log: a.logger(config)}
			if w.files, err = projectFiles(config.Project); err != nil {
				return err
			}
			began := time.Now()
			options, done, err := w.loading(c.Context)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, done()) }()
			report, err := model.Check(c.Context, options)
			if err != nil {
				return err
			}
			if f == "json" {
				return printJSON(a.stdout, report)
			}
			fmt.Fprintf(a.stdout, "%d contracts, %d models, %d tests, %d unit tests, %d data tests, %d queries: no faults (%.2f s)\n",
				report.Contracts, report.Models, report.Tests, report.UnitTests, report.DataTests, report.Queries, time.Since(began).Seconds())
			for _, s := range report.Skipped {
				fmt.Fprintf(a.stdout, "not bound: %s: %s\n", s.File, s.Why)
			}
			return nil
		},
	}
}

func (a *app) testCommand() *cli.Command {
	return &cli.Command{
		Name:  "test",
		Usage: "run the unit tests of sql/tests",
		Description: `Each file with "-- test of: model" gives rows and says what the model makes of them.
Tests of published units run in every run, before anything is published.
Exit 3 if one fails.`,
		Action: a.on(a.unitTests),
	}
}

func (a *app) unitTests(c *call) (err error) {
	binder, err := duckdb.NewBinder(c.Context.Context)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, binder.Close()) }()
	project := c.work.project
	for _, t := range project.UnitTests {
		result, err := project.RunUnitTest(c.Context.Context, binder, t)
		if err != nil {
			return fmt.Errorf("%s: %w", t.File, err)
		}
		if result.Passed() {
			fmt.Fprintf(a.stdout, "ok    %s\n", t.Name)
			continue
		}
		a.exit = engine.ExitRefused
		fmt.Fprintf(a.stdout, "FAIL  %s (%s)\n      columns     %v\n", t.Name, t.File, result.Columns)
		for _, row := range result.Missing {
			fmt.Fprintf(a.stdout, "      missing     %v\n", row)
		}
		for _, row := range result.Unexpected {
			fmt.Fprintf(a.stdout, "      unexpected  %v\n", row)
		}
	}
	return nil
}
