package main

import (
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"ledgermill/engine"
	"ledgermill/engine/job"
)

func (a *app) closeCommand() *cli.Command {
	return &cli.Command{
		Name:      "close",
		Usage:     "freeze the published units of a period, or list the closed periods",
		ArgsUsage: "[PERIOD ...]",
		Description: `A period is a date, a month or a year: 2025-01-31, 2025-01, 2025. What would make
its units again (late rows, an edited rule) is held and shown by every plan and
run, with exit code 7, until it is made with

   ledgermill run --reopen --reason "the regulator asked for it"

The period stays closed afterwards. --end takes a closing back.

EXAMPLES
   1. close January:      ledgermill close 2025-01
   2. what is closed:     ledgermill close`,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "end", Usage: "take the closing back; needs --reason"},
			&cli.StringFlag{Name: "reason", Usage: "`TEXT` that the ledger keeps"},
			formatFlag("text or json"),
		},
		Action: a.on(func(c *call) error {
			if c.NArg() == 0 {
				return c.reading("close", nil, func(m *mill) error { return a.listClosed(c, m) })
			}
			var periods []job.Unit
			for _, text := range c.Args().Slice() {
				u, err := job.ParseUnit(text)
				if err != nil || u == job.Whole {
					return usagef("ledgermill close 2025-01", "%q is no period: a date, a month or a year", text)
				}
				periods = append(periods, u)
			}
			if c.Bool("end") && c.String("reason") == "" {
				return usagef("--reason TEXT: the ledger keeps it", "a closing is taken back for a reason")
			}
			o := engine.Options{Run: engine.NewRun(), Command: commandLine(c.Context, c.Args().Slice())}
			return c.writing(o, false, nil, func(m *mill) error { return a.closePeriods(c, m, periods) })
		}, "text", "json"),
	}
}

// closePeriods closes, and says which units are not as they should be.
func (a *app) closePeriods(c *call, m *mill, periods []job.Unit) error {
	ctx := c.Context.Context
	if err := m.ClosePeriods(ctx, periods, c.Bool("end"), c.String("reason")); err != nil {
		return err
	}
	if c.format == "json" {
		return printJSON(a.stdout, m.State().Closures())
	}
	if c.Bool("end") {
		_, err := fmt.Fprintf(a.stdout, "no longer closed: %s\n", joined(periods))
		return err
	}
	status, err := m.Status(ctx, engine.Selection{})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.stdout, "closed: %s\n", joined(periods))
	for _, p := range periods {
		for _, u := range status.Unfinished(p) {
			_, e := fmt.Fprintf(a.stdout, "  %s %s is %s, and stays so\n", u.Dataset, u.Unit, u.Status)
			err = errors.Join(err, e)
		}
	}
	return err
}

func joined(periods []job.Unit) string {
	text := ""
	for i, p := range periods {
		if i > 0 {
			text += ", "
		}
		text += string(p)
	}
	return text
}

func (a *app) listClosed(c *call, m *mill) error {
	closed := m.State().Closures()
	if c.format == "json" {
		return printJSON(a.stdout, closed)
	}
	if len(closed) == 0 {
		_, err := fmt.Fprintln(a.stdout, "no period is closed")
		return err
	}
	t := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "period\tclosed\trun\tby\treason")
	for _, p := range closed {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", p.Period, p.At.Format("2006-01-02 15:04"), p.Run, p.Operator, p.Reason)
	}
	return t.Flush()
}
