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
		Action: a.on(func(c *call) error {
			project := c.work.project
			if c.Bool("shell") {
				_, err := fmt.Fprint(a.stdout, project.SessionSQL())
				return err
			}
			names, name := slices.Sorted(maps.Keys(project.Models)), c.Args().First()
			one, ok := project.Models[name]
			if !ok {
				return usagef("one of "+strings.Join(names, ", "), "no model %q%s", name, sqltext.DidYouMean(name, names))
			}
			_, err := fmt.Fprintln(a.stdout, one.SQL)
			return err
		}),
	}
}
