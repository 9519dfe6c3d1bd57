package main

import (
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"ledgermill/engine"
	"ledgermill/engine/check"
	"ledgermill/engine/duckdb"
	"ledgermill/engine/model"
)

func (a *app) checkCommand() *cli.Command {
	return &cli.Command{
		Name:  "check",
		Usage: "bind every contract, model, test and query on empty tables, and look for what goes wrong later; touches no data",
		Description: `Every fault of every file at once, each with its line, the place, and what to do. Needs
no data and no server: of the monitor's views, what stands above a statement is read,
and what only PostgreSQL understands is listed as not bound.

Errors cannot run, or are never meant; warnings run, and may cost a cent or differ on
another engine: --rules lists what is looked for, and why.

A warning that is right here is silenced where it stands, by a comment with a reason
on its line or on the line above:

   -- allow money_division: a ratio, and no money
   cast(paid / due as decimal(9, 4)) as share

Exit 2 with errors; with --strict 3 where there are warnings only.

EXAMPLES
   1. everything:                 ledgermill check
   2. a model and its tests:      ledgermill check --select transactions
   3. in a pipeline:              ledgermill check --strict --format json
   4. before a move to a cluster: ledgermill check --engine spark`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "select", Usage: "report on these datasets and on what tests and queries them: `NAMES` and globs parted by commas, +name, name+"},
			&cli.StringFlag{Name: "engine", Usage: "refuse what this engine lacks or reads otherwise: `NAME` duckdb or spark (default: engine.name of the settings)"},
			&cli.BoolFlag{Name: "strict", Usage: "exit with 3 where there are warnings"},
			&cli.BoolFlag{Name: "rules", Usage: "list the rules instead, with what each is for"},
			formatFlag("text or json"),
		},
		Action: a.check,
	}
}

func (a *app) check(c *cli.Context) (err error) {
	f, err := format(c, "text", "json")
	if err != nil {
		return err
	}
	if c.Bool("rules") {
		return a.listRules(f)
	}
	config, err := a.settings(c, engineFlags(c, nil))
	if err != nil {
		return err
	}
	w := &workspace{config: config, log: a.logger(config)}
	if w.files, err = projectFiles(config.Project); err != nil {
		return err
	}
	judge, err := duckdb.NewJudge(c.Context)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, judge.Close()) }()
	binder, err := duckdb.NewBinder(c.Context)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, binder.Close()) }()
	o := check.Options{Options: model.Options{FS: w.files, Judge: judge, Parameters: config.Parameters},
		Binder: binder, Select: c.String("select"), Engine: config.Engine.Name}
	if o.Select == "" {
		if _, err := w.views(); err != nil && !errors.As(err, &o.Faults) {
			return err
		}
		named, err := migrationFaults(w.files)
		if err != nil {
			return err
		}
		o.Faults = append(o.Faults, named...)
	}
	result, err := check.Files(c.Context, o)
	if err != nil {
		return err
	}
	switch {
	case result.Errors > 0:
		a.exit = engine.ExitUsage
	case result.Warnings > 0 && c.Bool("strict"):
		a.exit = engine.ExitRefused
	}
	if f == "json" {
		return printJSON(a.stdout, result)
	}
	width, _ := terminal(a.stdout)
	return result.Text(a.stdout, width)
}

func (a *app) listRules(format string) error {
	rules := check.Rules()
	if format == "json" {
		return printJSON(a.stdout, rules)
	}
	for _, r := range rules {
		fmt.Fprintf(a.stdout, "%s (%s)\n    %s\n    %s\n", r.Name, r.Severity, r.What, r.Why)
	}
	return nil
}
