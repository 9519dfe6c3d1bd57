package main

import "github.com/urfave/cli/v2"

func (a *app) queryCommand() *cli.Command {
	return &cli.Command{Name: "query"}
}
