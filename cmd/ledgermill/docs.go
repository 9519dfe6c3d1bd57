package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"ledgermill/engine/dictionary"
)

func (a *app) docsCommand() *cli.Command {
	return &cli.Command{
		Name:  "docs",
		Usage: "write the data dictionary: every dataset and column with its meaning, tests, lineage and readers",
		Description: `Made of the SQL files alone: the "about" lines and the comments beside columns are the
meanings. Without --output the Markdown is printed.

EXAMPLES
   1. to read it here:                            ledgermill docs
   2. dictionary.md and dictionary.html in DIR:   ledgermill docs --output site`,
		Flags: []cli.Flag{&cli.StringFlag{Name: "output", Usage: "`DIR` for dictionary.md and dictionary.html, which opens offline; made where it is missing"}},
		Action: a.on(func(c *call) error {
			graph, err := c.work.lineage(c.Context.Context)
			if err != nil {
				return err
			}
			d := dictionary.New(c.work.config.Name, c.work.project, graph)
			dir := c.String("output")
			if dir == "" {
				return d.Markdown(a.stdout)
			}
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return usagef("--output DIR of a directory that can be written", "--output: %v", err)
			}
			if err := errors.Join(writeTo(dir, "dictionary.md", d.Markdown), writeTo(dir, "dictionary.html", d.HTML)); err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.stdout, "%s\n%s\n", filepath.Join(dir, "dictionary.md"), filepath.Join(dir, "dictionary.html"))
			return err
		}),
	}
}

// writeTo makes a file of what write writes.
func writeTo(dir, name string, write func(io.Writer) error) (err error) {
	f, err := os.Create(filepath.Join(dir, name))
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return write(f)
}
