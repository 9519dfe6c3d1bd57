package main

import (
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"ledgermill/engine"
	"ledgermill/engine/job"
)

func (a *app) rollbackCommand() *cli.Command {
	return &cli.Command{
		Name:  "rollback",
		Usage: "put the units of a date back to how a run had left them, lake and warehouse",
		Description: `lake.keep former versions of every unit are kept (3 unless set otherwise). The
roll-back is a run of its own. It pins the units: later runs hold what would make
them again, with exit code 7, until they are released; the next run then makes them
from what is there. Datasets without a business date stay as they are.

EXAMPLES
   1. which runs there are:        ledgermill runs
   2. put a date back:             ledgermill rollback --date 2025-01-31 --to 8c21
   3. let runs make it again:      ledgermill rollback --release --date 2025-01-31`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "date", Usage: "the business `DATE`, or a month or year: 2025-01-31, 2025-01"},
			&cli.StringFlag{Name: "to", Usage: "the `RUN` whose state is put back"},
			&cli.BoolFlag{Name: "release", Usage: "let runs make the units again"},
			&cli.StringFlag{Name: "until", Value: "load", Usage: "stop after `STEP`: lake or load"},
			&cli.StringFlag{Name: "reason", Usage: "`TEXT` that the ledger keeps"},
			formatFlag("text or json"),
		},
		Action: a.on(a.rollback, "text", "json"),
	}
}

// rollbackDates reads --date, and checks what goes together.
func rollbackDates(c *call) (s engine.Selection, err error) {
	if until := c.String("until"); until != "lake" && until != "load" {
		return s, usagef("--until lake", "--until %q is no step", until)
	}
	if c.Bool("release") == (c.String("to") != "") {
		return s, usagef("--to RUN, or --release", "rollback needs a run to go back to, or --release")
	}
	period, err := job.ParseUnit(c.String("date"))
	if err != nil || period == job.Whole {
		return s, usagef("--date 2025-01-31", "rollback needs a date, a month or a year, and not %q", c.String("date"))
	}
	from, _ := period.Bounds()
	return engine.Selection{From: from, To: period.Last(), Reason: c.String("reason")}, nil
}

func (a *app) rollback(c *call) error {
	selection, err := rollbackDates(c)
	if err != nil {
		return err
	}
	bar := a.progress("rollback")
	defer bar.done()
	var done *engine.Rollback
	ctx := c.Context.Context
	o := engine.Options{Run: engine.NewRun(), Command: "rollback " + strings.Join(flagsGiven(c.Context), " "), Progress: bar.update, ExitCode: exitCode}
	err = c.writing(o, c.String("until") == "load" && !c.Bool("release"), bar.say, func(m *mill) (err error) {
		if c.Bool("release") {
			done, err = m.Release(ctx, selection)
			return err
		}
		to, ok := m.State().Run(c.String("to"))
		if !ok {
			return usagef("ledgermill runs", "no run %q", c.String("to"))
		}
		done, err = m.Rollback(ctx, selection, to)
		return err
	})
	bar.done()
	if done == nil {
		return err
	}
	return errors.Join(err, a.printRollback(c, done))
}

func (a *app) printRollback(c *call, done *engine.Rollback) error {
	if c.format == "json" {
		return printJSON(a.stdout, done)
	}
	t := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	for _, u := range done.Units {
		switch {
		case done.Released:
			fmt.Fprintf(t, "released\t%s\t%s\twas pinned to run %s\n", u.Dataset, u.Unit, u.From)
		case u.Later:
			fmt.Fprintf(t, "stays\t%s\t%s\tfirst published later, by run %s: held until the release\n", u.Dataset, u.Unit, u.To)
		case u.Changed:
			fmt.Fprintf(t, "put back\t%s\t%s\tfrom run %s to run %s\n", u.Dataset, u.Unit, u.From, u.To)
		default:
			fmt.Fprintf(t, "stays\t%s\t%s\tas run %s made it\n", u.Dataset, u.Unit, u.To)
		}
	}
	if done.Load.Leaves > 0 {
		fmt.Fprintf(t, "loaded\t%d leaves\t%d rows\t\n", done.Load.Leaves, done.Load.Rows)
	}
	return t.Flush()
}
