package main

import (
	"context"
	"errors"
	"slices"

	"github.com/urfave/cli/v2"

	"ledgermill/engine"
	"ledgermill/engine/config"
)

// call is one call of a command on a checked project.
type call struct {
	*cli.Context
	format    string
	work      *workspace
	selection engine.Selection
}

// on makes an action of what a command does with a checked project: it reads
// --format, the settings, every SQL file and the selection first.
func (a *app) on(do func(*call) error, formats ...string) cli.ActionFunc {
	return a.action(a.open, do, (*workspace).selection, formats)
}

// onDates is on for a command whose --select names more than datasets: it reads that
// flag itself.
func (a *app) onDates(do func(*call) error, formats ...string) cli.ActionFunc {
	return a.action(a.open, do, func(_ *workspace, c *cli.Context) (engine.Selection, error) { return dates(c) }, formats)
}

// opener opens a project and checks it.
type opener func(context.Context, config.Config) (*workspace, error)

func (a *app) action(open opener, do func(*call) error, selection func(*workspace, *cli.Context) (engine.Selection, error), formats []string) cli.ActionFunc {
	return func(c *cli.Context) (err error) {
		one := &call{Context: c}
		if len(formats) > 0 {
			if one.format, err = format(c, formats...); err != nil {
				return err
			}
		}
		config, err := a.settings(c, engineFlags(c, nil))
		if err != nil {
			return err
		}
		if one.work, err = open(c.Context, config); err != nil {
			return err
		}
		if selects(c.Command) {
			if one.selection, err = selection(one.work, c); err != nil {
				return err
			}
		}
		return do(one)
	}
}

// selects reports whether a command has the selection flags.
func selects(c *cli.Command) bool {
	return slices.ContainsFunc(c.Flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), "select") })
}

// writing opens the ledger for a commit, with the warehouse where loads says so.
func (c *call) writing(o engine.Options, loads bool, say func(string), do func(*mill) error) (err error) {
	o.Progress = c.work.track(o, o.Progress)
	if loads && c.work.loads() {
		h := c.work.startWarehouse(c.Context.Context, say)
		defer func() { err = errors.Join(err, h.Close(c.Context.Context)) }()
		root, err := c.work.lake()
		if err != nil {
			return err
		}
		o.Warehouse = &loader{workspace: c.work, opening: h, lake: root, progress: o.Progress}
	}
	m, err := c.work.openMill(c.Context.Context, o, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.close()) }()
	return do(m)
}

// reading opens the ledger for reading, and an engine beside it, for as long as do takes.
func (c *call) reading(command string, progress func(engine.Progress), do func(*mill) error) (err error) {
	m, err := c.work.openMill(c.Context.Context, engine.Options{Run: engine.NewRun(), Command: command, Progress: progress}, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.close()) }()
	return do(m)
}
