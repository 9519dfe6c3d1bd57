package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"ledgermill/engine"
	"ledgermill/engine/model"
	"ledgermill/engine/preview"
	"ledgermill/queries"
)

func (a *app) previewCommand() *cli.Command {
	return &cli.Command{
		Name:      "preview",
		Usage:     "show the rows that a model makes, as its files are now; publishes nothing",
		ArgsUsage: "MODEL",
		Description: `Evaluates a model on a date from the raw objects and the lake as they are. What it
reads is made first where it is not published, or was edited. A contract shows the
records that it accepts. Private columns are masked.

--watch shows the rows again on every save of a file below sql/, and faults in their
place. Ctrl-C ends it, with exit code 130.

EXAMPLES
   1. the latest date:             ledgermill preview transactions
   2. some rows of a date:         ledgermill preview transactions --date 2025-01-31 --where "hour >= 22"
   3. a step within the model:     ledgermill preview transactions --cte scored --columns hour
   4. while you edit:              ledgermill preview transactions --watch
   5. what takes so long:          ledgermill preview transactions --explain`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "date", Usage: "the business `DATE`; by default the last there is"},
			&cli.IntFlag{Name: "limit", Value: 20, Usage: "`ROWS` at most; 0: all"},
			&cli.StringFlag{Name: "where", Usage: "a `CONDITION` over the columns, as in SQL"},
			&cli.StringFlag{Name: "columns", Usage: "the `NAMES` of those to show, parted by commas"},
			&cli.StringFlag{Name: "cte", Usage: "the rows of a common table expression (WITH `NAME` AS ...) of the model"},
			&cli.Int64Flag{Name: "sample", Usage: "of every input `RECORDS` at most, the same every time: quick on a large date, and joins miss partners"},
			&cli.BoolFlag{Name: "explain", Usage: "the plan instead of the rows: actual time and rows of every step, the costly ones first"},
			&cli.BoolFlag{Name: "watch", Usage: "again on every save, in place"},
			formatFlag("text, csv or json"),
		},
		Action: a.preview,
	}
}

func (a *app) preview(c *cli.Context) (err error) {
	format, err := format(c, "text", "csv", "json")
	if err != nil {
		return err
	}
	o := preview.RowsOptions{Date: c.String("date"), CTE: c.String("cte"), Where: c.String("where"), Limit: c.Int("limit"), Sample: c.Int64("sample")}
	for _, name := range strings.Split(c.String("columns"), ",") {
		if name = strings.TrimSpace(name); name != "" {
			o.Columns = append(o.Columns, name)
		}
	}
	switch {
	case c.Args().First() == "":
		return usagef("ledgermill preview MODEL; `ledgermill status` lists them", "which model?")
	case o.Limit < 0 || o.Sample < 0:
		return usagef("--limit 20", "--limit and --sample are numbers of rows")
	case c.Bool("explain") && (o.Where != "" || o.Columns != nil || o.Sample > 0):
		return usagef("--explain alone, or with --cte", "--explain runs the statement as it is: --where, --columns and --sample are not for it")
	case c.Bool("explain") && format == "csv":
		return usagef("--format text or --format json", "a plan is no table")
	case c.Bool("watch") && format != "text":
		return usagef("--watch alone", "--watch is for the screen: it prints text")
	}
	looking, err := a.look(c, "preview", c.Bool("watch"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, looking.close()) }()
	show := func(ctx context.Context, out io.Writer) error {
		defer looking.progress.done()
		if err := looking.session.Refresh(ctx); err != nil {
			return err
		}
		if c.Bool("explain") {
			return a.showPlan(ctx, looking, o, format, out)
		}
		return a.showRows(ctx, looking, o, format, out)
	}
	if c.Bool("watch") {
		return a.watch(c.Context, looking.work, show)
	}
	return show(c.Context, a.stdout)
}

