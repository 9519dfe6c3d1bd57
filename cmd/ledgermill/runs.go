package main

import (
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"ledgermill/engine"
	"ledgermill/engine/ledger"
)

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
		}, {
			Name: "verify", Usage: "read the whole ledger again, and name every record that was edited or is missing",
			Description: `Follows the chain of hashes from the first entry. Faults end it with exit code 4. It
needs no ledger that can be opened, and changes nothing.

What nothing that is left can tell is not found: that the last entries are gone together
with their completions and checkpoints, an edited last entry without its completion, and
what a completion says of lost files until a checkpoint follows it, every 50 entries. A
copy of the ledger elsewhere, or a bucket with versions or object lock, tells that.`,
			Flags:  []cli.Flag{formatFlag("text or json")},
			Action: a.on(a.verifyRuns, "text", "json"),
		}},
		Action: a.on(func(c *call) error {
			return c.reading("runs", nil, func(m *mill) error { return a.listRuns(c, m) })
		}, "text", "json"),
	}
}

func (a *app) showRun(c *call, m *mill, id string) error {
	one, err := m.RunRecord(c.Context.Context, id)
	if none := (*engine.NothingError)(nil); errors.As(err, &none) {
		return usagef("ledgermill runs", "no run %q", id)
	} else if err != nil {
		return err
	}
	if c.format == "json" {
		return printJSON(a.stdout, one)
	}
	return one.Text(a.stdout)
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
	idle, err := m.Idle(c.Context.Context)
	if err := errors.Join(err, t.Flush()); err != nil || idle == nil {
		return err
	}
	_, err = fmt.Fprintf(a.stdout, "nothing to do since: last asked %s\n", idle.Finished.Format("2006-01-02 15:04:05"))
	return err
}

func (a *app) verifyRuns(c *call) error {
	_, root, err := c.work.stores()
	if err != nil {
		return err
	}
	found, err := ledger.Verify(c.Context.Context, root)
	if err != nil {
		return &engine.StoreError{Op: "read the ledger of", URL: root.URL(), Err: err}
	}
	if len(found.Faults) > 0 {
		a.exit = engine.ExitBalance
	}
	if c.format == "json" {
		return printJSON(a.stdout, found)
	}
	for _, f := range found.Faults {
		fmt.Fprintf(a.stdout, "fault  %s: %s\n", f.Key, f.Fault)
	}
	_, err = fmt.Fprintf(a.stdout, "%d entries and %d checkpoints read, %d faults\n", found.Entries, found.Checkpoints, len(found.Faults))
	return err
}
