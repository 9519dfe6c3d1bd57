package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"ledgermill/engine"
	"ledgermill/engine/contract"
	"ledgermill/engine/job"
	"ledgermill/queries"
)

func rejectFlags(more ...cli.Flag) []cli.Flag {
	return append([]cli.Flag{
		&cli.StringFlag{Name: "feed", Usage: "`CONTRACT`, such as raw_transactions"},
		&cli.StringFlag{Name: "reason", Usage: "`CODE` of the reason"},
		&cli.StringFlag{Name: "unit", Usage: "`UNIT`: a date, month or year, or none for records without a date"},
		&cli.StringFlag{Name: "object", Usage: "`KEY` of the raw object"},
		&cli.BoolFlag{Name: "open", Usage: "without those that a record fixed by hand has closed"},
	}, more...)
}

func (a *app) rejectsCommand() *cli.Command {
	return &cli.Command{
		Name:  "rejects",
		Usage: "list, show, export and replay refused records",
		Description: `Rejects lie beside the lake, below _rejects/: the record as it was sent, where it
stood, and why it was refused. Private columns are masked.

A record fixed by hand comes back as a new raw object that matches the feed's
pattern: export writes one to correct, private columns as ***: put the real values
back. Its column _reject_id closes the old reject once the fixed record is accepted.

EXAMPLES
   1. what was refused:           ledgermill rejects ls
   2. look at some:               ledgermill rejects show --reason amount_type
   3. correct them:               ledgermill rejects export --feed raw_transactions --open --output fixed.csv
   4. after a rule was edited:    ledgermill rejects replay --feed raw_transactions`,
		Subcommands: []*cli.Command{
			{
				Name: "ls", Usage: "count rejects by feed, unit and reason", Flags: rejectFlags(formatFlag("text, csv or json")),
				Action: a.on(func(c *call) error {
					return a.onRejects(c, func(ctx context.Context, l *queries.Lake, s queries.RejectSelection) error {
						result, err := queries.CountRejects(ctx, l, c.work.project, s)
						return a.printResult(result, err, c.printing())
					})
				}, "text", "csv", "json"),
			},
			{
				Name: "show", Usage: "print rejected records with their reasons",
				Flags: rejectFlags(&cli.StringFlag{Name: "id", Usage: "the one `REJECT`"},
					&cli.IntFlag{Name: "limit", Value: 20, Usage: "`ROWS` at most, 0 for all"}, rawFlag(), formatFlag("text, csv or json")),
				Action: a.on(func(c *call) error {
					return a.onRejects(c, func(ctx context.Context, l *queries.Lake, s queries.RejectSelection) error {
						s.ID = c.String("id")
						result, err := queries.ShowRejects(ctx, l, c.work.project, s)
						return a.printResult(result, err, c.printing())
					})
				}, "text", "csv", "json"),
			},
			{
				Name: "export", Usage: "write rejects as a CSV to correct and send again",
				Description: `The fields as they were sent, behind _reject_id, which closes the reject, but
private columns as ***: put the real values back, or the record is rejected as
masked. Texts that a spreadsheet would run begin with a ': take it off before the
file is sent again, or have --raw leave it out.

The CSV is UTF-8 with a header, with the delimiter and the quote of the feed's own.
Objects with a first or last record, without a header or in another encoding want a
section for corrected ones in the contract, and so do those that are no text: export
says so, and docs/contracts.md shows one.`,
				Flags: rejectFlags(&cli.StringFlag{Name: "output", Usage: "`FILE` to write; - for standard output", Value: "-"}, rawFlag()),
				Action: a.on(func(c *call) error {
					return a.onRejects(c, func(ctx context.Context, l *queries.Lake, s queries.RejectSelection) error {
						return a.exportRejects(ctx, c, l, s)
					})
				}),
			},
			{
				Name: "replay", Usage: "make the units again that own the rejects, under today's contract",
				Flags:  rejectFlags(&cli.StringFlag{Name: "until", Value: "load", Usage: "stop after `STEP`: lake or load"}, formatFlag("text or json")),
				Action: a.replayRejects,
			},
		},
	}
}

// onRejects reads what narrows the rejects, and opens the lake.
func (a *app) onRejects(c *call, do func(context.Context, *queries.Lake, queries.RejectSelection) error) (err error) {
	s, err := rejectSelection(c)
	if err != nil {
		return err
	}
	reader, done, err := c.work.openLake(c.Context.Context)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	return do(c.Context.Context, reader, s)
}

