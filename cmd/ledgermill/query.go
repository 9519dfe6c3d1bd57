package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"ledgermill/engine"
	"ledgermill/engine/duckdb"
	"ledgermill/engine/lake"
	"ledgermill/engine/model"
	"ledgermill/queries"
)

func (a *app) queryCommand() *cli.Command {
	return &cli.Command{
		Name:      "query",
		Usage:     "run a named query or a statement on the warehouse or the lake",
		ArgsUsage: "[NAME | -]",
		Description: `Without a name it lists the queries. A parameter is set by --set; $as_of is the latest
loaded date unless set. Statements are read-only.

EXAMPLES
   1. a named query:                ledgermill query top_customers
   2. with a parameter, as CSV:     ledgermill query merchant_search --set text=bakery --format csv
   3. on the lake, no server:       ledgermill query daily_volume --on lake
   4. a statement:                  ledgermill query --sql "select count(*) from transactions_fact"
   5. a statement from a file:      ledgermill query - < statement.sql`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "sql", Usage: "a `STATEMENT` instead of a name"},
			&cli.StringFlag{Name: "on", Usage: "`PLACE`: warehouse or lake; by default where the query can run, the warehouse first"},
			&cli.StringSliceFlag{Name: "set", Usage: "`NAME=VALUE` of a parameter; may be repeated"},
			&cli.IntFlag{Name: "limit", Usage: "`ROWS` to print as text, 0 for all", DefaultText: "all; 1000 on a screen"},
			rawFlag(),
			formatFlag("text, csv or json"),
		},
		Action: a.on(a.query, "text", "csv", "json"),
	}
}

// rawFlag asks for a CSV that is no spreadsheet's.
func rawFlag() cli.Flag {
	return &cli.BoolFlag{Name: "raw", Usage: "CSV for programs: no ' before texts that a spreadsheet would run"}
}

// printing is how the rows of a result are wanted.
type printing struct {
	format string
	limit  int  // rows as text; 0: all
	asked  bool // somebody has said which limit
	raw    bool
}

func (c *call) printing() printing {
	return printing{format: c.format, limit: c.Int("limit"), asked: c.IsSet("limit"), raw: c.Bool("raw")}
}

func (a *app) query(c *call) error {
	o := queries.Options{Project: c.work.project, Name: c.Args().First(), SQL: c.String("sql"), On: model.Place(c.String("on")), Parameters: map[string]string{}}
	switch {
	case o.On != "" && o.On != model.Warehouse && o.On != model.Lake:
		return usagef("--on warehouse or --on lake", "--on %q is no place", string(o.On))
	case o.Name != "" && o.SQL != "":
		return usagef("either of the two", "query was given the name %s and a statement", o.Name)
	}
	if o.Name == "-" {
		text, err := io.ReadAll(a.stdin)
		if err != nil {
			return fmt.Errorf("read standard input: %w", err)
		}
		if o.Name, o.SQL = "", string(text); strings.TrimSpace(o.SQL) == "" {
			return usagef("ledgermill query - < statement.sql", "there is no statement on standard input")
		}
	}
	if o.Name == "" && o.SQL == "" {
		return a.listQueries(c.work)
	}
	for _, text := range c.StringSlice("set") {
		name, value, ok := strings.Cut(text, "=")
		if !ok {
			return usagef("--set text=bakery", "--set %q is not NAME=VALUE", text)
		}
		o.Parameters[name] = value
	}
	return a.answer(c.Context.Context, c.work, o, c.printing())
}

func (a *app) listQueries(w *workspace) error {
	t := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	for _, q := range w.project.Queries {
		fmt.Fprintf(t, "%s\t%s\t%s\n", q.Name, q.On, q.About)
	}
	return t.Flush()
}

// answer runs a query where it belongs and prints its rows.
func (a *app) answer(ctx context.Context, w *workspace, o queries.Options, p printing) (err error) {
	var q *model.Query
	if o.Name != "" {
		if q, err = queries.Find(w.project, o.Name); err != nil {
			return err
		}
	}
	place, err := queries.Place(q, o.On)
	if err != nil {
		return err
	}
	o.On = place
	if place == model.Lake {
		reader, done, err := w.openLake(ctx)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, done()) }()
		o.Lake = reader
	} else {
		h, err := w.openReading(ctx, func(line string) { fmt.Fprintln(a.stderr, line) })
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, h.Close(ctx)) }()
		o.Warehouse = h.Warehouse
	}
	return a.printAnswer(ctx, o, p)
}

func (a *app) printAnswer(ctx context.Context, o queries.Options, p printing) error {
	result, err := queries.Run(ctx, o)
	return a.printResult(result, err, p)
}

// printResult prints what a query has begun to return, and ends it.
func (a *app) printResult(result *queries.Result, err error, p printing) error {
	if err != nil {
		return err
	}
	switch p.format {
	case "csv":
		_, err = result.CSV(a.stdout, queries.CSVOptions{Raw: p.raw})
	case "json":
		err = result.JSON(a.stdout)
	default:
		width, onScreen := terminal(a.stdout)
		if p.limit == 0 && !p.asked && onScreen {
			p.limit = 1000 // --format csv prints all, and keeps none of it
		}
		err = result.Text(a.stdout, queries.TextOptions{Limit: p.limit, Width: width})
	}
	return errors.Join(err, result.Close())
}

// openLake opens the lake for reading: a DuckDB that sees it and nothing else.
func (w *workspace) openLake(ctx context.Context) (*queries.Lake, func() error, error) {
	root, err := w.lake()
	if err != nil {
		return nil, nil, err
	}
	from, err := w.readFrom()
	if err != nil {
		return nil, nil, err
	}
	m, err := engine.Open(ctx, engine.Options{Project: w.project, Name: w.config.Name, Lake: root, ReadFrom: from, Log: w.log}, false)
	if err != nil {
		return nil, nil, err
	}
	work, err := w.scratch("query-")
	if err != nil {
		return nil, nil, err
	}
	stores := withReadFrom(from, root)
	duck, err := duckdb.Open(ctx, w.engineSettings(ctx, work.Path(), stores...))
	if err != nil {
		return nil, nil, errors.Join(err, work.Close())
	}
	reader := &queries.Lake{Engine: duck, State: m.State(), Store: m.Lake}
	if r := w.reading(ctx, stores...); r != nil && r.Way == engine.Fetched {
		reader.Copies = lake.NewCopies(m.Lake, work.Path())
	}
	return reader, func() error { return errors.Join(duck.Close(), work.Close()) }, nil
}
