package main

import (
	"github.com/urfave/cli/v2"
)

func (a *app) statusCommand() *cli.Command {
	return &cli.Command{
		Name:        "status",
		Usage:       "print what is done, stale, held, sealed, refused, lost or failed, per dataset and unit",
		Description: "Reads the ledger and the listing of the input; objects are not read.",
		Flags:       append(selectionFlags(), formatFlag("text or json")),
		Action: a.on(func(c *call) error {
			return c.reading("status", nil, func(m *mill) error {
				status, err := m.Status(c.Context.Context, c.selection)
				if err != nil {
					return err
				}
				a.exit = status.Exit
				if c.format == "json" {
					return printJSON(a.stdout, status)
				}
				return status.Text(a.stdout)
			})
		}, "text", "json"),
	}
}
