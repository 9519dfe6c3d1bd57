package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"ledgermill/engine"
	"ledgermill/engine/config"
)

// examination is what doctor found: the settings, and whether what they name can be
// reached.
type examination struct {
	Version     string           `json:"version"`
	Settings    []config.Setting `json:"settings"`
	Connections []connection     `json:"connections"`
}

// connection is something outside the program, and what came of trying it.
type connection struct {
	Name   string `json:"name"`
	Place  string `json:"place"` // masked
	OK     bool   `json:"ok"`
	Detail string `json:"detail"` // what was found, or the error
	Try    string `json:"try,omitempty"`
}

func (a *app) doctorCommand() *cli.Command {
	return &cli.Command{
		Name:  "doctor",
		Usage: "print each setting with its source, and test every connection",
		Description: `Input, lake, warehouse and replica, or the private server, which is started for it;
the cache and the temporary directory with their free space. Nothing that others see
is written. Exit code 5 says that something cannot be reached. What a server's own
settings should be: ledgermill warehouse doctor.`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "engine", Usage: "test this engine too: `NAME` duckdb or spark; Spark is started for it"},
			&cli.StringFlag{Name: "master", Usage: "where Spark runs: `URL` spark://host:7077, yarn, k8s://..., local[4]"},
			formatFlag("text or json")},
		Action: a.doctor,
	}
}

func (a *app) doctor(c *cli.Context) error {
	f, err := format(c, "text", "json")
	if err != nil {
		return err
	}
	settings, err := a.settings(c, engineFlags(c, nil))
	if err != nil {
		return err
	}
	w := &workspace{config: settings, log: a.logger(settings)}
	found := examination{Version: version, Settings: settings.Settings()}
	for _, test := range w.connections() {
		one := test.try(c.Context)
		if !one.OK {
			a.exit = engine.Graver(a.exit, engine.ExitUnreachable)
		}
		found.Connections = append(found.Connections, one)
	}
	if err := context.Cause(c.Context); err != nil {
		return err
	}
	if f == "json" {
		return printJSON(a.stdout, found)
	}
	return found.text(a.stdout)
}

func (e examination) text(w io.Writer) error {
	b := &strings.Builder{}
	fmt.Fprintf(b, "ledgermill %s\n", e.Version)
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	for _, s := range e.Settings {
		value := s.Value
		if value == "" {
			value = `""`
		}
		fmt.Fprintf(t, "%s\t%s\t%s\n", s.Key, value, s.Source)
	}
	err := t.Flush()
	b.WriteByte('\n')
	for _, c := range e.Connections {
		mark := "✓"
		if !c.OK {
			mark = "✗"
		}
		fmt.Fprintf(b, "%s %-9s %s: %s\n", mark, c.Name, c.Place, c.Detail)
		if c.Try != "" {
			fmt.Fprintf(b, "try: %s\n", c.Try)
		}
	}
	_, writing := io.WriteString(w, b.String())
	return errors.Join(err, writing)
}
