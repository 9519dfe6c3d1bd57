package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"ledgermill/engine"
	"ledgermill/warehouse"
)

// warehouseState is what `warehouse status` prints.
type warehouseState struct {
	URL     string                   `json:"url,omitempty"` // of an existing server, masked
	Version int                      `json:"version,omitempty"`
	Private *warehouse.PrivateStatus `json:"private,omitempty"`
	Tables  []warehouse.TableState   `json:"tables,omitempty"` // without their months
}

func (a *app) warehouseStatus(c *cli.Context) error {
	f, err := format(c, "text", "json")
	if err != nil {
		return err
	}
	w, err := a.serverWorkspace(c)
	if err != nil {
		return err
	}
	state, err := w.state(c)
	if err != nil {
		return err
	}
	if f == "json" {
		return printJSON(a.stdout, state)
	}
	return state.text(a.stdout)
}

// state looks at the server; a private one is only asked while it runs.
func (w *workspace) state(c *cli.Context) (state warehouseState, err error) {
	if url := w.config.Warehouse.URL; url != "" {
		state.URL = url.URL()
	} else {
		status, err := warehouse.StatusPrivate(c.Context, w.private(nil))
		state.Private = &status
		if err != nil || !status.Running {
			return state, err
		}
	}
	h, err := w.connectWarehouse(c.Context, nil)
	if err != nil {
		return state, err
	}
	defer func() { err = errors.Join(err, h.Close(c.Context)) }()
	state.Version = h.Version()
	state.Tables, err = h.Partitions(c.Context)
	for i := range state.Tables {
		state.Tables[i].Months = nil
	}
	var layout *warehouse.LayoutError
	if errors.As(err, &layout) && state.Tables == nil { // not migrated yet: it holds nothing
		err = nil
	}
	return state, err
}

func (s warehouseState) text(out io.Writer) error {
	switch p := s.Private; {
	case p == nil:
		fmt.Fprintf(out, "PostgreSQL %d, %s\n", s.Version, s.URL)
	case !p.Running:
		fmt.Fprintf(out, "the private server in %s is down; commands start it as they need it\n", p.Dir)
		return nil
	default:
		kept := "until the last command ends"
		if p.Pinned {
			kept = "until: ledgermill warehouse stop"
		}
		fmt.Fprintf(out, "PostgreSQL %d, the private server in %s, port %d, is up %s\ntry: %s\n", s.Version, p.Dir, p.Port, kept, p.Psql)
	}
	if len(s.Tables) == 0 {
		_, err := fmt.Fprintln(out, "nothing is loaded")
		return err
	}
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "units\trows\tsize\tlast date\tfloor\t  table\t")
	for _, table := range s.Tables {
		fmt.Fprintf(t, "%d\t%s\t%s\t%s\t%s\t  %s\t\n", table.Units, engine.Count(table.Rows), engine.Bytes(table.Bytes), orDash(table.Latest), orDash(table.Floor), table.Table)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	var alone []string
	for _, table := range s.Tables {
		alone = append(alone, table.Alone...)
	}
	if len(alone) == 0 {
		return nil
	}
	_, err := fmt.Fprintf(out, "closed rows and histories are in no lake: back up %s\n", strings.Join(alone, ", "))
	return err
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

func (a *app) partitionsCommand() *cli.Command {
	return &cli.Command{
		Name:  "partitions",
		Usage: "list tables, months and leaves: rows, size, bounds, when loaded and by which run",
		Description: `A day's leaf holds a unit. Months older than the last 62 days are one leaf each; a
day's name is then kept in the ledger ledgermill.loads alone.`,
		Flags: []cli.Flag{formatFlag("text or json")},
		Action: a.withWarehouse((*workspace).openAsItIs, func(c *cli.Context, h *hold, f string) error {
			tables, err := h.Partitions(c.Context)
			if err != nil {
				return err
			}
			if f == "json" {
				return printJSON(a.stdout, tables)
			}
			return partitionsText(a.stdout, tables)
		}),
	}
}

func partitionsText(out io.Writer, tables []warehouse.TableState) error {
	if len(tables) == 0 {
		_, err := fmt.Fprintln(out, "nothing is loaded")
		return err
	}
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, table := range tables {
		fmt.Fprintf(t, "%s\t\t\t%s\t%s rows\t%s\t\t\t\n", table.Table, engine.Plural(table.Units, "unit"), engine.Count(table.Rows), engine.Bytes(table.Bytes))
		for _, month := range table.Months {
			for _, f := range month.Leaves {
				loaded := "-"
				if f.Loaded != nil {
					loaded = f.Loaded.Format("2006-01-02 15:04:05")
				}
				fmt.Fprintf(t, "  %s\t%s\t%s\t%s\t%s rows\t%s\t%s\t%s\t\n", f.Name, f.From, f.To, engine.Plural(f.Units, "unit"), engine.Count(f.Rows), engine.Bytes(f.Bytes), loaded, orDash(f.Run))
			}
		}
	}
	return t.Flush()
}
