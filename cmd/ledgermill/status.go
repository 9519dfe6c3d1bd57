package main

import (
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
		Action: a.on(func(c *call) error {
			return c.reading("status", nil, func(m *mill) error {
				status, err := m.Status(c.Context.Context, c.selection)
				if err != nil {
					return err
				}
				a.exit = status.Exit
				if c.format == "json" {
					return printJSON(a.stdout, status)
				}
				return status.Text(a.stdout)
			})
		}, "text", "json"),
	}
}

func (a *app) runsCommand() *cli.Command {
	return &cli.Command{
		Name:  "runs",
		Usage: "list the recorded runs, or show one",
		Flags: []cli.Flag{formatFlag("text or json")},
		Subcommands: []*cli.Command{{
			Name: "show", Usage: "print the accounts of a run: of the last one, where none is named", ArgsUsage: "[RUN]", Flags: []cli.Flag{formatFlag("text or json")},
			Action: a.on(func(c *call) error {
				return c.reading("runs", nil, func(m *mill) error { return a.showRun(c, m, c.Args().First()) })
			}, "text", "json"),
		}},
		Action: a.on(func(c *call) error {
			return c.reading("runs", nil, func(m *mill) error { return a.listRuns(c, m) })
		}, "text", "json"),
	}
}

func (a *app) showRun(c *call, m *mill, id string) error {
	one, ok := m.State().Run(id)
	if runs := m.State().Runs; id == "" && len(runs) > 0 {
		one, ok = runs[len(runs)-1], true
	}
	if !ok {
		return usagef("ledgermill runs", "no run %q", id)
	}
	if c.format == "json" {
		return printJSON(a.stdout, one)
	}
	return engine.PrintRun(a.stdout, one)
}

func (a *app) listRuns(c *call, m *mill) error {
	if c.format == "json" {
		return printJSON(a.stdout, m.State().Runs)
	}
	t := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "run\tstarted\tseconds\texit\tunits\tcommand")
	for _, r := range m.State().Runs {
		fmt.Fprintf(t, "%s\t%s\t%.1f\t%d\t%d\t%s\n", r.Run, r.Started.Format("2006-01-02 15:04:05"), r.Finished.Sub(r.Started).Seconds(), r.Exit, r.Units, r.Command)
	}
	return t.Flush()
}
