package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"ledgermill/engine/config"
	"ledgermill/engine/sqltext"
	"ledgermill/sql"
	"ledgermill/warehouse"
	"ledgermill/warehouse/monitor"
)

func (a *app) monitorCommand() *cli.Command {
	return &cli.Command{
		Name:  "monitor",
		Usage: "show the batch, the warehouse and the machine",
		Description: `On a terminal a full screen, which keys move; elsewhere, and with --once, one
sample: two looks an interval apart, since rates need two. It changes nothing, starts
no server and holds no transaction open. A figure that cannot be had is n/a, with the
reason. Views are sql/monitor/*.sql.

EXAMPLES
   1. the screen:                     ledgermill monitor
   2. the run at work, once:          ledgermill monitor --once --view batch
   3. all figures for Prometheus:     ledgermill monitor --once --format prometheus
   4. a page on this machine:         ledgermill monitor --serve :9187 --record
   5. what was kept of the night:     ledgermill monitor --at 2025-01-31T03:00 --view batch`,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "watch", Usage: "look again and again, also where standard output is no terminal"},
			&cli.BoolFlag{Name: "once", Usage: "print one sample and end"},
			&cli.DurationFlag{Name: "interval", Value: 2 * time.Second, Usage: "time between two looks"},
			&cli.StringFlag{Name: "view", Usage: "show these `VIEWS`, by name or number, parted by commas (default: all; on a screen the first)"},
			&cli.StringFlag{Name: "serve", Usage: "serve the figures at `ADDRESS`, such as :9187: /metrics for Prometheus, /healthz, and a page at /"},
			&cli.StringFlag{Name: "plan", Usage: "print how the server would do the statement `QUERYID` of the view queries"},
			&cli.BoolFlag{Name: "record", Usage: "keep what is seen in the warehouse: one sample a minute, or the one of --once"},
			&cli.StringFlag{Name: "at", Usage: "print what was kept at `TIME`, UTC: 2025-01-31T03:00"},
			&cli.StringFlag{Name: "output", Usage: "write the sample to `FILE`, which is replaced whole: metrics for node_exporter's textfile collector"},
			formatFlag("text, json or prometheus"),
		},
		Action: a.monitor,
	}
}

// monitoring is a monitor's collector with what it shows.
type monitoring struct {
	*monitor.Collector
	views    []monitor.View
	names    []string // of the views that were asked for; nil: all
	interval time.Duration
	format   string
	output   string // a file; "": standard output
	work     *workspace
}

func (a *app) monitor(c *cli.Context) (err error) {
	m, err := a.openMonitor(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close(c.Context)) }()
	_, screen := terminal(a.stdout)
	once := c.Bool("once") || m.output != "" || !c.Bool("watch") && c.String("serve") == "" && (!screen || m.format != "text")
	if err := monitorFlags(c, once); err != nil {
		return err
	}
	if c.Bool("record") && !once {
		defer m.recording(c.Context)()
	}
	switch {
	case c.String("plan") != "":
		plan, err := m.Plan(c.Context, c.String("plan"))
		if err != nil {
			return fmt.Errorf("plan: %w", err)
		}
		_, err = io.WriteString(a.stdout, plan)
		return err
	case c.String("at") != "":
		return a.printKept(c.Context, m, c.String("at"))
	case c.String("serve") != "":
		return a.serveMonitor(c, m)
	case once:
		return a.printSample(c.Context, m, c.Bool("record"))
	case screen && m.format == "text":
		return a.watchScreen(c.Context, m)
	}
	return a.printSamples(c.Context, m)
}

// monitorFlags refuses flags of which one would do nothing beside another.
func monitorFlags(c *cli.Context, once bool) error {
	watch, serve, at := c.Bool("watch"), c.String("serve") != "", c.String("at") != ""
	if watch && once || serve && (once || watch) || at && (watch || c.Bool("record") || serve) {
		return usagef("one of --once, --watch, --serve and --at; --output goes with --once and --at", "these flags do not go together")
	}
	for _, name := range []string{"view", "format"} {
		if serve && c.IsSet(name) {
			return usagef("--serve alone: it has all views, for people, as JSON and for Prometheus", "--%s does not go with --serve", name)
		}
	}
	return nil
}

