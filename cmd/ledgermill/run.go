package main

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"ledgermill/engine"
)

// selectionFlags narrow what a command works on.
func selectionFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "from", Usage: "first business `DATE`, 2025-01-31"},
		&cli.StringFlag{Name: "to", Usage: "last business `DATE`"},
		&cli.StringFlag{Name: "date", Usage: "the one business `DATE`"},
		&cli.StringFlag{Name: "select", Usage: "datasets: `NAMES` and globs parted by commas, +name with what it is made from, name+ with what is made from it"},
	}
}

func formatFlag(formats string) cli.Flag {
	return &cli.StringFlag{Name: "format", Value: "text", Usage: "how to print: " + formats}
}

// format checks the value of --format.
func format(c *cli.Context, allowed ...string) (string, error) {
	f := c.String("format")
	for _, a := range allowed {
		if f == a {
			return f, nil
		}
	}
	return "", usagef("--format "+strings.Join(allowed, " or --format "), "--format %q is not known here", f)
}

// dates reads the flags that name business dates.
func dates(c *cli.Context) (s engine.Selection, err error) {
	for flag, to := range map[string]*time.Time{"from": &s.From, "to": &s.To, "date": &s.From} {
		text := c.String(flag)
		if text == "" {
			continue
		}
		if *to, err = time.Parse(time.DateOnly, text); err != nil {
			return s, usagef("--"+flag+" 2025-01-31", "--%s %q is not a date", flag, text)
		}
	}
	if c.IsSet("date") {
		if c.IsSet("from") || c.IsSet("to") {
			return s, usagef("--date alone, or --from and --to", "--date goes with neither --from nor --to")
		}
		s.To = s.From
	}
	if !s.To.IsZero() && s.To.Before(s.From) {
		return s, usagef("--from before --to", "--to %s is before --from %s", c.String("to"), c.String("from"))
	}
	return s, nil
}

// selection reads the selection flags against a project.
func (w *workspace) selection(c *cli.Context) (s engine.Selection, err error) {
	if s, err = dates(c); err != nil {
		return s, err
	}
	if pattern := c.String("select"); pattern != "" {
		if s.Datasets, err = w.project.Select(pattern); err != nil {
			return s, usagef("ledgermill status", "--select: %v", err)
		}
	}
	s.Full, s.AcceptRemoved = c.Bool("full"), c.Bool("accept-removed")
	s.Reopen, s.Rewrite, s.Reason = c.Bool("reopen"), c.Bool("yes"), c.String("reason")
	switch {
	case (s.Reopen || s.Rewrite) && strings.TrimSpace(s.Reason) == "":
		return s, usagef("--reason TEXT: it is kept in the run's record", "what is protected is made again for a reason")
	case s.Rewrite && (s.From.IsZero() || s.To.IsZero()):
		return s, usagef("--from DATE --to DATE, or --date DATE", "--yes is about the dates that are named")
	}
	return s, nil
}

// planFlags say what a run makes, and a plan says it would. A plan evaluates nothing on
// Spark: what says how is for runs alone.
func planFlags() []cli.Flag {
	return append(selectionFlags(),
		&cli.BoolFlag{Name: "full", Usage: "make again what is up to date"},
		&cli.BoolFlag{Name: "accept-removed", Usage: "objects that have vanished are removed from their units, of contracts and dates that are selected"},
		&cli.BoolFlag{Name: "reopen", Usage: "make units of closed periods again too; needs --reason"},
		&cli.BoolFlag{Name: "yes", Usage: "make published units of the named dates again that are older than lake.hold_after; needs --from, --to and --reason"},
		&cli.StringFlag{Name: "reason", Usage: "`TEXT` that the run's record keeps"})
}

func runFlags() []cli.Flag {
	return append(planFlags(),
		&cli.StringFlag{Name: "engine", Usage: "what evaluates the SQL: `NAME` duckdb or spark"},
		&cli.StringFlag{Name: "master", Usage: "where Spark runs: `URL` spark://host:7077, yarn, k8s://..., local[4]"},
		&cli.StringSliceFlag{Name: "conf", Usage: "a `PROPERTY=VALUE` of Spark; may be given more than once"},
		&cli.StringFlag{Name: "packages", Usage: "Maven `COORDINATES` of jars that Spark fetches, parted by commas"},
		formatFlag("text or json"))
}

// engineFlags are the settings that a run's flags override.
func engineFlags(c *cli.Context, overrides map[string]string) map[string]string {
	all := maps.Clone(overrides)
	if all == nil {
		all = map[string]string{}
	}
	for flag, key := range map[string]string{"engine": "engine.name", "master": "spark.master", "packages": "spark.packages"} {
		if c.IsSet(flag) {
			all[key] = c.String(flag)
		}
	}
	if c.IsSet("conf") {
		all["spark.conf"] = strings.Join(c.StringSlice("conf"), " ")
	}
	return all
}

