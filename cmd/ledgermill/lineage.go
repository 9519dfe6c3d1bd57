package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"ledgermill/engine"
	"ledgermill/engine/config"
	"ledgermill/engine/duckdb"
	"ledgermill/engine/lineage"
)

func (a *app) lineageCommand() *cli.Command {
	return &cli.Command{
		Name:      "lineage",
		Usage:     "print what datasets and columns are made from and what they go into; reads the SQL files alone",
		ArgsUsage: "[MODEL|COLUMN]",
		Description: `Follows every column from the raw feed to the warehouse and the queries, through the
tree that the engine's own parser makes of each statement. A source is direct where its
value goes into the value (identity, transformation, aggregation), and indirect where it
decides about it (condition, window) or about the rows (filter, join, group, sort).

EXAMPLES
   1. all datasets:                     ledgermill lineage
   2. the columns of one:               ledgermill lineage transactions
   3. one column, back and forth:       ledgermill lineage transactions_fact.COLUMN
   4. a page that opens in a browser:   ledgermill lineage --format html > lineage.html
   5. for Graphviz:                     ledgermill lineage transactions --format dot | dot -Tsvg > lineage.svg

A name may be that of a contract, a model, a table of the warehouse or a query.`,
		Flags: []cli.Flag{formatFlag("text, json, dot, html or openlineage")},
		Action: a.on(func(c *call) error {
			graph, err := c.work.lineage(c.Context.Context)
			if err != nil {
				return err
			}
			view, err := graph.View(c.Args().First())
			if err != nil {
				return err
			}
			return a.printLineage(c, view)
		}, "text", "json", "dot", "html", "openlineage"),
	}
}

func (a *app) printLineage(c *call, view *lineage.View) error {
	switch c.format {
	case "json":
		return printJSON(a.stdout, view.Answer())
	case "dot":
		return view.Dot(a.stdout)
	case "html":
		return view.HTML(a.stdout, fmt.Sprintf("%s: lineage", c.work.config.Name))
	case "openlineage":
		writer, err := c.work.eventWriter(view.Graph)
		if err != nil {
			return err
		}
		return printJSON(a.stdout, writer.Jobs(view.Shown(), time.Now()))
	}
	return view.Text(a.stdout)
}

// lineage follows the columns of the project.
func (w *workspace) lineage(ctx context.Context) (graph *lineage.Graph, err error) {
	binder, err := duckdb.NewBinder(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, binder.Close()) }()
	return lineage.Build(ctx, w.project, binder)
}

// privateLineage is the lineage of a project that has private columns, to know them
// under whatever name; nil for others.
func (w *workspace) privateLineage(ctx context.Context) (*lineage.Graph, error) {
	for _, c := range w.project.Contracts {
		if len(c.Private) > 0 {
			return w.lineage(ctx)
		}
	}
	return nil, nil
}

// eventWriter makes OpenLineage's events about the project.
func (w *workspace) eventWriter(graph *lineage.Graph) (*lineage.Writer, error) {
	input, root, err := w.stores()
	if err != nil {
		return nil, err
	}
	namespace := w.config.OpenLineage.Namespace
	if namespace == "" {
		namespace = w.config.Name
	}
	return &lineage.Writer{Graph: graph, Namespace: namespace, Project: w.config.Name, Version: version, Raw: lineage.StorePlace(input.URL()),
		Lake: lineage.StorePlace(root.URL()), Warehouse: lineage.DatabasePlace(w.config.Warehouse.URL.Reveal())}, nil
}

// events tell of a run where the settings say so; close waits for what is on its way.
// Nothing about them fails a run: what goes wrong is logged.
func (w *workspace) events(ctx context.Context) (events *engine.Events, close func()) {
	to := w.config.OpenLineage
	if to.URL == "" {
		return nil, func() {}
	}
	graph, err := w.lineage(ctx)
	var writer *lineage.Writer
	if err == nil {
		writer, err = w.eventWriter(graph)
	}
	if err != nil {
		w.log.WarnContext(ctx, "no events of OpenLineage are sent", "error", err)
		return nil, func() {}
	}
	shown := to.URL
	if strings.Contains(shown, "://") {
		shown = config.MaskURL(shown)
	}
	sender := lineage.NewSender(lineage.SendOptions{URL: to.URL, Shown: shown, APIKey: to.APIKey.Reveal(), Log: w.log})
	return &engine.Events{Writer: writer, Emit: sender.Emit}, sender.Close
}
