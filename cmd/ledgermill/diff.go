package main

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/urfave/cli/v2"

	"ledgermill/engine"
	"ledgermill/engine/duckdb"
	"ledgermill/engine/model"
	"ledgermill/engine/preview"
)

func (a *app) diffCommand() *cli.Command {
	return &cli.Command{
		Name:      "diff",
		Usage:     "show what an edit changes in a model's rows, before it is published",
		ArgsUsage: "MODEL",
		Description: `Makes a unit of the model as its files are now, with all that it reads, and compares
it with what is published, or with what the files of a git revision make of the same
raw objects: rows added, removed and changed, the columns that differ with examples,
and the sums of DECIMAL columns. Rows are paired by the model's grain; without one they
are compared whole. Private values are compared, and shown masked. Parameters are
today's on both sides. Nothing is published.

--watch compares again on every save of a file below sql/. Ctrl-C ends it, with exit
code 130.

EXAMPLES
   1. against what is published:    ledgermill diff transactions
   2. against the last commit:      ledgermill diff transactions --against HEAD --date 2025-01-31
   3. while you edit:               ledgermill diff daily_transaction_summary --watch
   4. in a pipeline:                ledgermill diff transactions --against main --fail-if-diff`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "date", Usage: "the business `DATE`; by default the last that is published, or the last there is"},
			&cli.StringFlag{Name: "against", Value: preview.Published, Usage: "`VERSION`: published, or a git revision such as HEAD, main or 1a2b3c4"},
			&cli.BoolFlag{Name: "fail-if-diff", Usage: "exit with 3 where anything differs"},
			&cli.BoolFlag{Name: "watch", Usage: "again on every save, in place"},
			formatFlag("text or json"),
		},
		Action: a.diff,
	}
}

// examples is how many are shown of each kind of difference.
const examples = 10

func (a *app) diff(c *cli.Context) (err error) {
	format, err := format(c, "text", "json")
	if err != nil {
		return err
	}
	switch {
	case c.Args().First() == "":
		return usagef("ledgermill diff MODEL; `ledgermill status` lists them", "which model?")
	case c.Bool("watch") && (format != "text" || c.Bool("fail-if-diff")):
		return usagef("--watch alone", "--watch is for the screen: --format json and --fail-if-diff are not for it")
	}
	looking, err := a.look(c, "diff", c.Bool("watch"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, looking.close()) }()
	o := preview.DiffOptions{Date: c.String("date"), Against: c.String("against"), Examples: examples}
	if o.Against != preview.Published {
		if err := looking.against(c.Context, &o); err != nil {
			return err
		}
	}
	show := func(ctx context.Context, out io.Writer) error {
		defer looking.progress.done()
		if err := looking.session.Refresh(ctx); err != nil {
			return err
		}
		d, err := looking.session.Diff(ctx, o)
		looking.progress.done()
		if err != nil {
			return err
		}
		if c.Bool("fail-if-diff") && d.Differs() {
			a.exit = engine.ExitRefused
		}
		if format == "json" {
			return printJSON(out, d)
		}
		width, _ := terminal(a.stdout)
		return d.Text(out, width)
	}
	if c.Bool("watch") {
		return a.watch(c.Context, looking.work, show)
	}
	return show(c.Context, a.stdout)
}

// against reads the project of a git revision beside today's.
func (l *looking) against(ctx context.Context, o *preview.DiffOptions) error {
	dir, err := l.work.scratch("revision-")
	if err != nil {
		return err
	}
	l.done = append(l.done, dir.Close)
	commit, err := preview.Revision(ctx, l.work.config.Project, o.Against, dir.Path())
	if err != nil {
		return err
	}
	if commit != o.Against {
		o.Against += " (" + commit + ")"
	}
	files := os.DirFS(dir.Path())
	judge, err := duckdb.NewJudge(ctx)
	if err != nil {
		return err
	}
	l.done = append(l.done, judge.Close)
	binder, err := duckdb.NewBinder(ctx)
	if err != nil {
		return err
	}
	l.done = append(l.done, binder.Close)
	parameters, err := preview.Parameters(files, l.work.config.Parameters)
	if err != nil {
		return err
	}
	o.Revision = &preview.Options{Examine: examining(model.Options{FS: files, Judge: judge, Binder: binder, Parameters: parameters}), Open: l.work.bench(nil)}
	return nil
}
