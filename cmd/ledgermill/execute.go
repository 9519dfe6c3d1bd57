package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"ledgermill/engine"
	"ledgermill/engine/config"
)

// execution is one run as a command asks for it.
type execution struct {
	config      config.Config
	name        string
	until       string                                                  // lake or load
	needObjects bool                                                    // no matching object is a failure
	narrow      func(*cli.Context, *workspace, *engine.Selection) error // by more than the selection flags; nil for none
}

// execute runs, prints the report and sets the exit code.
func (a *app) execute(c *cli.Context, x execution) error {
	f, err := format(c, "text", "json")
	if err != nil {
		return err
	}
	w, err := a.telling(x.name)(c.Context, x.config)
	if err != nil {
		return err
	}
	selection, err := w.selection(c)
	if err != nil {
		return err
	}
	if x.narrow != nil {
		if err := x.narrow(c, w, &selection); err != nil {
			return err
		}
	}
	report, err := a.perform(c, w, x, selection)
	if report != nil {
		a.exit = engine.Graver(a.exit, report.Exit)
		print := func() error { return report.Text(a.stdout) }
		if f == "json" {
			print = func() error { return printJSON(a.stdout, report) }
		}
		if err == nil || len(report.Units) > 0 {
			err = errors.Join(err, print())
		}
	}
	if err == nil && foundNothing(report) {
		fmt.Fprintf(a.stderr, "warning: no object of %s matches a contract\n", x.config.Input)
	}
	return err
}

// perform is a run on an open workspace. Without a report it did not begin.
func (a *app) perform(c *cli.Context, w *workspace, x execution, s engine.Selection) (report *engine.Report, err error) {
	bar := a.progress(x.name)
	defer bar.done()
	record := &recorder{}
	w.log = a.recorded(x.config, record)
	o := engine.Options{Run: engine.NewRun(), Command: strings.Join(append([]string{x.name}, flagsGiven(c)...), " "),
		ExitCode: exitCode, Record: record.bytes}
	o.Progress = w.track(o, bar.update)
	defer func() { w.tell(c.Context, o, report, err) }() // behind all that can still fail
	if x.until == "load" && w.loads() {
		h := w.startWarehouse(c.Context, bar.say)
		defer func() { err = errors.Join(err, h.Close(c.Context)) }()
		root, err := w.lake()
		if err != nil {
			return nil, err
		}
		o.Warehouse = &loader{workspace: w, opening: h, lake: root, progress: o.Progress}
	}
	events, told := w.events(c.Context)
	defer told()
	o.Events = events
	m, err := w.openMill(c.Context, o, true)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, m.close()) }()
	report, err = m.Execute(c.Context, s)
	if err == nil && x.needObjects && foundNothing(report) {
		report.Exit, err = engine.Graver(report.Exit, engine.ExitFailed), &noObjectError{input: x.config.Input}
	}
	return report, err
}

// noObjectError says that a run that has to find objects found none.
type noObjectError struct{ input string }

func (e *noObjectError) Error() string {
	return fmt.Sprintf("no object of %s matches a contract", e.input)
}

// Try returns the remedy.
func (e *noObjectError) Try() string {
	return "compare its keys with the `objects:` of each contract"
}

// foundNothing reports whether no object matches a contract, now or ever before.
func foundNothing(r *engine.Report) bool {
	return r.Read.Objects == 0 && len(r.Plan.Objects) == 0 && r.Known == 0
}

// loads reports whether a model of the project goes into the warehouse.
func (w *workspace) loads() bool { return len(w.project.Loads()) > 0 }

// flagsGiven are the flags of the call, for the record of the run; values of
// settings may be secrets and are left out.
func flagsGiven(c *cli.Context) []string {
	var given []string
	for _, name := range c.LocalFlagNames() {
		if name == "conf" {
			continue // Spark takes secrets by it
		}
		if value := c.String(name); value != "" && value != "false" {
			given = append(given, "--"+name+"="+value)
		}
	}
	return given
}

// commandLine is the call of a command for its record: its flags, but for the reason,
// which the record has by itself, and its arguments.
func commandLine(c *cli.Context, args []string) string {
	given := slices.DeleteFunc(flagsGiven(c), func(flag string) bool { return strings.HasPrefix(flag, "--reason=") })
	return strings.Join(slices.Concat([]string{c.Command.Name}, given, args), " ")
}

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