func rejectSelection(c *call) (s queries.RejectSelection, err error) {
	s = queries.RejectSelection{Feed: c.String("feed"), Reason: c.String("reason"), Object: c.String("object"), Unit: job.Unit(c.String("unit")), Open: c.Bool("open")}
	if s.Feed != "" && c.work.project.Contracts[s.Feed] == nil {
		return s, usagef("ledgermill rejects ls", "no contract is called %q", s.Feed)
	}
	if s.Unit != "" && s.Unit != "none" {
		if _, err := job.ParseUnit(string(s.Unit)); err != nil {
			return s, usagef("--unit 2025-01-31, --unit none", "%v", err)
		}
	}
	return s, nil
}

func (a *app) exportRejects(ctx context.Context, c *call, l *queries.Lake, s queries.RejectSelection) (err error) {
	if s.Feed == "" {
		return usagef("--feed CONTRACT: an object is of one feed", "which feed's rejects?")
	}
	one := c.work.project.Contracts[s.Feed]
	rejected, err := queries.LookAtRejects(ctx, l, c.work.project, s, contract.Mask, one.ShowsPrivate)
	if err != nil {
		return err
	}
	result, err := queries.ExportRejects(ctx, l, c.work.project, s, rejected)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, result.Close()) }()
	var out io.Writer = a.stdout
	if path := c.String("output"); path != "-" {
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return usagef("--output FILE of one that is not there yet", "%v", err)
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		out = f
	}
	section, refused := one.Corrected(rejected.Objects, rejected.Header())
	guarded, err := result.CSV(out, queries.CSVOptions{Raw: c.Bool("raw"), Delimiter: section.CSV.Delimiter, Quote: section.CSV.Quote})
	if err == nil {
		a.beforeSending(rejected, guarded, section, refused)
	}
	return err
}

// beforeSending says what is still to be done to an export before it can be sent.
func (a *app) beforeSending(r queries.Rejected, guarded int64, s contract.Section, refused error) {
	if len(r.Private) > 0 {
		fmt.Fprintf(a.stderr, "warning: in %s private columns are %s: %s: put the real values back, or the records are rejected as %s\n",
			engine.Plural(int(r.Masked-r.Whole), "record"), contract.Mask, strings.Join(r.Private, ", "), contract.Masked)
	}
	if r.Whole > 0 {
		fmt.Fprintf(a.stderr, "warning: of %s that cannot be divided into fields the text is %s: take it from the object that it was sent in\n",
			engine.Plural(int(r.Whole), "record"), contract.Mask)
	}
	if guarded > 0 {
		fmt.Fprintf(a.stderr, "warning: %s texts begin with a ' that was not sent, or a spreadsheet would run them: take it off again, or export with --raw\n", engine.Count(guarded))
	}
	if len(r.Objects) == 0 {
		return
	}
	var unfit *contract.CorrectedError
	if errors.As(refused, &unfit) {
		fmt.Fprintf(a.stderr, "warning: %v\ntry: %s\n", unfit, unfit.Try())
		return
	}
	if !slices.ContainsFunc(r.Objects, func(key string) bool { _, ok := s.MatchKey(key); return ok }) {
		fmt.Fprintf(a.stderr, "to send it again: as an object of `objects: %s`\n", s.Objects)
	}
}

// replayRejects runs the units that own the rejects again, whole.
func (a *app) replayRejects(c *cli.Context) error {
	if until := c.String("until"); until != "lake" && until != "load" {
		return usagef("--until lake", "--until %q is no step", until)
	}
	config, err := a.settings(c, nil)
	if err != nil {
		return err
	}
	return a.execute(c, execution{config: config, until: c.String("until"), name: "rejects replay", narrow: a.rejectUnits})
}

// rejectUnits narrows a run to the units that the selected rejects are of.
func (a *app) rejectUnits(c *cli.Context, w *workspace, s *engine.Selection) (err error) {
	one := &call{Context: c, work: w}
	return a.onRejects(one, func(ctx context.Context, l *queries.Lake, rs queries.RejectSelection) error {
		result, err := queries.CountRejects(ctx, l, w.project, rs)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, result.Close()) }()
		feeds, undated := map[string]bool{}, false
		for result.Next() {
			v := result.Values()
			feeds[*v[0]] = true
			s.Units = append(s.Units, job.Unit(*v[1]))
			undated = undated || *v[1] == "none"
		}
		if undated {
			s.Units = nil // they may turn out to be of any unit
		}
		if err := result.Err(); err != nil {
			return err
		}
		if len(feeds) == 0 {
			return &engine.NothingError{What: "nothing was rejected that this selects"}
		}
		var names []string
		for name := range feeds {
			names = append(names, name+"+")
		}
		slices.Sort(names)
		s.Datasets, err = w.project.Select(strings.Join(names, ","))
		if err != nil {
			return fmt.Errorf("replay: %w", err)
		}
		return nil
	})
}
