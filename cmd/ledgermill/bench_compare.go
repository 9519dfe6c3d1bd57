package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"ledgermill/bench/report"
	"ledgermill/engine"
)

func (a *app) benchCompareCommand() *cli.Command {
	return &cli.Command{
		Name:      "compare",
		Usage:     "say what changed from one result to another",
		ArgsUsage: "A.json B.json...",
		Description: `Exit code 3 says that something became slower, or larger in storage, by more than a
tenth, and that it is not noise: the interval of the ratio does not hold 1, and the
difference is more than twice the variation of either run. What lies outside the
program and differs, such as the machine or the data, is warned of.

EXAMPLE
   ledgermill bench compare before.json after.json`,
		Flags: []cli.Flag{formatFlag("text or json")},
		Action: func(c *cli.Context) error {
			as, err := format(c, "text", "json")
			if err != nil {
				return err
			}
			if c.NArg() != 2 {
				return usagef("ledgermill bench compare A.json B.json", "bench compare takes two files, and was given %q", c.Args().Slice())
			}
			results, err := readResults(c.Args().Slice())
			if err != nil {
				return err
			}
			compared, err := report.Compare(results[0], results[1])
			if err != nil {
				return err
			}
			for _, d := range compared.Differences {
				fmt.Fprintf(a.stderr, "warning: not the same %s\n", d)
			}
			if len(compared.Regressions()) > 0 {
				a.exit = engine.ExitRefused
			}
			if as == "json" {
				return printJSON(a.stdout, compared)
			}
			return compared.Text(a.stdout)
		},
	}
}
