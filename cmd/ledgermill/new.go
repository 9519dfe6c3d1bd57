package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"ledgermill/engine/contract"
	"ledgermill/engine/draft"
	"ledgermill/engine/duckdb"
)

func (a *app) newCommand() *cli.Command {
	return &cli.Command{
		Name:  "new",
		Usage: "draft a file of the project",
		Subcommands: []*cli.Command{{
			Name:      "contract",
			Usage:     "draft the contract of a feed from samples of its objects",
			ArgsUsage: "FILE...",
			Description: `Finds how the samples are cut, their types, formats and spellings of a header, and
candidates for the key, the business date and the control totals. The contract goes to
stdout, what was seen to stderr. Where the samples allow two readings it asks; without
a terminal it ends with 2 and names the choice, unless --yes takes the likelier.

EXAMPLES
   1. look at it:                ledgermill new contract raw/cards/events_20250131.csv
   2. several senders, as file:  ledgermill new contract --output sql/contracts/raw_cards.sql raw/cards/*.csv`,
			Flags: []cli.Flag{
				&cli.StringFlag{Name: "name", Usage: "`NAME` of the feed; by default of the first file"},
				&cli.StringFlag{Name: "output", Usage: "`FILE` to write, such as sql/contracts/raw_cards.sql; nothing is overwritten"},
				&cli.BoolFlag{Name: "yes", Usage: "take the likelier where samples allow two readings, and mark it in the file"},
			},
			Action: a.newContract,
		}},
	}
}

func (a *app) newContract(c *cli.Context) error {
	if c.NArg() == 0 {
		return usagef("ledgermill new contract FILE...", "new contract needs samples of the feed")
	}
	output, name := c.String("output"), c.String("name")
	if output != "" {
		base := strings.TrimSuffix(filepath.Base(output), ".sql")
		if base == filepath.Base(output) || !strings.HasPrefix(base, "raw_") {
			return usagef("--output sql/contracts/raw_cards.sql", "--output %s is not a file raw_<feed>.sql", output)
		}
		if name == "" {
			name = base
		}
		if _, err := os.Lstat(output); err == nil {
			return usagef("another --output", "%s exists", output)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	d, err := draft.Contract(c.Context, a.samples(c), draft.Options{Name: name, Ask: a.chooser(c.Bool("yes"))})
	var choice *draft.ChoiceError
	var sample *draft.SampleError
	switch {
	case errors.As(err, &choice):
		return usagef(choice.Try(), "%v", choice)
	case errors.As(err, &sample):
		return usagef(sample.Try(), "%v", sample)
	case err != nil:
		return err
	}
	for _, line := range d.Saw {
		fmt.Fprintln(a.stderr, line)
	}
	if err := parses(c.Context, d); err != nil {
		return err
	}
	if output == "" {
		_, err := fmt.Fprint(a.stdout, d.SQL)
		return err
	}
	if base := d.Table + ".sql"; base != filepath.Base(output) {
		return usagef("--output "+filepath.Join(filepath.Dir(output), base), "--output %s and --name %s do not go together: a contract's file is called like its table", output, name)
	}
	if err := errors.Join(os.MkdirAll(filepath.Dir(output), 0o755), os.WriteFile(output, []byte(d.SQL), 0o644)); err != nil {
		return fmt.Errorf("write contract: %w", err)
	}
	fmt.Fprintf(a.stderr, "wrote %s\n", output)
	return nil
}

// parses makes sure that what is handed over passes `check`.
func parses(ctx context.Context, d draft.Draft) (err error) {
	judge, err := duckdb.NewJudge(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, judge.Close()) }()
	if _, err := contract.Parse(ctx, d.Table+".sql", d.SQL, judge); err != nil {
		return fmt.Errorf("the draft does not pass check: %w\n%s", err, d.SQL)
	}
	return nil
}

// samples names the files as objects: relative to the project's input where they
// are below it.
func (a *app) samples(c *cli.Context) []draft.Sample {
	input := ""
	if config, err := a.settings(c, nil); err == nil { // a draft needs no project
		input = strings.TrimPrefix(config.Input, "file://")
	}
	var samples []draft.Sample
	for _, path := range c.Args().Slice() {
		samples = append(samples, draft.Sample{Key: objectKey(input, path), Open: func() (io.ReadCloser, error) { return os.Open(path) }})
	}
	return samples
}

func objectKey(input, path string) string {
	full, err := filepath.Abs(path)
	if input == "" || err != nil {
		return filepath.Base(path)
	}
	key, err := filepath.Rel(input, full)
	if err != nil || !filepath.IsLocal(key) {
		return filepath.Base(path)
	}
	return filepath.ToSlash(key)
}

// chooser asks on a terminal; --yes takes the likelier; else the draft ends.
func (a *app) chooser(yes bool) func(draft.Choice) (string, bool, error) {
	file, isFile := a.stdin.(*os.File)
	_, shown := terminal(a.stderr)
	asks := isFile && term.IsTerminal(int(file.Fd())) && shown
	switch {
	case yes:
		return func(c draft.Choice) (string, bool, error) {
			fmt.Fprintf(a.stderr, "%s: %s? --yes takes %s\n", c.Question, strings.Join(c.Readings, " or "), c.Readings[0])
			return c.Readings[0], true, nil
		}
	case !asks:
		return nil
	}
	answers := bufio.NewScanner(a.stdin)
	return func(c draft.Choice) (string, bool, error) {
		fmt.Fprintln(a.stderr, c.Question)
		for i, reading := range c.Readings {
			fmt.Fprintf(a.stderr, "  %d  %s\n", i+1, reading)
		}
		for {
			fmt.Fprintf(a.stderr, "which? [1] ")
			if !answers.Scan() {
				return "", false, &draft.ChoiceError{Choice: c}
			}
			text := strings.TrimSpace(answers.Text())
			if text == "" {
				return c.Readings[0], false, nil
			}
			if n, err := strconv.Atoi(text); err == nil && n >= 1 && n <= len(c.Readings) {
				return c.Readings[n-1], false, nil
			}
		}
	}
}
