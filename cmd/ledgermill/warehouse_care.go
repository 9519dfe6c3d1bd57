package main

import (
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"ledgermill/engine"
	"ledgermill/warehouse"
)

func (a *app) compactCommand() *cli.Command {
	return &cli.Command{
		Name:      "compact",
		Usage:     "make one leaf of a month's days, in every table",
		ArgsUsage: "[MONTH]",
		Description: `Without a month, those beyond the last 62 days of a table; a load does that by
itself. The new leaf is made beside the days, compared with what was loaded, and
swapped in: readers see no difference. A late day is then replaced in place.`,
		Flags: []cli.Flag{formatFlag("text or json")},
		Action: a.onWarehouse(func(c *cli.Context, h *hold, f string) error {
			month, err := monthOf("compact", c.Args().First())
			if err != nil {
				return err
			}
			report, err := h.Compact(c.Context, month)
			return a.rebuilt(report, f, err)
		}),
	}
}

func (a *app) maintainCommand() *cli.Command {
	return &cli.Command{
		Name:  "maintain",
		Usage: "compact what is due, and vacuum or sort leaves",
		Description: `Without a flag: compacts months beyond the last 62 days and vacuums leaves that have
dead rows. Servers with autovacuum need no more.`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "month", Usage: "that `MONTH` alone, 2025-01"},
			&cli.BoolFlag{Name: "vacuum", Usage: "vacuum and analyse every leaf"},
			&cli.BoolFlag{Name: "cluster", Usage: "make every leaf anew, sorted by the index that ledgermill.leaf_options names, or by its primary key"},
			formatFlag("text or json"),
		},
		Action: a.onWarehouse(func(c *cli.Context, h *hold, f string) error {
			if c.Bool("vacuum") && c.Bool("cluster") {
				return usagef("--cluster alone: a leaf made anew needs no vacuum", "--vacuum and --cluster exclude each other")
			}
			month, err := monthOf("maintain --month", c.String("month"))
			if err != nil {
				return err
			}
			report, err := h.Maintain(c.Context, warehouse.Maintenance{Month: month, Cluster: c.Bool("cluster"), Vacuum: c.Bool("vacuum")})
			return a.rebuilt(report, f, err)
		}),
	}
}

// monthOf reads a month; "" is the zero time.
func monthOf(command, text string) (month time.Time, err error) {
	if text == "" {
		return month, nil
	}
	if month, err = time.Parse("2006-01", text); err != nil {
		return month, usagef("ledgermill warehouse "+command+" 2025-01", "%q is not a month", text)
	}
	return month, nil
}

// rebuilt prints what was made anew, also where something else failed.
func (a *app) rebuilt(report warehouse.Report, f string, err error) error {
	if err != nil && len(report.Rebuilt) == 0 {
		return err
	}
	if f == "json" {
		done := struct {
			Rebuilt  []warehouse.Rebuilt `json:"rebuilt"`
			Vacuumed []string            `json:"vacuumed"`
		}{report.Rebuilt, report.Vacuumed}
		if printErr := printJSON(a.stdout, done); err == nil {
			err = printErr
		}
		return err
	}
	for _, r := range report.Rebuilt {
		fmt.Fprintf(a.stdout, "made %s of %s, %s rows, in %.1f s\n", r.Leaf, engine.Plural(r.Leaves, "leaf"), engine.Count(r.Rows), r.Seconds)
	}
	if n := len(report.Vacuumed); n > 0 {
		fmt.Fprintf(a.stdout, "vacuumed %s\n", engine.Plural(n, "leaf"))
	}
	if err == nil && len(report.Rebuilt)+len(report.Vacuumed) == 0 {
		fmt.Fprintln(a.stdout, "nothing to do")
	}
	return err
}

func (a *app) analyzeCommand() *cli.Command {
	return &cli.Command{
		Name:  "analyze",
		Usage: "take the statistics of every table and all its leaves anew",
		Description: `A load takes those of its leaves, and those of a whole table when its rows have changed
by a tenth: this is for after a restore or an upgrade of the server.`,
		Flags: []cli.Flag{formatFlag("text or json")},
		Action: a.onWarehouse(func(c *cli.Context, h *hold, f string) error {
			tables, err := h.Analyze(c.Context)
			if err != nil {
				return err
			}
			if f == "json" {
				return printJSON(a.stdout, tables)
			}
			for _, table := range tables {
				fmt.Fprintln(a.stdout, "analysed "+table)
			}
			return nil
		}),
	}
}

func (a *app) retainCommand() *cli.Command {
	return &cli.Command{
		Name:  "retain",
		Usage: "keep the last months of every table, and detach or drop the others",
		Description: `Months are counted back from the last business date that is loaded, its month included;
a date later than tomorrow is mistyped and does not count, unless all are.
Without --yes it only prints what would go. What went is below a floor, which
"warehouse status" shows: no later load brings it back, though the lake has it.`,
		Flags: []cli.Flag{
			&cli.IntFlag{Name: "months", Usage: "how many to keep, `N` of 1 or more"},
			&cli.BoolFlag{Name: "detach", Usage: "move the others to schema ledgermill_detached; the default"},
			&cli.BoolFlag{Name: "drop", Usage: "drop the others"},
			&cli.BoolFlag{Name: "yes", Usage: "do it"},
			formatFlag("text or json"),
		},
		Action: a.onWarehouse(func(c *cli.Context, h *hold, f string) error {
			switch {
			case c.Int("months") < 1:
				return usagef("ledgermill warehouse retain --months 24", "warehouse retain needs --months of 1 or more")
			case c.Bool("detach") && c.Bool("drop"):
				return usagef("one of them", "--detach and --drop exclude each other")
			}
			done, err := h.Retain(c.Context, warehouse.Retention{Months: c.Int("months"), Drop: c.Bool("drop"), Sure: c.Bool("yes")})
			if err != nil {
				return err
			}
			if f == "json" {
				return printJSON(a.stdout, done)
			}
			a.retainedText(done)
			return nil
		}),
	}
}

func (a *app) retainedText(r warehouse.Retained) {
	how := map[bool]string{false: "detach", true: "drop"}[r.Drop]
	done := how
	if r.Done {
		done = map[bool]string{false: "detached", true: "dropped"}[r.Drop]
	} else {
		done = "would " + done
	}
	for _, m := range r.Months {
		fmt.Fprintf(a.stdout, "%s %s: %s to %s, %s, %s rows, %s\n", done, m.Name, m.From, m.To, engine.Plural(m.Units, "unit"), engine.Count(m.Rows), engine.Bytes(m.Bytes))
	}
	switch {
	case r.Floor == "":
		fmt.Fprintln(a.stdout, "nothing is loaded")
	case r.Done:
		fmt.Fprintf(a.stdout, "nothing before %s is loaded again\n", r.Floor)
	default:
		fmt.Fprintf(a.stdout, "nothing before %s would be loaded again\ntry: the same with --yes\n", r.Floor)
	}
}
