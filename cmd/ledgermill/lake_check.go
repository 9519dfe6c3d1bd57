package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"ledgermill/engine"
	"ledgermill/engine/job"
	"ledgermill/engine/lake"
	"ledgermill/engine/ledger"
)

// readLedger folds a lake's ledger, whichever project's it is.
func readLedger(ctx context.Context, root lake.Store) (*ledger.State, error) {
	l, err := ledger.Open(ctx, engine.ReadOnly(root), "", time.Now)
	if err != nil {
		return nil, err
	}
	return l.State(), nil
}

func (a *app) lakeVerify(c *lakeCall) error {
	state, err := c.state()
	if err != nil {
		return err
	}
	shown := a.progress("lake verify")
	verify := engine.VerifyLake
	if c.raw {
		verify = engine.VerifyInput
	}
	v, err := verify(c.Context.Context, c.root, state, engine.VerifyOptions{Quick: c.Bool("quick"), Progress: shown.update})
	shown.done()
	if err != nil {
		return err
	}
	if len(v.Differences) > 0 {
		a.exit = engine.ExitRefused
	}
	if c.format == "json" {
		return printJSON(a.stdout, v)
	}
	t := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	for _, d := range v.Differences {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", d.Dataset, d.Unit, d.Key, d.Fault)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if !c.raw {
		a.beforeRepair(v.Differences, state.Closures())
	}
	if v.Pending > 0 {
		fmt.Fprintf(a.stdout, "%d uploads of a commit are not completed yet: the next run does it, or ledgermill lake gc --yes\n", v.Pending)
	}
	_, err = fmt.Fprintf(a.stdout, "%d objects, %d bytes, %d rows, %d differences\n", v.Objects, v.Bytes, v.Rows, len(v.Differences))
	return err
}

// beforeRepair says what puts right what differs: a run, or where none does, a backup.
func (a *app) beforeRepair(differences []engine.Difference, closed []ledger.Closure) {
	for _, flags := range selecting(differences, closed) {
		fmt.Fprintf(a.stdout, "to make again what differs: ledgermill run --full%s\n", flags)
	}
	for _, d := range differences {
		put := "back from a backup: ledgermill lake put --force FILE " + d.Key
		switch d.Role {
		case engine.Former:
			fmt.Fprintf(a.stdout, "no run makes a former version of %s %s again: put it %s\n", d.Dataset, d.Unit, put)
		case engine.Stray:
			fmt.Fprintf(a.stdout, "no run makes rejects of %s without a date again before their object is sent again or the contract edited: put them %s\n", d.Dataset, put)
		}
	}
}

// selecting are the flags of the runs of the units that differ: one for each dataset and
// its dates without a gap, so that nothing else of the history is made again. What guards
// old and closed units is asked to let them pass. Whole datasets have no dates, and are
// guarded by none.
func selecting(differences []engine.Difference, closed []ledger.Closure) []string {
	type span struct {
		dataset     string
		from, after time.Time
	}
	var undated []string
	var spans []span
	for _, d := range differences {
		from, after := job.Unit(d.Unit).Bounds()
		last := len(spans) - 1
		switch {
		case d.Role != engine.Published:
		case from.IsZero():
			undated = append(undated, d.Dataset)
		case last >= 0 && spans[last].dataset == d.Dataset && !from.After(spans[last].after):
			if after.After(spans[last].after) {
				spans[last].after = after
			}
		default:
			spans = append(spans, span{d.Dataset, from, after})
		}
	}
	var all []string
	if undated != nil {
		all = append(all, " --select "+strings.Join(slices.Compact(undated), ","))
	}
	for _, s := range spans {
		last := s.after.AddDate(0, 0, -1)
		flags := " --select " + s.dataset + " --from " + s.from.Format(time.DateOnly) + " --to " + last.Format(time.DateOnly)
		if slices.ContainsFunc(closed, func(c ledger.Closure) bool { return job.Unit(c.Period).Overlaps(s.from, last) }) {
			flags += " --reopen"
		}
		all = append(all, flags+" --yes --reason TEXT")
	}
	return all
}

func (a *app) lakeCollect(c *lakeCall) error {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	holder := lake.Info{Host: host, PID: os.Getpid(), Command: "lake gc", Started: time.Now().UTC()}
	g, err := engine.CollectGarbage(c.Context.Context, c.root, holder, c.Bool("yes"), time.Now)
	if err != nil {
		return err
	}
	if c.format == "json" {
		return printJSON(a.stdout, g)
	}
	var bytes int64
	t := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	for _, l := range g.Left {
		bytes += l.Size
		fmt.Fprintf(t, "%s\t%s\t%12d\t%s\t%s\n", l.Run, l.Since.UTC().Format(time.DateTime), l.Size, l.Place, l.Upload)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	switch {
	case g.Pending > 0 && g.Removed:
		fmt.Fprintf(a.stdout, "a commit that was not finished is: %s\n", engine.Plural(g.Pending, "upload"))
	case g.Pending > 0:
		fmt.Fprintf(a.stdout, "a commit is not finished, its %s left out: the next run completes it, or ledgermill lake gc --yes\n", engine.Plural(g.Pending, "upload"))
	}
	if g.Lost > 0 {
		fmt.Fprintf(a.stdout, "%s lost between commit and completion: ledgermill run, which makes it again\n", engine.Plural(g.Lost, "unit"))
	}
	done := "nothing to remove"
	switch {
	case len(g.Left) > 0 && g.Removed:
		done = fmt.Sprintf("removed %d leftovers, %d bytes", len(g.Left), bytes)
	case len(g.Left) > 0:
		done = fmt.Sprintf("%d leftovers, %d bytes; to remove them: ledgermill lake gc --yes", len(g.Left), bytes)
	}
	_, err = fmt.Fprintln(a.stdout, done)
	return err
}
