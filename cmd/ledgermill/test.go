package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"ledgermill/engine"
	"ledgermill/engine/duckdb"
	"ledgermill/engine/job"
	"ledgermill/engine/model"
	"ledgermill/engine/sqltext"
)

func (a *app) testCommand() *cli.Command {
	return &cli.Command{
		Name:      "test",
		ArgsUsage: "[NAME...]",
		Usage:     "run unit tests, and data tests on what is published; show a test's history; write a unit test from real rows",
		Description: `Unit tests are files of sql/tests with "-- test of: model": rows that are given, and what
the model must make of them. They need no data and no server. Data tests are the "test"
lines of models and the other files of sql/tests: rows that must not be there. Every
run makes them before it publishes; here they run on what is published, the newest unit
of each dataset or the dates that are named. A NAME is a test or a dataset, as of
--select. A failed test ends with exit code 3, one that only warns does not.

EXAMPLES
   1. everything:                              ledgermill test
   2. unit tests alone, for a CI:              ledgermill test --unit --format junit > report.xml
   3. what concerns one model:                 ledgermill test transactions
   4. data tests of a month:                   ledgermill test --data --from 2025-01-01 --to 2025-01-31
   5. what became of a test in the last runs:  ledgermill test --history transactions
   6. a unit test from five rows of a day:     ledgermill test --create transactions --date 2025-01-31 --rows 5`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "select", Usage: "tests or datasets: `NAMES` and globs parted by commas, +name with what it is made from, name+ with what is made from it"},
			&cli.BoolFlag{Name: "unit", Usage: "unit tests alone"},
			&cli.BoolFlag{Name: "data", Usage: "data tests alone"},
			&cli.StringFlag{Name: "from", Usage: "first business `DATE` of data tests, 2025-01-31"},
			&cli.StringFlag{Name: "to", Usage: "last business `DATE` of data tests"},
			&cli.StringFlag{Name: "date", Usage: "the one business `DATE`"},
			&cli.StringFlag{Name: "history", Usage: "what became of a `TEST` in the last runs: its name, or that of a dataset"},
			&cli.IntFlag{Name: "last", Value: 20, Usage: "how many runs --history looks at"},
			&cli.StringFlag{Name: "create", Usage: "write a unit test of `MODEL` from rows of --date, private values replaced"},
			&cli.IntFlag{Name: "rows", Value: 10, Usage: "rows of each input that --create takes, 1 to 100"},
			&cli.StringFlag{Name: "where", Usage: "`CONDITION` on the rows of the first input that --create takes"},
			formatFlag("text, json or junit"),
		},
		Action: a.onDates(a.test, "text", "json", "junit"),
	}
}

// test does the one thing that the flags ask for.
func (a *app) test(c *call) error {
	asked := slices.DeleteFunc([]string{"history", "create"}, func(flag string) bool { return !c.IsSet(flag) })
	others := slices.DeleteFunc([]string{"unit", "data", "select"}, func(flag string) bool { return !c.IsSet(flag) })
	switch {
	case c.Args().Present() && (len(asked) > 0 || c.IsSet("select")):
		return usagef("ledgermill test "+c.Args().First(), "%q goes with neither --select, --history nor --create", c.Args().First())
	case len(asked) > 1 || len(asked) == 1 && len(others) > 0:
		return usagef("ledgermill test --help", "--%s goes with neither --unit, --data nor --select, nor with each other", asked[0])
	case c.Bool("unit") && c.Bool("data"):
		return usagef("neither, for both", "--unit and --data leave each other out")
	case len(asked) == 0:
		return a.runTests(c)
	case c.format == "junit":
		return usagef("--format text or --format json", "--format junit is of tests that are run")
	case asked[0] == "history":
		return a.testHistory(c)
	}
	return a.createTest(c)
}

func (a *app) runTests(c *call) (err error) {
	project := c.work.project
	names, from := c.String("select"), "--select: "
	if c.Args().Present() {
		names, from = strings.Join(c.Args().Slice(), ","), ""
	}
	chosen, err := project.SelectTests(names)
	if err != nil {
		return usagef("ledgermill test", "%s%v", from, err)
	}
	report := &engine.TestReport{Unit: []engine.UnitTestResult{}}
	if !c.Bool("data") {
		if report.Unit, err = runUnitTests(c, project, chosen.Unit); err != nil {
			return err
		}
	}
	// A pattern may name unit tests alone.
	if !c.Bool("unit") && (chosen.Datasets == nil || len(chosen.Datasets)+len(chosen.Data) > 0) {
		selection := c.selection
		selection.Datasets = chosen.Datasets
		err = c.reading("test", nil, func(m *mill) error {
			report.Data, err = m.TestPublished(c.Context.Context, selection, chosen.Data)
			return err
		})
	}
	report.Judge()
	a.exit = report.Exit
	if err != nil && len(report.Unit) == 0 {
		return err
	}
	return errors.Join(err, a.printTests(c, report))
}