func (a *app) showPlan(ctx context.Context, l *looking, o preview.RowsOptions, format string, out io.Writer) error {
	plan, err := l.session.Explain(ctx, o)
	l.progress.done()
	if err != nil {
		return err
	}
	if format == "json" {
		return printJSON(out, plan)
	}
	width, _ := terminal(a.stdout)
	return plan.Text(out, width)
}

// showRows prints the rows; what is said of them goes to standard error, so that the
// rows can be piped, and above the rows where both are on one screen.
func (a *app) showRows(ctx context.Context, l *looking, o preview.RowsOptions, format string, out io.Writer) (err error) {
	rows, err := l.session.Rows(ctx, o)
	l.progress.done()
	if err != nil {
		return err
	}
	result := queries.Show(rows.Rows)
	defer func() { err = errors.Join(err, result.Close()) }()
	head := a.stderr
	if out != a.stdout { // a watch
		head = out
	}
	fmt.Fprintln(head, rows.Head())
	switch format {
	case "csv":
		_, err = result.CSV(out, queries.CSVOptions{})
		return err
	case "json":
		return result.JSON(out)
	}
	width, screen := terminal(a.stdout)
	return result.Text(out, queries.TextOptions{Width: width, Clip: screen})
}

// looking is a session on the project of a command.
type looking struct {
	session  *preview.Session
	work     *workspace
	progress *progress
	done     []func() error
}

func (l *looking) close() error {
	l.progress.done()
	err := l.session.Close()
	for _, done := range l.done {
		err = errors.Join(err, done())
	}
	return err
}

// look opens a session for the dataset that is the command's argument. A watch shows
// progress up to its first showing: later it would be written over what is shown.
func (a *app) look(c *cli.Context, name string, watched bool) (*looking, error) {
	config, err := a.settings(c, nil)
	if err != nil {
		return nil, err
	}
	w := &workspace{config: config, log: a.logger(config)}
	if w.files, err = projectFiles(config.Project); err != nil {
		return nil, err
	}
	l := &looking{work: w, progress: a.progress(name)}
	options, done, err := w.loading(c.Context)
	if err != nil {
		return nil, err
	}
	l.done = append(l.done, done)
	update := l.progress.update
	if _, screen := terminal(a.stderr); !screen {
		update = nil
	} else if watched {
		update = l.progress.first
	}
	l.session = preview.New(c.Args().First(), preview.Options{Examine: examining(options), Open: w.bench(update)})
	return l, nil
}

// examining reads a project's files as they are when it is called.
func examining(o model.Options) func(context.Context) (*model.Project, error) {
	o.Datasets = true
	return func(ctx context.Context) (*model.Project, error) {
		p, _, err := model.Examine(ctx, o)
		return p, err
	}
}

// bench opens mills that publish nothing.
func (w *workspace) bench(progress func(engine.Progress)) func(context.Context, *model.Project, string) (*preview.Bench, error) {
	return func(ctx context.Context, p *model.Project, below string) (*preview.Bench, error) {
		input, root, err := w.stores()
		if err != nil {
			return nil, err
		}
		work, done, err := w.benchDirectory(below)
		if err != nil {
			return nil, err
		}
		m, duck, err := w.millOf(ctx, engine.Options{Run: engine.NewRun(), Command: "preview", Progress: progress, Project: p, Input: input, Lake: root, Work: work}, false)
		if err != nil {
			return nil, errors.Join(err, done())
		}
		return &preview.Bench{Mill: m.Mill, Engine: duck, Close: func() error { return errors.Join(m.close(), done()) }}, nil
	}
}

// benchDirectory is where a bench works, below that of another one where there is one,
// and how it is left.
func (w *workspace) benchDirectory(below string) (dir string, done func() error, err error) {
	if below != "" {
		dir, err = os.MkdirTemp(below, "preview-")
		return dir, func() error { return os.RemoveAll(dir) }, err
	}
	own, err := w.scratch("preview-")
	if err != nil {
		return "", nil, err
	}
	return own.Path(), own.Close, nil
}
