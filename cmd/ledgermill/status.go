package main

import (
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"ledgermill/engine"
)

func (a *app) statusCommand() *cli.Command {
	return &cli.Command{
		Name:        "status",
		Usage:       "print what is done, stale, held, sealed, refused, lost or failed, per dataset and unit",
		Description: "Reads the ledger and the listing of the input; objects are not read.",
		Flags:       append(selectionFlags(), formatFlag("text or json")),
		Action: func(c *cli.Context) (err error) {
			f, err := format(c, "text", "json")
			if err != nil {
				return err
			}
			config, err := a.settings(c, nil)
			if err != nil {
				return err
			}
			w, err := a.open(c.Context, config)
			if err != nil {
				return err
			}
			selection, err := w.selection(c)
			if err != nil {
				return err
			}
			m, err := w.openMill(c.Context, engine.Options{Run: engine.NewRun(), Command: "status"}, false)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, m.close()) }()
			status, err := m.Status(c.Context, selection)
			if err != nil {
				return err
			}
			a.exit = status.Exit
			if f == "json" {
				return printJSON(a.stdout, status)
			}
			return status.Text(a.stdout)
		},
	}
}

func (a *app) runsCommand() *cli.Command {
	return &cli.Command{
		Name:  "runs",
		Usage: "list the recorded runs, or show one",
		Flags: []cli.Flag{formatFlag("text or json")},
		Subcommands: []*cli.Command{{
			Name: "show", Usage: "print the accounts of a run", ArgsUsage: "RUN", Flags: []cli.Flag{formatFlag("text or json")},
			Action: func(c *cli.Context) error {
				if c.NArg() == 0 {
					return usagef("ledgermill runs", "runs show needs a run")
				}
				return a.runs(c, c.Args().First())
			},
		}},
		Action: func(c *cli.Context) error { return a.runs(c, "") },
	}
}

func (a *app) runs(c *cli.Context, id string) (err error) {
	f, err := format(c, "text", "json")
	if err != nil {
		return err
	}
	config, err := a.settings(c, nil)
	if err != nil {
		return err
	}
	w, err := a.open(c.Context, config)
	if err != nil {
		return err
	}
	m, err := w.openMill(c.Context, engine.Options{Run: engine.NewRun(), Command: "runs"}, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.close()) }()
	runs := m.State().Runs
	if id != "" {
		one, ok := m.State().Run(id)
		if !ok {
			return usagef("ledgermill runs", "no run %q", id)
		}
		if f == "json" {
			return printJSON(a.stdout, one)
		}
		return engine.PrintRun(a.stdout, one)
	}
	if f == "json" {
		return printJSON(a.stdout, runs)
	}
	t := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "run\tstarted\tseconds\texit\tunits\tcommand")
	for _, r := range runs {
		fmt.Fprintf(t, "%s\t%s\t%.1f\t%d\t%d\t%s\n", r.Run, r.Started.Format("2006-01-02 15:04:05"), r.Finished.Sub(r.Started).Seconds(), r.Exit, r.Units, r.Command)
	}
	return t.Flush()
}