func (a *app) printTests(c *call, report *engine.TestReport) error {
	switch c.format {
	case "json":
		return printJSON(a.stdout, report)
	case "junit":
		return report.JUnit(a.stdout)
	}
	return report.Text(a.stdout)
}

func runUnitTests(c *call, project *model.Project, tests []*model.UnitTest) (results []engine.UnitTestResult, err error) {
	binder, err := duckdb.NewBinder(c.Context.Context)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, binder.Close()) }()
	return engine.RunUnitTests(c.Context.Context, project, binder, tests)
}

// testHistory shows what became of a test: a data test's name, what a `test` line
// says, or the name of a dataset.
func (a *app) testHistory(c *call) error {
	name, last := c.String("history"), c.Int("last")
	if last < 1 {
		return usagef("--last 20", "--last %d is no number of runs", last)
	}
	known := c.work.project.DataTestNames()
	if !slices.Contains(known, name) {
		return usagef("one of "+strings.Join(known, "; "), "--history: no data test is called %q%s", name, sqltext.DidYouMean(name, known))
	}
	return c.reading("test", nil, func(m *mill) error {
		past, err := m.TestHistory(c.Context.Context, last, func(dataset, test string) bool {
			return test == name || slices.Contains(strings.Split(dataset, ", "), name)
		})
		if err != nil {
			return err
		}
		if c.format == "json" {
			return printJSON(a.stdout, past)
		}
		if len(past) == 0 {
			_, err := fmt.Fprintf(a.stdout, "%s ran in none of the last %d runs\n", name, last)
			return err
		}
		return engine.PastText(a.stdout, past)
	})
}

// createTest writes a unit test from rows of a day, and proves it before it stays.
func (a *app) createTest(c *call) error {
	project := c.work.project
	name := c.String("create")
	one := project.Models[name]
	switch names := sortedModels(project); {
	case one == nil:
		return usagef("one of "+strings.Join(names, ", "), "--create: no model %q%s", name, sqltext.DidYouMean(name, names))
	case one.Dated() != c.IsSet("date"):
		return usagef("--date 2025-01-31 of a dated model, and none of a whole one", "--create %s: its partition is %s", name, one.Partition)
	case c.Int("rows") < 1 || c.Int("rows") > 100:
		return usagef("--rows 10", "--rows %d is not between 1 and 100", c.Int("rows"))
	}
	if _, ok := c.work.files.(builtin); ok {
		return usagef("ledgermill init DIR, then --project DIR", "the project is in the program: there is no directory for the test")
	}
	graph, err := c.work.lineage(c.Context.Context)
	if err != nil {
		return err
	}
	var given []model.GivenRows
	err = c.reading("test", nil, func(m *mill) error {
		m.Lineage = graph
		given, err = m.Sample(c.Context.Context, engine.Sampling{Model: one, Unit: job.UnitOf(one.Partition, c.selection.From), Rows: c.Int("rows"), Where: c.String("where")})
		return err
	})
	if err != nil {
		return err
	}
	return a.writeTest(c, one, given)
}

func (a *app) writeTest(c *call, one *model.Model, given []model.GivenRows) (err error) {
	binder, err := duckdb.NewBinder(c.Context.Context)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, binder.Close()) }()
	text, rows, err := c.work.project.NewUnitTest(c.Context.Context, binder, one, c.String("date"), given)
	if err != nil {
		return err
	}
	root := c.work.config.Project
	file := c.work.project.TestFile(one, c.String("date"), func(file string) bool {
		_, err := os.Stat(filepath.Join(root, file))
		return err == nil
	})
	path := filepath.Join(root, filepath.FromSlash(file))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	if err := a.proves(c, file); err != nil {
		return errors.Join(fmt.Errorf("the test that was written does not hold, and is removed: %w", err), os.Remove(path))
	}
	_, err = fmt.Fprintf(a.stdout, "%s: %d rows expected, and it passes\n", file, rows)
	return err
}

// proves reads the project again, and runs the test of a file.
func (a *app) proves(c *call, file string) error {
	again, err := a.open(c.Context.Context, c.work.config)
	if err != nil {
		return err
	}
	tests := slices.DeleteFunc(slices.Clone(again.project.UnitTests), func(t *model.UnitTest) bool { return t.File != file })
	results, err := runUnitTests(c, again.project, tests)
	if err != nil {
		return err
	}
	report := &engine.TestReport{Unit: results}
	if report.Judge(); report.Exit != 0 || len(results) != 1 {
		var b strings.Builder
		return errors.Join(errors.New("it fails"), report.Text(&b), errors.New(b.String()))
	}
	return nil
}

func sortedModels(project *model.Project) []string {
	var names []string
	for _, name := range project.Order {
		if project.Models[name] != nil {
			names = append(names, name)
		}
	}
	return names
}