func (a *app) runCommand() *cli.Command {
	return &cli.Command{
		Name:  "run",
		Usage: "make what is new or stale, audit it, publish it, and load the warehouse",
		Description: `plan, transform, audit, publish, load. Only units whose raw objects, statements or
inputs have changed are made; each replaces its former self whole. What fails an
audit is held with all that is made from it, and everything else is published.

EXAMPLES
   1. the nightly run:                ledgermill run
   2. one date, lake only:            ledgermill run --date 2025-01-31 --until lake
   3. everything again, but for what is closed, rolled back or older than
      lake.hold_after:                ledgermill run --full
   4. what was looked at, no more:    ledgermill plan --output plan.json
                                      ledgermill run --plan plan.json
   5. on a cluster:                   ledgermill run --engine spark --master spark://host:7077

` + exitText,
		Flags: append(runFlags(), &cli.StringFlag{Name: "until", Value: "load", Usage: "stop after `STEP`: lake or load"},
			&cli.StringFlag{Name: "plan", Usage: "run what `FILE` of `plan --output` says and nothing else; exit 3 if it does not hold any more"}),
		Action: func(c *cli.Context) error {
			until := c.String("until")
			if until != "lake" && until != "load" {
				return usagef("--until lake", "--until %q is no step", until)
			}
			config, err := a.settings(c, engineFlags(c, nil))
			if err != nil {
				return err
			}
			x := execution{config: config, until: until, name: "run"}
			if c.IsSet("plan") {
				x.narrow = agreed
			}
			return a.execute(c, x)
		},
	}
}

func (a *app) etlCommand() *cli.Command {
	return &cli.Command{
		Name:  "etl",
		Usage: "run until the lake, from one place to another",
		Description: `run --until lake with the places named on the command line.

EXAMPLE
   ledgermill etl --input /data/raw --output /data/lake`,
		Flags: append(runFlags(),
			&cli.StringFlag{Name: "input", Usage: "`URL` or directory of the raw objects"},
			&cli.StringFlag{Name: "output", Usage: "`URL` or directory of the lake"}),
		Action: func(c *cli.Context) error {
			if err := required(c, "input", "output"); err != nil {
				return err
			}
			config, err := a.settings(c, engineFlags(c, map[string]string{"input": c.String("input"), "lake.root": c.String("output")}))
			if err != nil {
				return err
			}
			return a.execute(c, execution{config: config, until: "lake", name: "etl", needObjects: true})
		},
	}
}

func (a *app) planCommand() *cli.Command {
	return &cli.Command{
		Name:  "plan",
		Usage: "print what a run would make again, and why",
		Description: `Says which units of which datasets a run would make, and why: an object that is new,
late or corrected, an edited file with the lines that differ, a new semantics number;
and what the ledger expects of it, in rows and in time. A unit under "check" is made
only if rows of an input turn out to be other ones.

Reads new objects into a local cache, which the run uses, and writes nothing to the
lake or the warehouse. --output keeps the plan in a file for ` + "`run --plan FILE`" + `, which
does that and nothing else: it refuses, with exit code 3, once an object, an SQL file
or what is published has changed. Objects that still wait are left alone by it.

EXAMPLES
   1. what tonight's run would do:    ledgermill plan
   2. of one model and what it makes: ledgermill plan --select transactions+
   3. look first, then run that:      ledgermill plan --output plan.json
                                      ledgermill run --plan plan.json`,
		Flags: append(planFlags(), formatFlag("text or json"), &cli.StringFlag{Name: "output", Usage: "keep the plan in `FILE`, for run --plan"}),
		Action: a.on(func(c *call) error {
			bar := a.progress("plan")
			defer bar.done()
			return c.reading("plan", bar.update, func(m *mill) error {
				file, err := m.PlanFile(c.Context.Context, c.selection)
				bar.done()
				if err != nil {
					return err
				}
				a.exit = file.Plan.Exit
				print := func() error { return file.Plan.Text(a.stdout) }
				if c.format == "json" {
					print = func() error { return printJSON(a.stdout, file.Plan) }
				}
				if err := print(); err != nil || c.String("output") == "" {
					return err
				}
				return a.keepPlan(file, c.String("output"))
			})
		}, "text", "json"),
	}
}

// keepPlan writes a plan that is to be run by itself.
func (a *app) keepPlan(file *engine.PlanFile, path string) error {
	var data bytes.Buffer
	if err := printJSON(&data, file); err != nil {
		return err
	}
	if err := os.WriteFile(path, data.Bytes(), 0o644); err != nil {
		return usagef("--output FILE in a directory that can be written", "keep the plan: %v", err)
	}
	_, err := fmt.Fprintf(a.stderr, "wrote %s\ntry: ledgermill run --plan %s\n", path, path)
	return err
}

// agreed makes the selection of a run that of a plan's file.
func agreed(c *cli.Context, _ *workspace, s *engine.Selection) (err error) {
	for _, name := range []string{"from", "to", "date", "select", "full", "accept-removed", "reopen", "yes", "reason"} {
		if c.IsSet(name) {
			return usagef("--plan alone, or a new plan with --"+name, "--plan says what is run: --%s does not go with it", name)
		}
	}
	f, err := os.Open(c.String("plan"))
	if err != nil {
		return usagef("--plan FILE that `ledgermill plan --output FILE` has written", "%v", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	plan, err := engine.ReadPlan(f)
	if err != nil {
		return fmt.Errorf("%s: %w", c.String("plan"), err)
	}
	*s = plan.Selection
	s.Agreed = plan
	return nil
}
