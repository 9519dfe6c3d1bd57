package engine

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"ledgermill/engine/job"
	"ledgermill/engine/ledger"
)

// Text prints the report for people.
func (r *Report) Text(w io.Writer) error {
	b := &strings.Builder{}
	if r.NothingToDo() {
		fmt.Fprintf(b, "run %s: nothing to do\n", r.short())
		r.troubles(b)
	} else {
		fmt.Fprintf(b, "run %s: %s\n", r.short(), r.headline())
		r.steps(b)
		for _, a := range r.Accounts {
			a.text(b)
		}
		r.troubles(b)
		fmt.Fprintf(b, "done in %.1f s: %s\n", r.Seconds, r.outcome())
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Report) short() string { return r.Run[:min(4, len(r.Run))] }

// headline names the units that were made, and why: "2025-01-31 new".
func (r *Report) headline() string {
	why := map[job.Unit]string{}
	for _, u := range r.Units {
		if _, ok := why[u.Unit]; !ok || why[u.Unit] == "" {
			why[u.Unit] = shortWhy(u.Why)
		}
	}
	names := sortedKeys(why)
	if len(names) > 1 {
		names = slices.DeleteFunc(names, func(u job.Unit) bool { return u == job.Whole })
	}
	var parts []string
	for i := 0; i < len(names); {
		j := i
		for j+1 < len(names) && names[j+1] != job.Whole && why[names[j+1]] == why[names[i]] {
			j++
		}
		text := string(names[i])
		if j > i+1 {
			text = fmt.Sprintf("%s to %s (%d)", names[i], names[j], j-i+1)
		} else if j > i {
			text += ", " + string(names[j])
		}
		parts = append(parts, strings.TrimSpace(text+" "+why[names[i]]))
		i = j + 1
	}
	const most = 6
	if len(parts) > most {
		parts = append(parts[:most], fmt.Sprintf("and %d more", len(parts)-most))
	}
	if parts == nil {
		return "nothing made"
	}
	return strings.Join(parts, "; ")
}

// shortWhy leaves the objects' names to `plan`.
func shortWhy(why []string) string {
	if len(why) == 0 {
		return ""
	}
	for _, kind := range []string{"late rows", "corrected", "edited", "other control file"} {
		if strings.HasPrefix(why[0], kind) {
			return kind
		}
	}
	return why[0]
}

func (r *Report) steps(b *strings.Builder) {
	line := func(step, text string, rows int64) {
		seconds := r.Steps[step]
		rate := ""
		if seconds > 0 && rows > 0 {
			rate = fmt.Sprintf("%12s/s", count(int64(float64(rows)/seconds)))
		}
		fmt.Fprintf(b, "  %-8s %-42s %6.1f s%s\n", step, text, seconds, rate)
	}
	var accepted int64
	for _, a := range r.Accounts {
		accepted += a.Cell.Accepted.Records
	}
	line("read", fmt.Sprintf("%s records, %s, %s", count(r.Read.Records), Plural(r.Read.Objects, "object"), bytesText(r.Read.Bytes)), r.Read.Records)
	if r.Reading != nil {
		fmt.Fprintf(b, "  %-8s %s\n", "", r.Reading.line())
	}
	line("clean", count(accepted)+" accepted", accepted)
	models, units, rows := r.modelCounts()
	line("models", fmt.Sprintf("%s, %s, %s rows", Plural(models, "model"), Plural(units, "unit"), count(rows)), rows)
	passed, warned := r.testCounts()
	fmt.Fprintf(b, "  %-8s %s passed%s\n", "tests", count(int64(passed)), warned)
	unchanged := ""
	if r.Unchanged > 0 {
		unchanged = fmt.Sprintf(", %d with equal rows", r.Unchanged)
	}
	line("lake", fmt.Sprintf("%s published, %s%s", Plural(r.Published, "object"), bytesText(r.Bytes), unchanged), 0)
	if r.Load != nil {
		line("load", fmt.Sprintf("%s, %s rows", Plural(r.Load.Leaves, "leaf"), count(r.Load.Rows)), r.Load.Rows)
	}
}

func (r *Report) modelCounts() (models, units int, rows int64) {
	names, dates := map[string]bool{}, map[job.Unit]bool{}
	contracts := map[string]bool{}
	for _, a := range r.Accounts {
		contracts[a.Feed] = true
	}
	for _, u := range r.Units {
		if contracts[u.Dataset] {
			continue
		}
		names[u.Dataset], dates[u.Unit] = true, true
		rows += u.Rows
	}
	return len(names), len(dates), rows
}

func (r *Report) testCounts() (passed int, warned string) {
	warnings := 0
	for _, t := range r.Tests {
		switch {
		case t.Passed:
			passed++
		case t.Warn:
			warnings++
		}
	}
	if warnings > 0 {
		warned = fmt.Sprintf(", %d warned", warnings)
	}
	return passed, warned
}

func (r *Report) troubles(b *strings.Builder) {
	if r.Plan != nil {
		for _, o := range r.Plan.Objects {
			if o.Change == RefusedObject || o.Change == WaitingObject {
				fmt.Fprintf(b, "object %s %s: %s\n", o.Change, o.Key, o.Detail)
				try(b, o.Try)
			}
		}
	}
	for _, a := range r.Accounts {
		a.stillMasked(b)
	}
	const most = 20
	for i, v := range r.Verdicts {
		if i == most {
			fmt.Fprintf(b, "and %d more: ledgermill status\n", len(r.Verdicts)-most)
			break
		}
		fmt.Fprintf(b, "%s %s %s: %s\n", v.Kind, v.Dataset, v.Unit, v.Reason)
	}
	for _, remedy := range remedies(r.Verdicts) {
		try(b, remedy)
	}
	for _, n := range r.Unusual {
		fmt.Fprintf(b, "unusual %s\n", n)
	}
	for _, t := range r.Tests {
		if !t.Passed && t.Warn {
			fmt.Fprintf(b, "warned %s %s: %s: %s rows\n", t.Dataset, t.Unit, t.Test, count(t.Failures))
		}
	}
}

func try(b *strings.Builder, remedy string) {
	if remedy != "" {
		fmt.Fprintf(b, "try: %s\n", remedy)
	}
}

// remedies are what to do about units that were not published, each once. What is
// only held comes with what it is made from.
func remedies(verdicts []ledger.Verdict) []string {
	var all []string
	for _, v := range verdicts {
		remedy := ""
		switch {
		case v.Kind == ledger.FailedKind:
			remedy = "correct the statement; `ledgermill test` tries it on rows that a test gives"
		case v.Kind == ledger.RefusedKind && v.Exit == ExitBalance:
			remedy = "compare both sides; the unit stays as it was until the object, its control file or the statement is corrected"
		case v.Kind == ledger.RefusedKind:
			remedy = "correct the object, the statement, the test or the limit: until one of them changes the unit stays as it was"
		}
		if remedy != "" && !slices.Contains(all, remedy) {
			all = append(all, remedy)
		}
	}
	return all
}

func (r *Report) outcome() string {
	units := map[job.Unit]bool{}
	for _, u := range r.Units {
		units[u.Unit] = true
	}
	var read, rejected int64
	for _, a := range r.Accounts {
		read += a.Cell.Read.Records
		rejected += a.Cell.RejectedTotal().Records
	}
	text := Plural(len(units), "unit") + " published"
	if read > 0 {
		text += fmt.Sprintf(", %s records rejected (%.2f %%)", count(rejected), 100*float64(rejected)/float64(read))
	}
	held := 0
	for _, v := range r.Verdicts {
		if v.Exit != ExitDone {
			held++
		}
	}
	if held > 0 {
		text += fmt.Sprintf(", %d held", held)
	}
	return text
}

func bytesText(n int64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.2f GB", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.0f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.0f kB", float64(n)/1e3)
}
