package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"ledgermill/bench"
	"ledgermill/bench/result"
)

func (a *app) benchListCommand() *cli.Command {
	return &cli.Command{
		Name:      "list",
		Usage:     "list the suites and cases, and what each answers",
		ArgsUsage: "[SUITE|CASE...]",
		Flags:     []cli.Flag{formatFlag("text or json")},
		Action: func(c *cli.Context) error {
			as, err := format(c, "text", "json")
			if err != nil {
				return err
			}
			suites, err := bench.Select(benchPlan().Suites(bench.Place{Rows: defaultBenchRows, Days: defaultBenchDays}), c.Args().Slice())
			if err != nil {
				return err
			}
			if as == "json" {
				return printJSON(a.stdout, listed(suites))
			}
			for i, s := range suites {
				fmt.Fprintf(a.stdout, "%s%s: %s\n", strings.Repeat("\n", min(i, 1)), s.Name, s.Answers)
				for _, one := range s.Cases {
					fmt.Fprintf(a.stdout, "  %s/%s\n      %s\n", s.Name, one.Name, one.Answers)
				}
			}
			return nil
		},
	}
}

// listedSuite is a suite without what runs it.
type listedSuite struct {
	Name    string       `json:"name"`
	Answers string       `json:"answers"`
	Cases   []listedCase `json:"cases"`
}

type listedCase struct {
	Name       string              `json:"name"`
	Answers    string              `json:"answers"`
	Parameters []result.Pair       `json:"parameters,omitempty"`
	Against    []result.Comparison `json:"against,omitempty"`
}

func listed(suites []bench.Suite) (all []listedSuite) {
	for _, s := range suites {
		one := listedSuite{Name: s.Name, Answers: s.Answers}
		for _, c := range s.Cases {
			one.Cases = append(one.Cases, listedCase{c.Name, c.Answers, c.Parameters, c.Against})
		}
		all = append(all, one)
	}
	return all
}
