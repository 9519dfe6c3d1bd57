package main

import (
	"context"
	"errors"

	"github.com/urfave/cli/v2"

	"ledgermill/engine"
	"ledgermill/warehouse"
)

func (a *app) reconcileCommand() *cli.Command {
	return &cli.Command{
		Name:  "reconcile",
		Usage: "compare the lake with the warehouse, each computing its own figures",
		Description: `DuckDB reads the published Parquet again, PostgreSQL counts its tables, and nothing
remembered is trusted: records, and for every column the values that are not null,
exact sums, smallest and largest value, and the control totals by group. With --rows
every row is compared by a hash, and the rows that differ are shown. Dates with rows
that no load brought are told too. It only reads.
Exit code 4 says that the two differ.

EXAMPLES
   1. everything:                     ledgermill reconcile
   2. a month, row by row:            ledgermill reconcile --from 2025-01-01 --to 2025-01-31 --rows
   3. one dataset:                    ledgermill reconcile --select transactions`,
		Flags: append(selectionFlags(),
			&cli.BoolFlag{Name: "rows", Usage: "compare whole rows too; it takes longer"}, formatFlag("text or json")),
		Action: a.on(a.reconcile, "text", "json"),
	}
}

func (a *app) reconcile(c *call) (err error) {
	bar := a.progress("reconcile")
	defer bar.done()
	h, err := c.work.openReading(c.Context.Context, bar.say)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Close(c.Context.Context)) }()
	root, err := c.work.lake()
	if err != nil {
		return err
	}
	m, err := engine.Open(c.Context.Context, engine.Options{Project: c.work.project, Name: c.work.config.Name, Lake: root, Log: c.work.log}, false)
	if err != nil {
		return err
	}
	l := &loader{workspace: c.work, lake: root, progress: bar.update}
	report, err := l.reconcile(c.Context.Context, h.Warehouse, m, c.selection, c.Bool("rows"))
	bar.done()
	if err != nil {
		return err
	}
	if !report.Agree() {
		a.exit = engine.Graver(a.exit, engine.ExitBalance)
	}
	if c.format == "json" {
		return printJSON(a.stdout, report)
	}
	return report.Text(a.stdout)
}

// reconcile compares what is selected of the lake with the warehouse.
func (l *loader) reconcile(ctx context.Context, house *warehouse.Warehouse, m *engine.Mill, s engine.Selection, rows bool) (report warehouse.Reconciled, err error) {
	duck, done, err := l.workspace.lakeReader(ctx, l.lake)
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, done()) }()
	request := warehouse.ReconcileRequest{Parts: partsOf(duck, m.Parts(s)), Published: partsOf(duck, m.Published(engine.Selection{})), Within: l.workspace.scope(s), Rows: rows,
		Progress: func(done, total int, p warehouse.Part) {
			l.progress(engine.Progress{Step: "reconcile", Done: int64(done), Total: int64(total), What: p.Table + " " + p.Unit})
		}}
	return house.Reconcile(ctx, request)
}

// scope is what the selection means to the warehouse: the tables that its models load.
func (w *workspace) scope(s engine.Selection) warehouse.Scope {
	within := warehouse.Scope{From: s.From}
	if !s.To.IsZero() {
		within.To = s.To.AddDate(0, 0, 1)
	}
	if s.Datasets != nil {
		within.Tables = []string{}
		for _, name := range s.Datasets {
			if one := w.project.Models[name]; one != nil && one.Load != "" {
				within.Tables = append(within.Tables, one.Load)
			}
		}
	}
	return within
}
