package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"ledgermill/engine/ledger"
	stands "ledgermill/engine/standing"
)

// RunRecord is what is known of a run: its record in the ledger, and the report that
// was kept beside it.
type RunRecord struct {
	ledger.RunSummary
	Report *Report `json:"report,omitempty"` // nil where it was removed, or the run ended before it was written
}

// RunRecord returns the record of a run, by its id or the beginning of it, "" the last one.
func (m *Mill) RunRecord(ctx context.Context, id string) (RunRecord, error) {
	one, ok := m.State().Run(id)
	if runs := m.State().Runs; id == "" && len(runs) > 0 {
		one, ok = runs[len(runs)-1], true
	}
	if !ok {
		return RunRecord{}, &NothingError{What: fmt.Sprintf("there is no run %q", id)}
	}
	record := RunRecord{RunSummary: one}
	key := ledger.Prefix + "runs/" + one.Run + ".json"
	r, err := m.Lake.Open(ctx, key)
	if errors.Is(err, fs.ErrNotExist) {
		return record, nil
	} else if err != nil {
		return record, &StoreError{Op: "open", URL: m.Lake.URL() + "/" + key, Err: err}
	}
	err = json.NewDecoder(r).Decode(&record.Report)
	if err = errors.Join(err, r.Close()); err != nil {
		return record, &StoreError{Op: "read", URL: m.Lake.URL() + "/" + key, Err: err}
	}
	return record, nil
}

// Idle returns the last run that found nothing to do, if that was later than all that
// are recorded; nil where it was not.
func (m *Mill) Idle(ctx context.Context) (*ledger.RunSummary, error) {
	idle, err := ledger.ReadIdle(ctx, m.Lake)
	if err != nil || idle == nil || !idle.Finished.After(m.State().LastRun()) {
		return nil, err
	}
	return idle, nil
}

// Text prints the record for people.
func (r RunRecord) Text(w io.Writer) error {
	b := &strings.Builder{}
	fmt.Fprintf(b, "run %s: %s\n  started %s, %.1f s, exit %d, %s\n", r.Run, r.Command, r.Started.Format("2006-01-02 15:04:05 UTC"),
		r.Finished.Sub(r.Started).Seconds(), r.Exit, Plural(r.Units, "unit"))
	if r.Reason != "" {
		fmt.Fprintf(b, "  reason: %s\n", r.Reason)
	}
	if r.Error != "" {
		fmt.Fprintf(b, "  error: %s\n", r.Error)
	}
	switch {
	case r.Report != nil:
		for _, a := range r.Report.Accounts {
			a.text(b)
			a.parts(b)
		}
		r.Report.troubles(b)
	default:
		for _, a := range r.Account {
			FeedAccount{Feed: a.Feed, Aggregates: a.By, Cell: a.Cell}.text(b)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// shownParts is how many objects or units of a feed are printed, those that were
// refused first of all.
const shownParts = 40

// parts prints the accounts of a feed by object and by unit.
func (a FeedAccount) parts(b *strings.Builder) {
	for _, part := range []struct {
		head string
		all  []PartAccount
	}{{"by object", a.Objects}, {"by unit", a.Units}} {
		t := accountTable{account: a, whole: true, heads: []string{"  " + part.head, "read", "accepted", "duplicate", "rejected"}, marks: map[int]string{}}
		hidden := 0
		for _, p := range part.all {
			if len(t.rows) >= shownParts && p.Refused == nil {
				hidden++
				continue
			}
			c := p.Cell
			row := []string{"    " + p.Name, count(c.Read.Records), count(c.Accepted.Records), count(c.Duplicate.Records), count(c.RejectedTotal().Records)}
			if p.Refused != nil {
				row[2], row[3], row[4] = "", "", ""
			}
			t.rows = append(t.rows, row)
			if p.Refused != nil {
				t.mark(" refused: " + p.Refused.Reason)
			}
		}
		if hidden > 0 {
			t.note(fmt.Sprintf("and %s more: --format json", count(int64(hidden))))
		}
		if len(t.rows) > 0 {
			t.print(b)
		}
	}
}

// Troubles are what somebody should look at, a line each: objects that were refused,
// units that are not published, feeds of which more than a share was rejected, in per
// cent, and figures that are unusual.
func (r *Report) Troubles(rejects float64) []string {
	lines := []string{}
	if r.Plan != nil {
		for _, o := range r.Plan.Objects {
			if o.Change == RefusedObject {
				lines = append(lines, fmt.Sprintf("object refused %s: %s", o.Key, o.Detail))
			}
		}
	}
	for _, v := range r.Verdicts {
		lines = append(lines, fmt.Sprintf("%s %s %s: %s", v.Kind, v.Dataset, v.Unit, v.Reason))
	}
	for _, a := range r.Accounts {
		read, rejected := a.Cell.Read.Records, a.Cell.RejectedTotal().Records
		if percent := 100 * float64(rejected) / float64(max(read, 1)); percent > rejects {
			lines = append(lines, fmt.Sprintf("%s: %s of %s records rejected (%.2f %%, more than %g %%)", a.Feed, count(rejected), count(read), percent, rejects))
		}
	}
	for _, n := range r.Unusual {
		lines = append(lines, "unusual: "+n.String())
	}
	return lines
}

// unusual are the figures of the feeds that the run has read, and its duration, that
// are unlike those of the weeks before.
func (r *run) unusual(summary ledger.RunSummary) []stands.Note {
	state := *r.State()
	state.Runs = append(slices.Clone(state.Runs), summary)
	return slices.DeleteFunc(stands.Unusual(&state), func(n stands.Note) bool {
		read := slices.ContainsFunc(r.report.Accounts, func(a FeedAccount) bool { return a.Feed == n.About })
		return !read && n.Unit != r.Run
	})
}
