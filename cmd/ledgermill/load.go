package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"ledgermill/engine"
)

func (a *app) loadCommand() *cli.Command {
	return &cli.Command{
		Name:  "load",
		Usage: "bring the warehouse to what the lake holds",
		Description: `The difference of two ledgers: what the lake has published and what the warehouse
has loaded. A restored backup heals itself. With --full everything is loaded again,
and what the lake does not hold is removed. --from, --to, --date and --select bound
both: nothing else is loaded, and nothing else removed.

A warehouse can be lost and made anew from the lake, but for histories of dimensions
and rows that were closed: these are in the warehouse alone. Back them up with
pg_dump; "ledgermill warehouse status" names their tables.`,
		Flags: append(selectionFlags(),
			&cli.BoolFlag{Name: "full", Usage: "load again what is up to date, and remove what the lake does not hold"}, formatFlag("text or json")),
		Action: a.action(a.telling("load"), a.load, (*workspace).selection, []string{"text", "json"}),
	}
}

func (a *app) load(c *call) error {
	if !c.work.loads() {
		_, err := fmt.Fprintln(a.stdout, "nothing to do: no model of this project says `load`")
		return err
	}
	report, err := a.loading(c)
	if err != nil {
		return err
	}
	if c.format == "json" {
		return printJSON(a.stdout, report)
	}
	_, err = fmt.Fprintln(a.stdout, loadedText(report))
	return err
}

// loadedText is what a load says at its end.
func loadedText(r engine.LoadReport) string {
	var did []string
	if r.Leaves > 0 {
		did = append(did, fmt.Sprintf("loaded %s, %s rows", engine.Plural(r.Leaves, "leaf"), engine.Count(r.Rows)))
	}
	if r.Removed > 0 {
		did = append(did, fmt.Sprintf("removed %s that the lake does not hold", engine.Plural(r.Removed, "unit")))
	}
	if len(did) == 0 {
		return "nothing to do"
	}
	return fmt.Sprintf("%s in %.1f s", strings.Join(did, ", "), r.Seconds)
}

// loading loads, and tells those who want to know how it ended.
func (a *app) loading(c *call) (report engine.LoadReport, err error) {
	bar := a.progress("load")
	defer bar.done()
	o := engine.Options{Run: engine.NewRun(), Progress: bar.update, Command: strings.Join(append([]string{"load"}, flagsGiven(c.Context)...), " ")}
	began := time.Now()
	defer func() { // behind all that can still fail
		whole := &engine.Report{Run: o.Run, Command: o.Command, Started: began.UTC(), Seconds: time.Since(began).Seconds(), Load: &report}
		c.work.tell(c.Context.Context, o, whole, err)
	}()
	err = c.writing(o, true, bar.say, func(m *mill) (err error) {
		report, err = m.Load(c.Context.Context, c.selection)
		return err
	})
	return report, err
}
