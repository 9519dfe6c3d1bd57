package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"ledgermill/engine/sqltext"
)

func (a *app) renderCommand() *cli.Command {
	return &cli.Command{
		Name:      "render",
		Usage:     "print the SQL of a model with its parameters bound, or the session file of a bare shell",
		ArgsUsage: "[MODEL]",
		Description: `EXAMPLES
   1. the statement as it runs:         ledgermill render transactions
   2. what a bare duckdb needs first:   ledgermill render --shell > session.sql`,
		Flags: []cli.Flag{&cli.BoolFlag{Name: "shell", Usage: "the session file: an empty, typed table for every contract, model and business_day"}},
		Action: func(c *cli.Context) error {
			config, err := a.settings(c, nil)
			if err != nil {
				return err
			}
			w, err := a.open(c.Context, config)
			if err != nil {
				return err
			}
			if c.Bool("shell") {
				_, err := fmt.Fprint(a.stdout, w.project.SessionSQL())
				return err
			}
			names := slices.Sorted(maps.Keys(w.project.Models))
			one, ok := w.project.Models[c.Args().First()]
			if !ok {
				return usagef("one of "+strings.Join(names, ", "), "no model %q%s", c.Args().First(), sqltext.DidYouMean(c.Args().First(), names))
			}
			_, err = fmt.Fprintln(a.stdout, one.SQL)
			return err
		},
	}
}
