package engine_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine"
	"ledgermill/engine/job"
	"ledgermill/engine/ledger"
)

// example are the files of a project in examples/.
func example(t *testing.T, name, data string, at site) *bench {
	t.Helper()
	dir := shared(t, data)
	b := newBenchAt(t, os.DirFS(filepath.Join("..", "examples", name)), at)
	if err := os.Remove(b.input); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(b.input, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return b
}

// planned are the units of a plan by action, without those that follow from others.
func planned(p *engine.Plan, dataset string) map[string][]job.Unit {
	units := map[string][]job.Unit{}
	for _, u := range p.Units {
		if u.Dataset == dataset {
			units[u.Action] = append(units[u.Action], u.Unit)
		}
	}
	return units
}

func madeUnits(r *engine.Report, dataset string) []job.Unit {
	var units []job.Unit
	for _, u := range r.Units {
		if u.Dataset == dataset {
			units = append(units, u.Unit)
		}
	}
	return units
}

// sumOf is the accepted control sum of all published units of a contract.
func sumOf(state *ledger.State, contract string) (read, accepted ledger.Tally) {
	for _, unit := range state.UnitNames(contract) {
		record, _ := state.Unit(contract, unit)
		sum := ledger.Sum(record.Cells)
		read, accepted = read.Plus(sum.Read), accepted.Plus(sum.Accepted)
	}
	return read, accepted
}

func gunzip(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	r, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func gzipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

const (
	payments   = "raw_card_payments"
	correction = "transactions_2018-05-02.csv.gz"
	removed    = "transactions_2018-06-10.csv.gz"
	garbage    = "transactions_2018-07-15.csv.gz"
	late       = "transactions_2018-10-01.csv.gz"
)

// TestHandbook runs half a year of real-shaped input, then changes it in four
// ways at once: exactly the units that are touched are planned and made.
func TestHandbook(t *testing.T) {
	t.Parallel()
	onSitesIfAsked(t, handbook)
}

func handbook(t *testing.T, at site) {
	b := example(t, "fraud_handbook", "fraud_handbook", at)
	report := b.run(engine.Selection{})
	state := b.open(false).State()
	read, accepted := sumOf(state, payments)
	if read.Records != 1_754_155 || read.Groups[0].Sums[0].String() != "94079370.08" {
		t.Errorf("read %d records, %v", read.Records, read.Groups)
	}
	if n := len(state.UnitNames(payments)); n != 183 {
		t.Errorf("%d units, want 183", n)
	}
	account := report.Accounts[0]
	if got := account.Cell.Rejected["amount_positive"].Records; got != 42 {
		t.Errorf("%d records of amount 0.0 rejected, want 42", got)
	}
	if account.Cell.Rounded != 1_214 {
		t.Errorf("%d rounded records, want 1,214", account.Cell.Rounded)
	}
	if d := account.Lake.Difference(accepted); d != "" {
		t.Errorf("in the lake, and accepted: %s", d)
	}
	before := lakeBytes(t, b)

	header, _, _ := strings.Cut(gunzip(t, filepath.Join(b.input, correction)), "\n")
	corrected := gunzip(t, filepath.Join(b.input, correction))
	corrected = corrected[:strings.LastIndex(strings.TrimRight(corrected, "\n"), "\n")+1] // its last record was never made
	b.write(correction, gzipped(t, corrected))
	b.write(late, gzipped(t, header+"\n"+
		"9000001,2018-08-01 10:00:00,1,1,10.50,0,0,0,0\n"+
		"9000002,2018-08-02 10:00:00,1,1,11.50,0,0,0,0\n"+
		"9000003,2018-08-03 10:00:00,1,1,12.50,0,0,0,0\n"))
	if err := os.Remove(filepath.Join(b.input, removed)); err != nil {
		t.Fatal(err)
	}
	b.write(garbage, "this is not gzip at all")

	want := map[string][]job.Unit{
		engine.ActionMake: {"2018-05-02", "2018-08-01", "2018-08-02", "2018-08-03"},
		engine.ActionHold: {"2018-07-15"},
		engine.ActionSeal: {"2018-06-10"},
	}
	if d := cmp.Diff(want, planned(b.plan(engine.Selection{}), payments)); d != "" {
		t.Errorf("plan (-want +got):\n%s", d)
	}
	if d := cmp.Diff(before, lakeBytes(t, b)); d != "" {
		t.Errorf("the plan changed the lake:\n%s", d)
	}
	report = b.run(engine.Selection{})
	if d := cmp.Diff(want[engine.ActionMake], madeUnits(report, payments)); d != "" {
		t.Errorf("made (-want +got):\n%s", d)
	}
	if report.Exit != engine.ExitHeld {
		t.Errorf("exit %d, want %d", report.Exit, engine.ExitHeld)
	}
	if d := cmp.Diff(want[engine.ActionMake], changedUnits(before, lakeBytes(t, b))); d != "" {
		t.Errorf("units whose files changed (-want +got):\n%s", d)
	}
	again := b.run(engine.Selection{})
	if len(again.Units) != 0 || again.Exit != engine.ExitHeld {
		t.Errorf("a run after it made %v, exit %d", again.Units, again.Exit)
	}
}

// lakeBytes is the content of all published files of a lake, by key.
func lakeBytes(t *testing.T, b *bench) map[string]string {
	t.Helper()
	files := map[string]string{}
	entries, err := filepath.Glob(filepath.Join(b.lake, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range entries {
		if base := filepath.Base(dir); strings.HasPrefix(base, "_") && base != "_rejects" {
			continue
		}
		err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			data, err := os.ReadFile(path)
			key, _ := filepath.Rel(b.lake, path)
			files[key] = digest(data)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// changedUnits are the day units of which a file is new or other than before.
func changedUnits(before, after map[string]string) []job.Unit {
	units := map[job.Unit]bool{}
	for key, content := range after {
		if before[key] != content {
			units[unitOfKey(key)] = true
		}
	}
	return slices.Sorted(maps.Keys(units))
}
