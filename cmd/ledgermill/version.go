package main

import (
	"fmt"
	"runtime"

	"github.com/urfave/cli/v2"

	"ledgermill/engine/duckdb"
)

func (a *app) versionCommand() *cli.Command {
	return &cli.Command{
		Name:  "version",
		Usage: "print the versions of the program and its engine",
		Action: func(*cli.Context) error {
			_, err := fmt.Fprintf(a.stdout, "ledgermill %s, duckdb %s, %s\n", version, duckdb.Version, runtime.Version())
			return err
		},
	}
}
