package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"ledgermill/engine"
	"ledgermill/engine/config"
	"ledgermill/engine/lake"
	"ledgermill/engine/model"
)

// version is set by the release build.
const version = "0.1.0"

// app is one call of the program: its streams, and the exit code of a command
// that ends without an error but not with 0.
type app struct {
	env    []string
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	exit   int
	seams  seams
}

// seams are where a test puts faults between a run and what it works on. Nil: there
// is nothing between them.
type seams struct {
	project   *model.Project // checked before, by whoever runs one often
	budget    int64          // bytes of raw text in memory at once, so few that records are parked; 0: by the settings
	store     func(lake.Store) lake.Store
	statement func(ctx context.Context, statement string) error
}

func (a *app) command() *cli.App {
	root := &cli.App{
		Name:                   "ledgermill",
		Usage:                  "raw transaction objects to a Parquet lake and a PostgreSQL star schema, every row and every cent accounted for",
		Writer:                 a.stdout,
		ErrWriter:              a.stderr,
		Reader:                 a.stdin,
		HideVersion:            true,
		UseShortOptionHandling: true,
		// A value may hold commas: --set list=a,b. Who gives two values gives the flag twice.
		DisableSliceFlagSeparator: true,
		Suggest:                   true,
		Flags:                     a.globalFlags(),
		CustomAppHelpTemplate:     cli.AppHelpTemplate + "\n" + exitText + "\n",
		ExitErrHandler:            func(*cli.Context, error) {},
		OnUsageError:              func(_ *cli.Context, err error, _ bool) error { return usagef("ledgermill help", "%v", err) },
		Commands: []*cli.Command{
			a.runCommand(), a.etlCommand(), a.planCommand(), a.statusCommand(), a.loadCommand(), a.reconcileCommand(), a.rejectsCommand(), a.runsCommand(),
			a.rollbackCommand(), a.closeCommand(), a.dropCommand(),
			a.checkCommand(), a.previewCommand(), a.diffCommand(), a.testCommand(), a.lineageCommand(), a.docsCommand(), a.renderCommand(), a.queryCommand(),
			a.initCommand(), a.newCommand(), a.generateCommand(), a.demoCommand(), a.warehouseCommand(), a.lakeCommand(), a.monitorCommand(), a.benchCommand(), a.doctorCommand(), a.versionCommand(),
		},
		CommandNotFound: func(c *cli.Context, name string) { // by `help NAME`, which returns no error
			a.exit = engine.ExitUsage
			printError(a.stderr, unknownCommand(c, name))
		},
		Action: func(c *cli.Context) error {
			if name := c.Args().First(); name != "" {
				return unknownCommand(c, name)
			}
			return cli.ShowAppHelp(c)
		},
	}
	a.finish(root.Commands)
	return root
}

// finish gives every command the global flags, so that they may stand before or
// behind its name, and one way of complaining.
func (a *app) finish(commands []*cli.Command) {
	for _, c := range commands {
		c.Flags = append(c.Flags, a.globalFlags()...)
		c.OnUsageError = func(c *cli.Context, err error, _ bool) error {
			return usagef("ledgermill "+c.Command.FullName()+" --help", "%v", err)
		}
		c.Before = refuseArguments
		c.HideHelpCommand = true
		a.finish(c.Subcommands)
	}
}

// global is the value of a global flag, from wherever on the command line it is.
func global(c *cli.Context, name string) (value string, set bool) {
	for _, at := range c.Lineage() {
		if slices.Contains(at.LocalFlagNames(), name) {
			return at.String(name), true
		}
	}
	return "", false
}

func (a *app) globalFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "project", Usage: "`DIR` of the project: ledgermill.json, sql/ and queries/ (default: .)"},
		&cli.StringFlag{Name: "config", Usage: "`FILE` of settings, instead of the project's ledgermill.json"},
		&cli.StringFlag{Name: "env", Usage: "`NAME` of an environment of ledgermill.json, such as dev or prod (default: $LEDGERMILL_ENV, or none)"},
		&cli.StringSliceFlag{Name: "setting", Usage: "`KEY=VALUE` of any setting, such as engine.threads=2; may be repeated"},
		&cli.StringFlag{Name: "log-format", Usage: "text or json"},
		&cli.StringFlag{Name: "log-level", Usage: "debug, info, warn or error"},
	}
}

// settings loads the configuration; overrides come from a command's own flags.
func (a *app) settings(c *cli.Context, overrides map[string]string) (config.Config, error) {
	flags := map[string]string{}
	var given []string
	for _, at := range c.Lineage() {
		if slices.Contains(at.LocalFlagNames(), "setting") {
			given = append(given, at.StringSlice("setting")...)
		}
	}
	for _, text := range given {
		key, value, ok := strings.Cut(text, "=")
		if !ok {
			return config.Config{}, usagef("--setting engine.threads=2", "--setting %q is not KEY=VALUE", text)
		}
		flags[key] = value
	}
	for flag, key := range map[string]string{"log-format": "log.format", "log-level": "log.level"} {
		if value, ok := global(c, flag); ok {
			flags[key] = value
		}
	}
	for key, value := range overrides {
		flags[key] = value
	}
	dir, err := os.Getwd()
	if err != nil {
		return config.Config{}, err
	}
	project, ok := global(c, "project")
	if !ok {
		project = "."
	}
	file, _ := global(c, "config")
	environment, _ := global(c, "env")
	loaded, err := config.Load(config.Options{Project: project, File: file, Env: a.env, Flags: flags, WorkDir: dir, Environment: environment})
	var unread *fs.PathError
	if errors.As(err, &unread) {
		return config.Config{}, usagef("--config FILE of one that can be read", "%v", err)
	}
	return loaded, err
}

// terminal reports whether w is one, and how wide.
func terminal(w io.Writer) (width int, ok bool) {
	f, isFile := w.(*os.File)
	if !isFile || !term.IsTerminal(int(f.Fd())) {
		return 80, false
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil || width < 40 {
		return 80, true
	}
	return width, true
}
