package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"ledgermill/bench/report"
	"ledgermill/bench/result"
)

func (a *app) benchReportCommand() *cli.Command {
	return &cli.Command{
		Name:      "report",
		Usage:     "answer from results whether the promise held, as Markdown and as one HTML file",
		ArgsUsage: "FILE...",
		Description: `Several files are put together, if each holds other suites. The pages open offline;
the pictures of the Markdown lie in a directory beside it. Every figure names its
case, and the command that makes it again.

EXAMPLES
   1. of the last run:              ledgermill bench report bench.json --output report
   2. for the documentation:        ledgermill bench report bench.json --output docs --name benchmarks`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "output", Usage: "`DIR` that the report goes to; made if need be"},
			&cli.StringFlag{Name: "name", Value: "report", Usage: "of the pages: `NAME`.md, NAME.html and NAME/*.svg"},
		},
		Action: func(c *cli.Context) error {
			if err := required(c, "output"); err != nil {
				return err
			}
			if c.NArg() == 0 {
				return usagef("ledgermill bench report bench.json --output DIR", "bench report needs a FILE of ledgermill bench run")
			}
			if name := c.String("name"); name == "" || filepath.Base(name) != name {
				return usagef("--name report", "--name %q is not the name of a file", name)
			}
			results, err := readResults(c.Args().Slice())
			if err != nil {
				return err
			}
			document, err := report.Of(results...)
			if err != nil {
				return err
			}
			pages, err := document.Write(c.String("output"), c.String("name"))
			if err != nil {
				return err
			}
			for _, sentence := range document.Answer() {
				fmt.Fprintln(a.stdout, sentence)
			}
			for _, page := range pages {
				fmt.Fprintf(a.stdout, "wrote %s\n", page)
			}
			return nil
		},
	}
}

// readResults reads results of the bench. One that cannot be read is a fault in how
// the program was called.
func readResults(paths []string) (list []*result.Result, err error) {
	for _, path := range paths {
		r, err := result.Read(path)
		var missing *fs.PathError
		var schema *result.SchemaError
		switch {
		case errors.As(err, &missing):
			return nil, usagef("a FILE that ledgermill bench run has written", "%v", err)
		case errors.As(err, &schema):
			return nil, usagef(schema.Try(), "%v", err)
		case err != nil:
			return nil, usagef("the whole FILE, as ledgermill bench run has written it", "%v", err)
		}
		list = append(list, r)
	}
	return list, nil
}
