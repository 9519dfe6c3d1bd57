package main

import (
	"maps"
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

func runFlags() []cli.Flag {
	return append(selectionFlags(),
		&cli.BoolFlag{Name: "full", Usage: "make again what is up to date"},
		&cli.BoolFlag{Name: "accept-removed", Usage: "objects that have vanished are removed from their units"},
		&cli.BoolFlag{Name: "reopen", Usage: "make units of closed periods again too; needs --reason"},
		&cli.BoolFlag{Name: "yes", Usage: "make published units of the named dates again that are older than lake.hold_after; needs --from, --to and --reason"},
		&cli.StringFlag{Name: "reason", Usage: "`TEXT` that the run's record keeps"},
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
   3. everything again:               ledgermill run --full
   4. on a cluster:                   ledgermill run --engine spark --master spark://host:7077

` + exitText,
		Flags: append(runFlags(), &cli.StringFlag{Name: "until", Value: "load", Usage: "stop after `STEP`: lake or load"}),
		Action: func(c *cli.Context) error {
			until := c.String("until")
			if until != "lake" && until != "load" {
				return usagef("--until lake", "--until %q is no step", until)
			}
			config, err := a.settings(c, engineFlags(c, nil))
			if err != nil {
				return err
			}
			return a.execute(c, execution{config: config, until: until, name: "run"})
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
		Description: `Reads new objects into a local cache, which the run uses, and writes nothing to
the lake or the warehouse.`,
		Flags: runFlags(),
		Action: a.on(func(c *call) error {
			bar := a.progress("plan")
			defer bar.done()
			return c.reading("plan", bar.update, func(m *mill) error {
				plan, err := m.Plan(c.Context.Context, c.selection)
				bar.done()
				if err != nil {
					return err
				}
				a.exit = plan.Exit
				if c.format == "json" {
					return printJSON(a.stdout, plan)
				}
				return plan.Text(a.stdout)
			})
		}, "text", "json"),
	}
}
