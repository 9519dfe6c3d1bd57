package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"ledgermill/bench"
	"ledgermill/bench/cases"
	"ledgermill/bench/result"
	"ledgermill/engine/config"
	"ledgermill/warehouse"
)

// benchPlan is what the bench measures: the bank that the program carries, whatever
// project is at hand.
func benchPlan() bench.Plan { return cases.Plan(builtin{}) }

// Sizes of a run that is told none: small enough for a look, large enough to tell.
const (
	defaultBenchRows = 100_000
	defaultBenchDays = 3
)

func (a *app) benchRunCommand() *cli.Command {
	return &cli.Command{
		Name:      "run",
		Usage:     "run suites or cases, and keep every sample",
		ArgsUsage: "[SUITE|CASE...]",
		Description: `Names are those of "bench list"; ladder, ladder/naive and 'queries/*by_id*' are some.
Each case warms up once; then all go round in turns, ten repetitions of what takes
less than 30 s and six of what takes more, until the budget ends. What would not
fit is left out, and the result says so. Ctrl-C ends a run, and what it has is
written.

EXAMPLES
   1. all suites, ten minutes:        ledgermill bench run
   2. one suite as long as it takes:  ledgermill bench run ladder --budget 0 --rows 1000000
   3. for benchstat:                  ledgermill bench run floors --format benchstat > new.txt
   4. the rest, after Ctrl-C:         ledgermill bench run --resume
   5. to compare with another build:  ledgermill bench run --like before.json --output after.json`,
		Flags: []cli.Flag{
			&cli.IntFlag{Name: "rows", Value: defaultBenchRows, Usage: "records a day"},
			&cli.IntFlag{Name: "days", Value: defaultBenchDays, Usage: "business dates"},
			&cli.Uint64Flag{Name: "seed", Value: 1, Usage: "of the data, and of the order of repetitions"},
			&cli.StringFlag{Name: "memory", Usage: fmt.Sprintf("`SIZE` that the engine may use before it spills (default: %s)", config.Default().Engine.MemoryLimit)},
			&cli.IntFlag{Name: "repeat", Usage: "repetitions of each case; 0: 10 of those below 30 s, 6 of the others"},
			&cli.BoolFlag{Name: "once", Usage: "run each case once and cold, to see that all run and answer alike: no times to judge by"},
			&cli.DurationFlag{Name: "budget", Value: 10 * time.Minute, Usage: "time for everything, such as 90s or 2h; 0: no limit"},
			&cli.StringFlag{Name: "output", Value: "bench.json", Usage: "`FILE` that gets every sample"},
			&cli.BoolFlag{Name: "resume", Usage: "go on where the run that wrote the output has ended"},
			&cli.StringFlag{Name: "like", Usage: "`FILE` of a run to compare with: take its rows, days and seed, and do the work of short cases as often"},
			&cli.StringFlag{Name: "dir", Usage: "existing `DIR` to work in, on the disk to be measured; the system's temporary one by default"},
			formatFlag("text, json or benchstat"),
		},
		Action: a.benchRun,
	}
}

func (a *app) benchRun(c *cli.Context) error {
	as, err := format(c, "text", "json", "benchstat")
	if err != nil {
		return err
	}
	for _, name := range []string{"rows", "days"} {
		if c.Int(name) < 1 {
			return usagef(fmt.Sprintf("--%s 1", name), "--%s %d is less than one", name, c.Int(name))
		}
	}
	for _, name := range []string{"repeat", "resume"} {
		if c.Bool("once") && (c.Int(name) > 0 || c.Bool(name)) {
			return usagef("--once, or --"+name, "--once and --%s do not go together", name)
		}
	}
	if c.Duration("budget") < 0 || c.Int("repeat") < 0 {
		return usagef("--budget 0 and --repeat 0, which leave it to the method", "--budget and --repeat cannot be negative")
	}
	memory, err := benchMemory(c.String("memory"))
	if err != nil {
		return err
	}
	output, err := filepath.Abs(c.String("output"))
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Dir(output)); err != nil {
		return usagef("--output FILE in a directory that exists", "--output: %v", err)
	}
	o := bench.Options{Only: c.Args().Slice(), Rows: c.Int("rows"), Days: c.Int("days"), Seed: c.Uint64("seed"), Memory: memory, Repeat: c.Int("repeat"), Once: c.Bool("once"),
		Budget: c.Duration("budget"), Dir: c.String("dir"), Commit: commit(),
		Start: func(ctx context.Context) (bench.Server, error) {
			server, err := warehouse.StartPrivate(ctx, warehouse.PrivateOptions{Name: "bench", Progress: a.benchSays,
				// Nothing is to work beside what is measured.
				Settings: map[string]string{"autovacuum": "off", "checkpoint_timeout": "1d"}})
			if err != nil {
				return nil, err // not a nil pointer in an interface
			}
			return server, nil
		},
		Saved:    func(r *result.Result) error { return r.Write(output) },
		Progress: a.benchSays,
	}
	if o.Program, err = unnamedBuild(o.Commit); err != nil {
		return err
	}
	if err := earlier(c, &o, output); err != nil {
		return err
	}
	o.Command = benchCommandLine(c, o)
	r, err := bench.Run(c.Context, benchPlan(), o)
	if r == nil || err != nil && !r.Begun() {
		return err // an earlier run's samples may lie where this one has none
	}
	if wrote := r.Write(output); wrote != nil {
		return errors.Join(err, wrote)
	}
	a.benchSays("samples are in " + c.String("output"))
	printed := error(nil)
	switch as {
	case "json":
		printed = r.Encode(a.stdout)
	case "benchstat":
		printed = bench.Benchstat(a.stdout, r)
	default:
		printed = bench.Text(a.stdout, r)
	}
	return errors.Join(err, printed)
}

