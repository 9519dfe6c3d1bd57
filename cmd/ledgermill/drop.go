package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"ledgermill/engine"
	"ledgermill/engine/ledger"
)

func (a *app) dropCommand() *cli.Command {
	return &cli.Command{
		Name:      "drop",
		Usage:     "take published units out that nothing makes any more, from lake and warehouse",
		ArgsUsage: "[DATASET ...]",
		Description: `A dataset whose file was removed or renamed, or a date that nothing has any more that
the dataset is made from, stays published: readers find it as it was. status and plan
call these units orphans. Without --yes they are listed and nothing is done. With it
they go, with their former versions, by an entry of the ledger that says who did it and
why; what is loaded of them goes from the warehouse. A table itself stays: drop it by a
migration. To have such a unit again, put the file back and run.

EXAMPLES
   1. what there is:      ledgermill drop
   2. take one out:       ledgermill drop old_summary --yes --reason "renamed to summary"`,
		Flags: append(selectionFlags()[:3],
			&cli.BoolFlag{Name: "yes", Usage: "take them out; needs --reason"},
			&cli.StringFlag{Name: "reason", Usage: "`TEXT` that the ledger keeps"},
			&cli.StringFlag{Name: "until", Value: "load", Usage: "stop after `STEP`: lake or load"},
			formatFlag("text or json")),
		Action: a.on(a.drop, "text", "json"),
	}
}

func (a *app) drop(c *call) error {
	until := c.String("until")
	if until != "lake" && until != "load" {
		return usagef("--until lake", "--until %q is no step", until)
	}
	selection, err := dates(c.Context)
	if err != nil {
		return err
	}
	if !c.Bool("yes") {
		return c.reading("drop", nil, func(m *mill) error { return a.listOrphans(c, m.Orphans(selection, c.Args().Slice()...)) })
	}
	if strings.TrimSpace(c.String("reason")) == "" {
		return usagef("--reason TEXT: the ledger keeps it", "published units are taken out for a reason")
	}
	ctx := c.Context.Context
	bar := a.progress("drop")
	defer bar.done()
	var orphans []engine.Orphan
	var dropped []ledger.UnitRecord
	var load engine.LoadReport
	o := engine.Options{Run: engine.NewRun(), Command: commandLine(c.Context, c.Args().Slice()), Progress: bar.update, ExitCode: exitCode}
	err = c.writing(o, until == "load", bar.say, func(m *mill) (err error) {
		orphans = m.Orphans(selection, c.Args().Slice()...)
		dropped, load, err = m.Drop(ctx, orphans, c.String("reason"))
		return err
	})
	bar.done()
	if dropped == nil {
		return err
	}
	return errors.Join(err, a.printDropped(c, orphans, load))
}

func (a *app) listOrphans(c *call, orphans []engine.Orphan) error {
	if c.format == "json" {
		return printJSON(a.stdout, orphans)
	}
	if len(orphans) == 0 {
		_, err := fmt.Fprintln(a.stdout, "nothing to do: something makes every published unit")
		return err
	}
	if err := engine.OrphansText(a.stdout, orphans); err != nil {
		return err
	}
	_, err := fmt.Fprintf(a.stdout, "try: ledgermill drop --yes --reason TEXT, to take them out\n")
	return err
}

func (a *app) printDropped(c *call, orphans []engine.Orphan, load engine.LoadReport) error {
	if c.format == "json" {
		return printJSON(a.stdout, struct {
			Dropped []engine.Orphan   `json:"dropped"`
			Load    engine.LoadReport `json:"load"`
		}{orphans, load})
	}
	if err := engine.OrphansText(a.stdout, orphans); err != nil {
		return err
	}
	text := "dropped " + engine.Plural(len(orphans), "unit") + " of the lake"
	if load.Removed > 0 {
		text += ", and " + engine.Plural(load.Removed, "unit") + " of tables in the warehouse"
	}
	_, err := fmt.Fprintln(a.stdout, text)
	return err
}
