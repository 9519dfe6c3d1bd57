package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

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