// earlier reads the runs that this one goes on with, or is to be like.
func earlier(c *cli.Context, o *bench.Options, output string) error {
	if c.Bool("resume") {
		switch _, err := os.Stat(output); {
		case err == nil:
			before, err := readResults([]string{output})
			if err != nil {
				return err
			}
			o.Before = before[0]
		case !errors.Is(err, fs.ErrNotExist):
			return err
		}
	}
	if c.String("like") == "" {
		return nil
	}
	like, err := readResults([]string{c.String("like")})
	if err != nil {
		return err
	}
	for _, name := range []string{"rows", "days", "seed", "memory"} {
		if c.IsSet(name) {
			return usagef("--like alone", "--like takes --%s from the run that it names", name)
		}
	}
	o.Like, o.Seed = like[0], like[0].Seed
	if o.Memory, err = benchMemory(like[0].Setting(result.MemoryLimit)); err != nil {
		return err
	}
	o.Rows, o.Days, err = like[0].Sizes()
	return err
}

// benchMemory is what the engine may use: what is told, or else as where a command has
// none given.
func benchMemory(told string) (config.Size, error) {
	if told == "" {
		return config.Default().Engine.MemoryLimit, nil
	}
	size, err := config.ParseSize(told)
	if err != nil {
		return 0, usagef("--memory 8GB", "--memory %s %v", told, err)
	}
	if size < config.LeastMemory {
		return 0, usagef("--memory 8GB", "--memory %s is less than %s", size, config.LeastMemory)
	}
	return size, nil
}

func (a *app) benchSays(line string) { fmt.Fprintln(a.stderr, line) }

// benchCommandLine makes the run again.
func benchCommandLine(c *cli.Context, o bench.Options) string {
	line := []string{"ledgermill", "bench", "run"}
	if like := c.String("like"); like != "" {
		line = append(line, "--like", like) // which brings its sizes
	} else {
		line = append(line, "--rows", strconv.Itoa(o.Rows), "--days", strconv.Itoa(o.Days), "--seed", strconv.FormatUint(o.Seed, 10), "--memory", o.Memory.String())
	}
	line = append(line, "--repeat", strconv.Itoa(o.Repeat), "--budget", o.Budget.String())
	for _, name := range []string{"dir", "output"} {
		if c.IsSet(name) {
			line = append(line, "--"+name, c.String(name))
		}
	}
	if o.Once {
		line = append(line, "--once")
	}
	if o.Before != nil {
		line = append(line, "--resume")
	}
	return bench.ShellLine(append(line, c.Args().Slice()...))
}

const (
	unknownCommit = "unknown"
	dirtyTree     = "-dirty"
)

// unnamedBuild is the SHA-256 of this program if no commit tells which build it is.
func unnamedBuild(commit string) (_ string, err error) {
	if !strings.HasPrefix(commit, unknownCommit) && !strings.HasSuffix(commit, dirtyTree) {
		return "", nil
	}
	path, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find the program: %w", err)
	}
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("open the program: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("read the program: %w", err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// commit is that of this program, as far as the build knows.
func commit() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return unknownCommit
	}
	revision, dirty := unknownCommit, ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			revision = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = dirtyTree
		}
	}
	return revision + dirty
}
