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
	if len(v.Differences) > 0 && !c.raw {
		fmt.Fprintf(a.stdout, "to make again what differs: ledgermill run --full%s\n", selecting(v.Differences))
	}
	if v.Pending > 0 {
		fmt.Fprintf(a.stdout, "%d uploads of a commit are not completed yet: the next run does it, or ledgermill lake gc --yes\n", v.Pending)
	}
	_, err = fmt.Fprintf(a.stdout, "%d objects, %d bytes, %d rows, %d differences\n", v.Objects, v.Bytes, v.Rows, len(v.Differences))
	return err
}

// selecting are the flags of a run of the units that differ: their datasets, and from
// the first to the last of their dates where all of them have one.
func selecting(differences []engine.Difference) string {
	var datasets, dates []string
	for _, d := range differences {
		datasets, dates = append(datasets, d.Dataset), append(dates, d.Unit)
	}
	slices.Sort(datasets)
	slices.Sort(dates)
	flags := " --select " + strings.Join(slices.Compact(datasets), ",")
	undated := slices.ContainsFunc(dates, func(u string) bool { _, err := time.Parse(time.DateOnly, u); return err != nil })
	if undated {
		return flags
	}
	return flags + " --from " + dates[0] + " --to " + dates[len(dates)-1]
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
