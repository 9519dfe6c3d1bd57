package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"ledgermill/warehouse"
)

func (a *app) warehouseCommand() *cli.Command {
	return &cli.Command{
		Name:  "warehouse",
		Usage: "start, stop and look at the private PostgreSQL server",
		Description: `Without warehouse.url, ledgermill runs a PostgreSQL of its own: each command starts
it if it is not up, and the last one out stops it. "start" keeps it up.`,
		Subcommands: []*cli.Command{
			{Name: "start", Usage: "keep the private server up, and print how psql reaches it", Action: a.warehouseStart},
			{Name: "stop", Usage: "stop the private server", Action: a.warehouseStop},
			{Name: "status", Usage: "say whether it is up, and what it holds", Action: a.warehouseStatus},
		},
	}
}

// privateWorkspace is what the private server's commands need; an existing server
// is none of their business.
func (a *app) privateWorkspace(c *cli.Context) (*workspace, error) {
	config, err := a.settings(c, nil)
	if err != nil {
		return nil, err
	}
	w := &workspace{config: config, log: a.logger(config)}
	if config.Warehouse.URL != "" {
		return nil, usagef("unset warehouse.url", "warehouse.url is %s: that server is not ledgermill's to start or stop", config.Warehouse.URL.URL())
	}
	w.files, err = projectFiles(config.Project)
	return w, err
}

func (a *app) warehouseStart(c *cli.Context) error {
	w, err := a.privateWorkspace(c)
	if err != nil {
		return err
	}
	h, err := w.openWarehouse(c.Context, func(line string) { fmt.Fprintln(a.stderr, line) })
	if err != nil {
		return err
	}
	if err := h.server.Pin(); err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "the private server is up, in %s\ntry: %s\nit stays up until: ledgermill warehouse stop\n", h.server.Dir(), h.server.Psql())
	return h.Close(c.Context)
}

func (a *app) warehouseStop(c *cli.Context) error {
	w, err := a.privateWorkspace(c)
	if err != nil {
		return err
	}
	if err := warehouse.StopPrivate(c.Context, w.private(nil)); err != nil {
		return err
	}
	fmt.Fprintln(a.stdout, "the private server is stopped")
	return nil
}

func (a *app) warehouseStatus(c *cli.Context) error {
	w, err := a.privateWorkspace(c)
	if err != nil {
		return err
	}
	status, err := warehouse.StatusPrivate(c.Context, w.private(nil))
	if err != nil {
		return err
	}
	return printJSON(a.stdout, status)
}

// whereWarehouse says where a run has loaded to.
func (a *app) whereWarehouse(c *cli.Context, w *workspace) string {
	if url := w.config.Warehouse.URL; url != "" {
		return url.URL()
	}
	status, err := warehouse.StatusPrivate(c.Context, w.private(nil))
	if err != nil {
		return err.Error()
	}
	return "private PostgreSQL in " + status.Dir + ", stopped unless `warehouse start` keeps it up"
}
