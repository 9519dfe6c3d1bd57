package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"ledgermill/warehouse"
)

func (a *app) warehouseCommand() *cli.Command {
	return &cli.Command{
		Name:  "warehouse",
		Usage: "make, fill and look after the PostgreSQL warehouse",
		Description: `Without warehouse.url, ledgermill runs a PostgreSQL of its own: each command starts
it if it is not up, and the last one out stops it. "start" keeps it up.`,
		Subcommands: []*cli.Command{
			{Name: "init", Usage: "make the warehouse: the private server or the tables on an existing one",
				Description: `Starts or reaches the server, applies the migrations of sql/warehouse that it lacks,
and says how to reach it.`, Action: a.warehouseInit},
			{Name: "start", Usage: "keep the private server up, and print how psql reaches it", Action: a.warehouseStart},
			{Name: "stop", Usage: "stop the private server", Action: a.warehouseStop},
			{Name: "status", Usage: "say whether it is up, and what it holds",
				Description: "A private server that is down is not started for it.",
				Flags:       []cli.Flag{formatFlag("text or json")}, Action: a.warehouseStatus},
			a.migrateCommand(), a.loadCommand(), a.partitionsCommand(), a.compactCommand(), a.retainCommand(), a.maintainCommand(), a.analyzeCommand(),
			a.warehouseDoctorCommand(),
		},
	}
}

// serverWorkspace is what commands on the server need: its settings and the files,
// which are not checked.
func (a *app) serverWorkspace(c *cli.Context) (*workspace, error) {
	config, err := a.settings(c, nil)
	if err != nil {
		return nil, err
	}
	w := &workspace{config: config, log: a.logger(config)}
	w.files, err = projectFiles(config.Project)
	return w, err
}

// privateWorkspace is what the private server's commands need; an existing server
// is none of their business.
func (a *app) privateWorkspace(c *cli.Context) (*workspace, error) {
	w, err := a.serverWorkspace(c)
	if err != nil {
		return nil, err
	}
	if url := w.config.Warehouse.URL; url != "" {
		return nil, usagef("unset warehouse.url", "warehouse.url is %s: that server is not ledgermill's to start or stop", url.URL())
	}
	return w, nil
}

// onWarehouse makes an action of what a command does to an open warehouse.
func (a *app) onWarehouse(do func(c *cli.Context, h *hold, format string) error) cli.ActionFunc {
	return a.withWarehouse((*workspace).openWarehouse, do)
}

// withWarehouse makes an action of what a command does with a warehouse and of how it
// is opened.
func (a *app) withWarehouse(open func(*workspace, context.Context, func(string)) (*hold, error), do func(c *cli.Context, h *hold, format string) error) cli.ActionFunc {
	return func(c *cli.Context) (err error) {
		f, err := format(c, "text", "json")
		if err != nil {
			return err
		}
		w, err := a.serverWorkspace(c)
		if err != nil {
			return err
		}
		h, err := open(w, c.Context, a.say)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, h.Close(c.Context)) }()
		return do(c, h, f)
	}
}

func (a *app) say(line string) { fmt.Fprintln(a.stderr, line) }

func (a *app) warehouseInit(c *cli.Context) (err error) {
	w, err := a.serverWorkspace(c)
	if err != nil {
		return err
	}
	h, err := w.connectWarehouse(c.Context, a.say)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Close(c.Context)) }()
	done, err := h.Migrate(c.Context, migrations(w.files))
	if err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "PostgreSQL %d, %d migrations applied\n", h.Version(), len(done))
	if h.server == nil {
		fmt.Fprintf(a.stdout, "the warehouse is %s\n", h.URL())
		return nil
	}
	fmt.Fprintf(a.stdout, "the private server is in %s; commands start it as they need it\ntry: ledgermill warehouse start\n", h.server.Dir())
	return nil
}

func (a *app) warehouseStart(c *cli.Context) error {
	w, err := a.privateWorkspace(c)
	if err != nil {
		return err
	}
	h, err := w.openWarehouse(c.Context, a.say)
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

func (a *app) warehouseMigrate(c *cli.Context) (err error) {
	f, err := format(c, "text", "json")
	if err != nil {
		return err
	}
	w, err := a.serverWorkspace(c)
	if err != nil {
		return err
	}
	h, err := w.connectWarehouse(c.Context, a.say)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Close(c.Context)) }()
	done, err := h.Migrate(c.Context, migrations(w.files))
	if f == "json" {
		return errors.Join(err, printJSON(a.stdout, done))
	}
	for _, m := range done {
		fmt.Fprintf(a.stdout, "applied %s in %.1f s\n", m.File, m.Took.Seconds())
	}
	if err == nil && len(done) == 0 {
		fmt.Fprintln(a.stdout, "nothing to do")
	}
	return err
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
