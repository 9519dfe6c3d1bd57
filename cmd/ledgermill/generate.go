package main

import (
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"ledgermill/bench/datagen"
	"ledgermill/engine"
)

func (a *app) generateCommand() *cli.Command {
	d := datagen.Defaults(time.Now())
	return &cli.Command{
		Name:  "generate",
		Usage: "write realistic raw objects with injected defects, and a ledger of what was injected",
		Description: `One object a day, customers and merchants, each with its control file, and
generated.json: what the accounts must come to. The same seed writes the same bytes.

EXAMPLE
   ledgermill generate --output raw --rows 100000 --days 7`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "output", Usage: "`PLACE` that the objects go to: a directory or s3://bucket/prefix"},
			&cli.IntFlag{Name: "rows", Aliases: []string{"count"}, Value: d.RowsPerDay, Usage: "records a day"},
			&cli.IntFlag{Name: "days", Value: d.Days, Usage: "business dates"},
			&cli.StringFlag{Name: "as", Value: string(d.As), Usage: "form of the transactions: csv, csv.gz, ndjson, ndjson.gz or parquet"},
			&cli.IntFlag{Name: "customers", Usage: "number of customers; 0: by the rows"},
			&cli.IntFlag{Name: "merchants", Usage: "number of merchants; 0: by the rows"},
			&cli.Float64Flag{Name: "defects", Value: d.Defects, Usage: "share of records with a defect, 0 to 0.5"},
			&cli.Uint64Flag{Name: "seed", Value: d.Seed, Usage: "of the random numbers"},
			&cli.StringFlag{Name: "canary", Usage: "`TEXT` to plant in every private field, to look for in what is written later"},
			&cli.StringFlag{Name: "end-date", Usage: "last business `DATE`; yesterday, UTC, by default"},
		},
		Action: func(c *cli.Context) error {
			if err := required(c, "output"); err != nil {
				return err
			}
			o, err := generateOptions(c, d)
			if err == nil {
				o.Output, err = a.rawOutput(c, c.String("output"))
			}
			if err != nil {
				return err
			}
			began := time.Now()
			report, err := datagen.Generate(c.Context, o)
			if err != nil {
				return err
			}
			a.printGenerated(report, c.String("output"), time.Since(began))
			return nil
		},
	}
}

func generateOptions(c *cli.Context, o datagen.Options) (datagen.Options, error) {
	o.RowsPerDay, o.Days, o.Customers, o.Merchants = c.Int("rows"), c.Int("days"), c.Int("customers"), c.Int("merchants")
	o.As, o.Defects, o.Seed, o.Canary = c.String("as"), c.Float64("defects"), c.Uint64("seed"), c.String("canary")
	if text := c.String("end-date"); text != "" {
		date, err := time.Parse(time.DateOnly, text)
		if err != nil {
			return o, usagef("--end-date 2025-01-31", "--end-date %q is not a date", text)
		}
		o.EndDate = date
	}
	return o, nil
}

func (a *app) printGenerated(r datagen.Report, output string, took time.Duration) {
	if r.Reused {
		fmt.Fprintf(a.stdout, "nothing to do: %s holds this already\n", output)
		return
	}
	var records, bytes int64
	for _, o := range r.Objects {
		records += o.Records
		bytes += o.Bytes
	}
	fmt.Fprintf(a.stdout, "wrote %s, %s records, %.0f MB to %s in %.1f s\n", engine.Plural(len(r.Objects), "object"), engine.Count(records), float64(bytes)/1e6, output, took.Seconds())
}