// openMonitor reads the flags and the views. Nothing is connected yet.
func (a *app) openMonitor(c *cli.Context) (*monitoring, error) {
	m := &monitoring{interval: c.Duration("interval"), output: c.String("output")}
	var err error
	if m.format, err = format(c, "text", "json", "prometheus"); err != nil {
		return nil, err
	}
	const shortest = 100 * time.Millisecond
	if m.interval < shortest {
		return nil, usagef("--interval 2s", "--interval %s is less than %s", m.interval, shortest)
	}
	w, err := a.serverWorkspace(c)
	if err != nil {
		return nil, err
	}
	m.work = w
	if m.views, err = w.views(); err != nil {
		return nil, err
	}
	if names := c.String("view"); names != "" {
		chosen, err := monitor.Select(m.views, strings.Split(strings.ReplaceAll(names, " ", ""), ","))
		if err != nil {
			return nil, err
		}
		m.names = monitor.Names(chosen)
	}
	m.Collector = monitor.New(monitor.Options{Views: m.views, Server: w.monitored(), Sources: w.sources()})
	return m, nil
}

// monitored is where the monitor looks: a private server is not started for it.
func (w *workspace) monitored() monitor.Server {
	return monitor.ServerFunc(func(ctx context.Context) (config.Secret, error) {
		if url := w.config.Warehouse.URL; url != "" {
			return url, nil
		}
		return warehouse.PrivateURL(ctx, w.private(nil))
	})
}

// printSample prints what is seen after one interval: rates need two looks. Counters
// for Prometheus do not.
func (a *app) printSample(ctx context.Context, m *monitoring, record bool) error {
	s := m.Sample(ctx, m.names...)
	if m.format != "prometheus" {
		if err := pause(ctx, m.interval); err != nil {
			return err
		}
		s = m.Rates(ctx, m.names...)
	}
	var err error
	if record {
		err = m.record(ctx, s, time.Time{})
	}
	return errors.Join(err, a.printOne(m, s))
}

// printOne prints a sample, or replaces the file of --output by it.
func (a *app) printOne(m *monitoring, s monitor.Sample) error {
	print := func(w io.Writer) error {
		switch m.format {
		case "json":
			return printJSON(w, s)
		case "prometheus":
			return s.Prometheus(w)
		}
		width, _ := terminal(a.stdout)
		return s.Text(w, max(width, 100))
	}
	if m.output == "" {
		return print(a.stdout)
	}
	var text bytes.Buffer
	if err := print(&text); err != nil {
		return err
	}
	return replaceFile(m.output, text.Bytes(), m.format == "prometheus")
}

// replaceFile lets readers see the old file or the new one. What is for an exporter, which
// is another user's program, everybody may read; other files are as the umask leaves them.
func replaceFile(path string, text []byte, exported bool) error {
	f, err := os.OpenFile(filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+"-"+rand.Text()), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	_, err = f.Write(text)
	if err == nil && exported {
		err = f.Chmod(0o644)
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", path, err), os.Remove(f.Name()))
	}
	return nil
}

// printSamples prints one sample below the other until the context ends. For people the
// time stands above each; programs get nothing but the samples.
func (a *app) printSamples(ctx context.Context, m *monitoring) error {
	for {
		s := m.Sample(ctx, m.names...)
		if ctx.Err() == nil {
			if m.format == "text" {
				fmt.Fprintf(a.stdout, "%s\n", s.At.Format("2006-01-02 15:04:05 UTC"))
			}
			if err := a.printOne(m, s); err != nil {
				return err
			}
		}
		if err := pause(ctx, m.interval); err != nil {
			return err
		}
	}
}

// pause waits, or returns why it does not.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// views are those of the monitor. Faults are placed from the project's directory.
func (w *workspace) views() ([]monitor.View, error) {
	views, err := monitor.ReadViews(viewFS{w.files})
	var faults sqltext.Errors
	if errors.As(err, &faults) {
		for _, f := range faults {
			f.Pos.File = path.Join(viewsDir, f.Pos.File)
		}
	}
	return views, err
}

// viewsDir is where a project has views.
const viewsDir = "sql/monitor"

// viewFS are the mill's views and the project's. A project's file wins over the mill's
// of the same name.
type viewFS struct{ project fs.FS }

// Open implements fs.FS.
func (v viewFS) Open(name string) (fs.File, error) {
	f, err := v.project.Open(path.Join(viewsDir, name))
	if errors.Is(err, fs.ErrNotExist) && (millMigration(name) || name == ".") {
		return sql.FS.Open(path.Join("monitor", name))
	}
	return f, err
}

// ReadDir implements fs.ReadDirFS.
func (v viewFS) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(v.project, path.Join(viewsDir, name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	own, err := fs.ReadDir(sql.FS, "monitor")
	if err != nil {
		return nil, err
	}
	for _, e := range own {
		known := slices.ContainsFunc(entries, func(have fs.DirEntry) bool { return have.Name() == e.Name() })
		if millMigration(e.Name()) && !known {
			entries = append(entries, e)
		}
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, nil
}
