package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"ledgermill/bench/datagen"
	"ledgermill/engine"
	"ledgermill/engine/config"
	"ledgermill/engine/model"
	"ledgermill/queries"
)

// demoFile is what the first demo writes into its directory, so that a second one
// works on the same input.
const demoFile = "demo.json"

// demoSizes are the sizes of a demo.
type demoSizes struct {
	Rows    int    `json:"rows"`
	Days    int    `json:"days"`
	Seed    uint64 `json:"seed"`
	EndDate string `json:"end_date"`
	Input   string `json:"input,omitempty"` // in an object store; "": below the directory
	Lake    string `json:"lake,omitempty"`
}

func (a *app) demoCommand() *cli.Command {
	return &cli.Command{
		Name:  "demo",
		Usage: "generate raw data and run the whole pipeline, on a private PostgreSQL",
		Description: `The first demo in a directory generates raw objects with one defect in a hundred,
makes the lake, loads the warehouse, and shows the accounts and three queries. A
second one finds nothing to do. Nothing is left running.

EXAMPLES
   1. a million rows:               ledgermill demo
   2. a quick look, no server:      ledgermill demo --rows 100000 --until lake --dir /tmp/look
   3. raw and lake on MinIO:        LEDGERMILL_S3_ENDPOINT=http://localhost:9000 ledgermill demo --s3 --dir /tmp/s3`,
		Flags: []cli.Flag{
			&cli.IntFlag{Name: "rows", Aliases: []string{"count"}, Value: 1_000_000, Usage: "records a day"},
			&cli.IntFlag{Name: "days", Value: 1, Usage: "business dates, the last of them yesterday"},
			&cli.StringFlag{Name: "dir", Value: "demo", Usage: "`DIR` that holds everything"},
			&cli.BoolFlag{Name: "s3", Usage: "raw objects and lake on the S3 store of the settings: where `input` and lake.root are, else in a bucket " + demoBucket},
			&cli.StringFlag{Name: "until", Value: "load", Usage: "stop after `STEP`: lake or load"},
			formatFlag("text or json"),
		},
		Action: a.demo,
	}
}

func (a *app) demo(c *cli.Context) error {
	dir, until := c.String("dir"), c.String("until")
	if until != "lake" && until != "load" {
		return usagef("--until lake", "--until %q is no step", until)
	}
	sizes, err := demoSizesOf(c, dir)
	if err != nil {
		return err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	conf, err := a.demoSettings(c, dir, &sizes)
	if err != nil {
		return err
	}
	if err := a.demoInput(c, dir, sizes, conf); err != nil {
		return err
	}
	conf.Project = dir
	if err := a.execute(c, execution{config: conf, name: "demo", until: until}); err != nil {
		return err
	}
	if a.exit != engine.ExitDone || c.String("format") != "text" {
		return nil
	}
	return a.demoShow(c, conf, until)
}

// demoSizesOf are the sizes that the first demo in the directory wrote down, or
// those of this call. Other flags on an old directory would mix two histories.
func demoSizesOf(c *cli.Context, dir string) (demoSizes, error) {
	yesterday := time.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly)
	asked := demoSizes{Rows: c.Int("rows"), Days: c.Int("days"), Seed: 1, EndDate: yesterday}
	data, err := os.ReadFile(filepath.Join(dir, demoFile))
	if errors.Is(err, fs.ErrNotExist) {
		return asked, nil
	}
	var known demoSizes
	if err == nil {
		err = json.Unmarshal(data, &known)
	}
	if err != nil {
		return asked, fmt.Errorf("read %s: %w", filepath.Join(dir, demoFile), err)
	}
	if where := known.Input != ""; where != c.Bool("s3") {
		return asked, usagef("--dir of a new directory", "%s holds a demo with its raw objects in %s", dir, cmp.Or(known.Input, "the directory itself"))
	}
	if c.IsSet("rows") && asked.Rows != known.Rows || c.IsSet("days") && asked.Days != known.Days {
		return asked, usagef("--dir of a new directory, or the demo without sizes", "%s holds a demo of %d rows a day and %d days", dir, known.Rows, known.Days)
	}
	return known, nil
}

// demoInput generates the raw objects once, and the settings that make the
// directory a project of its own.
func (a *app) demoInput(c *cli.Context, dir string, s demoSizes, conf config.Config) error {
	options := datagen.Defaults(time.Now())
	date, err := time.Parse(time.DateOnly, s.EndDate)
	if err != nil {
		return err
	}
	options.Output, options.RowsPerDay, options.Days, options.Seed, options.EndDate = datagen.Directory(conf.Input), s.Rows, s.Days, s.Seed, date
	if s.Input != "" {
		if options.Output, err = a.demoStore(c, conf); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	began := time.Now()
	report, err := datagen.Generate(c.Context, options)
	if err != nil {
		return err
	}
	if c.String("format") == "text" && !report.Reused {
		a.printGenerated(report, conf.Input, time.Since(began))
	}
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	own := demoProject(s, conf)
	var settings strings.Builder
	if err := config.Write(&settings, "", own); err != nil {
		return err
	}
	for name, text := range map[string]string{demoFile: string(data) + "\n", config.FileName: settings.String()} {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err == nil {
			continue
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return fmt.Errorf("demo: %w", err)
		}
	}
	return nil
}

// demoQueries are the queries that a demo shows, with so many rows of each.
func demoQueries() []string {
	return []string{"customer_segments", "revenue_by_category", "fraud_by_type"}
}

func (a *app) demoShow(c *cli.Context, conf config.Config, until string) error {
	w, err := a.open(c.Context, conf)
	if err != nil {
		return err
	}
	on := model.Warehouse
	if until == "lake" {
		on = model.Lake
	}
	for _, name := range demoQueries() {
		q, err := queries.Find(w.project, name)
		if err != nil {
			return err
		}
		fmt.Fprintf(a.stdout, "\n%s: %s\n", name, q.About)
		if err := a.answer(c.Context, w, queries.Options{Project: w.project, Name: name, On: on}, printing{format: "text", limit: 8}); err != nil {
			return err
		}
	}
	self := programName()
	fmt.Fprintf(a.stdout, "\nwhere it lies\n  raw objects  %s\n  lake         %s\n", conf.Input, conf.Lake.Root)
	if until == "load" {
		fmt.Fprintf(a.stdout, "  warehouse    %s\n", a.whereWarehouse(c, w))
	}
	fmt.Fprintf(a.stdout, "try next\n  %[1]s status --project %[2]s\n  %[1]s query --project %[2]s\n  %[1]s warehouse start --project %[2]s\n  %[1]s init bank   # the SQL files, to edit\n", self, c.String("dir"))
	return nil
}

// programName is how the user calls this program.
func programName() string {
	path, err := os.Executable()
	if err != nil || strings.Contains(path, "go-build") {
		return "go run ./cmd/ledgermill"
	}
	return filepath.Base(path)
}
