package main

import (
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"ledgermill/engine"
)

func (a *app) loadCommand() *cli.Command {
	return &cli.Command{
		Name:  "load",
		Usage: "bring the warehouse to what the lake holds",
		Description: `The difference of two ledgers: what the lake has published and what the warehouse
has loaded. A restored backup heals itself.`,
		Flags:  append(selectionFlags(), formatFlag("text or json")),
		Action: a.on(a.load, "text", "json"),
	}
}

func (a *app) load(c *call) (err error) {
	bar := a.progress("load")
	defer bar.done()
	h := c.work.startWarehouse(c.Context.Context, bar.say)
	defer func() { err = errors.Join(err, h.Close(c.Context.Context)) }()
	root, err := c.work.lake()
	if err != nil {
		return err
	}
	m, err := c.work.openMill(c.Context.Context, engine.Options{Run: engine.NewRun(), Command: "load", Progress: bar.update,
		Warehouse: &loader{workspace: c.work, opening: h, lake: root, progress: bar.update}}, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.close()) }()
	report, err := m.Load(c.Context.Context, c.selection)
	bar.done()
	if err != nil {
		return err
	}
	if c.format == "json" {
		return printJSON(a.stdout, report)
	}
	if report.Leaves == 0 {
		fmt.Fprintln(a.stdout, "nothing to do")
		return nil
	}
	fmt.Fprintf(a.stdout, "loaded %d leaves, %d rows in %.1f s\n", report.Leaves, report.Rows, report.Seconds)
	return nil
}
