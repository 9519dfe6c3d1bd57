package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"ledgermill/engine"
	"ledgermill/engine/faulttest"
	"ledgermill/engine/ledger"
)

// disturbance is a run that something went wrong with, what was seen behind it, and
// the runs that came after it undisturbed.
type disturbance struct {
	site     *nightSite
	at       int // the number of the point; 0: it is not known where the fault was
	kind     sweepKind
	run      faulttest.Ended
	took     time.Duration
	behind   observed // the run that was disturbed
	exit     int      // of the run that repaired
	out      string
	repairs  time.Duration
	repaired observed
	idleExit int // of one more run
	idle     observed

	ledgerFaults []string // of reading it all again, and of holding the lake against it
}

// invariant is one of the properties that hold whatever happens to a run. Its check
// returns what violates it.
type invariant struct {
	name, text string
	check      func(*disturbance) []string
}

// invariants are those of the design, I1 to I9.
func invariants() []invariant {
	return []invariant{
		{"I1", "read = accepted + duplicate + rejected, for each object as it was written", (*disturbance).balanced},
		{"I2", "the sums are equal at each hop: what was written, ledger, lake, warehouse", (*disturbance).summed},
		{"I3", "readers see the old or the new state of a unit, never a mix", (*disturbance).oldOrNew},
		{"I4", "a repaired state is that of an undisturbed run, and one more run changes nothing", (*disturbance).repeatable},
		{"I5", "nothing is visible that the ledger does not list, and nothing is left behind", (*disturbance).noOrphans},
		{"I6", "the ledger says the truth: its chain holds, the lake and the warehouse are as it says", (*disturbance).truthful},
		{"I7", "no secret and no private value in any output, log or record", (*disturbance).silent},
		{"I8", "exit code and reason are right", (*disturbance).explained},
		{"I9", "it ends in bounded time", (*disturbance).bounded},
	}
}

// violations are those of all invariants.
func (d *disturbance) violations() []string {
	var found []string
	for _, i := range invariants() {
		for _, v := range i.check(d) {
			found = append(found, i.name+" ("+i.text+"): "+v)
		}
	}
	return found
}

func (d *disturbance) balanced() (v []string) {
	if d.repaired.state == nil {
		return []string{fmt.Sprint("the ledger cannot be read: ", d.repaired.unstated)}
	}
	found := map[string]ledger.Cell{}
	for feed, units := range d.repaired.state.Units {
		if !strings.HasPrefix(feed, "raw_") {
			continue
		}
		for _, u := range units {
			for _, c := range u.Cells {
				found[c.Object] = ledger.Sum([]ledger.Cell{found[c.Object], c})
			}
		}
	}
	for _, objects := range d.repaired.state.Objects {
		for key, o := range objects {
			for _, c := range o.Cells {
				if c.Unit == ledger.NoDate {
					found[key] = ledger.Sum([]ledger.Cell{found[key], c})
				}
			}
		}
	}
	for key, o := range d.site.night.input.objects {
		c := found[key]
		got := []int64{c.Read.Records, c.Accepted.Records, c.Duplicate.Records, c.RejectedTotal().Records}
		want := []int64{int64(o.read), int64(o.accepted), int64(o.dup), int64(o.reject)}
		if !slices.Equal(got, want) {
			v = append(v, fmt.Sprintf("%s: read, accepted, duplicate, rejected are %v, want %v", key, got, want))
		}
	}
	return v
}

func (d *disturbance) summed() (v []string) {
	want := d.site.night.input.desks()
	for hop, got := range map[string]string{"ledger": d.ledgerDesks("raw_loans"), "lake": d.ledgerDesks("loans"), "warehouse": d.repaired.desks, "sums in the warehouse": d.repaired.summed} {
		if got != want {
			v = append(v, fmt.Sprintf("%s (-written +found):\n%s", hop, cmp.Diff(want, got)))
		}
	}
	return v
}

// ledgerDesks are "date desk cents" lines as the ledger has them of a dataset.
func (d *disturbance) ledgerDesks(dataset string) string {
	var lines []string
	if d.repaired.state == nil {
		return ""
	}
	for date, u := range d.repaired.state.Units[dataset] {
		control := u.Control
		if dataset == "raw_loans" {
			control = ledger.Sum(u.Cells).Accepted
		}
		for _, g := range control.Groups {
			lines = append(lines, fmt.Sprintf("%s %s %s", date, g.By[0], g.Sums[0].Mul(decimal.NewFromInt(100)).StringFixed(0)))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func (d *disturbance) oldOrNew() (v []string) {
	old, want := d.site.night.old, d.site.night.want
	either := func(what string, now, before, after map[string]string) {
		for name, digest := range now {
			if digest != before[name] && digest != after[name] {
				v = append(v, fmt.Sprintf("%s %s is neither the old nor the new one", what, name))
			}
		}
		for name := range before {
			if after[name] != "" && now[name] == "" {
				v = append(v, fmt.Sprintf("%s %s is gone", what, name))
			}
		}
	}
	either("object", d.behind.visible(), old.visible(), want.visible())
	either("date", d.behind.units, old.units, want.units)
	either("dimension", d.behind.wholes, old.wholes, want.wholes)
	for key := range want.units {
		if date, isLoans := strings.CutPrefix(key, "loans "); isLoans {
			v = append(v, d.mixed(date)...)
		}
	}
	return v
}

// mixed tells a date whose loans are new while their sums are old, or the other way
// round, unless the ledger says that one of them is held.
func (d *disturbance) mixed(date string) []string {
	age := map[string]string{}
	for _, dataset := range []string{"loans", "desk_days"} {
		before, now, after := d.site.night.old.units[dataset+" "+date], d.behind.units[dataset+" "+date], d.site.night.want.units[dataset+" "+date]
		if before == after {
			return nil
		}
		if age[dataset] = "new"; now == before {
			age[dataset] = "old"
			if s := d.behind.state; s != nil && s.Verdicts[dataset][date].Kind != "" {
				return nil
			}
		}
	}
	if age["loans"] == age["desk_days"] {
		return nil
	}
	return []string{fmt.Sprintf("%s is a mix: %v", date, age)}
}

func (d *disturbance) repeatable() (v []string) {
	want := d.site.night.want
	same := func(what string, a, b any) {
		if diff := cmp.Diff(a, b); diff != "" {
			v = append(v, fmt.Sprintf("%s (-wanted +found):\n%s", what, diff))
		}
	}
	same("objects after the repair", want.visible(), d.repaired.visible())
	same("accounts after the repair", want.accounts(), d.repaired.accounts())
	same("dates in the warehouse after the repair", want.units, d.repaired.units)
	same("dimensions after the repair", want.wholes, d.repaired.wholes)
	same("objects after one more run", d.repaired.files, d.idle.files)
	same("records of the ledger after one more run", d.repaired.records, d.idle.records)
	same("loads after one more run", d.repaired.changes, d.idle.changes)
	if d.idleExit != d.site.night.exit {
		v = append(v, fmt.Sprintf("one more run: exit %d, want %d", d.idleExit, d.site.night.exit))
	}
	return v
}

// noOrphans holds behind the fault as well, but for what the next run clears away.
func (d *disturbance) noOrphans() (v []string) {
	if s := d.repaired.state; s != nil {
		there := map[string]bool{}
		for key := range d.repaired.files {
			there[key] = true
		}
		if diff := cmp.Diff(s.Keys(), there); diff != "" {
			v = append(v, fmt.Sprintf("objects (-ledger +lake):\n%s", diff))
		}
	}
	for _, left := range d.repaired.left {
		v = append(v, "left in the staging area: "+left)
	}
	for _, leaf := range d.repaired.leaves {
		v = append(v, "left in the warehouse: "+leaf)
	}
	return v
}

func (d *disturbance) truthful() (v []string) {
	v = append(v, d.ledgerFaults...)
	if d.behind.state == nil {
		return append(v, fmt.Sprint("the ledger cannot be read behind the fault: ", d.behind.unstated))
	}
	s := d.repaired.state
	if s == nil {
		return v
	}
	tables := map[string]string{"loans": "loans_fact", "desk_days": "desk_days", "books_dim": "books_dim", "desks_dim": "desks_dim"}
	content := map[string]string{}
	for dataset, table := range tables {
		for unit, u := range s.Units[dataset] {
			content[table+" "+unit] = u.Content
		}
	}
	if diff := cmp.Diff(content, d.repaired.loads); diff != "" {
		v = append(v, fmt.Sprintf("loads (-ledger +warehouse):\n%s", diff))
	}
	return append(v, d.recorded()...)
}

// recorded: a run that has begun and could still write says in the ledger what it said
// by its exit code. What fails once it has written so, the answer to that included, comes
// too late, and where the lake's own disk is full all that it can do is try.
func (d *disturbance) recorded() []string {
	before := len(d.site.night.old.state.Runs)
	found := d.behind.state.Runs[min(before, len(d.behind.state.Runs)):]
	last := lastAppend(d.run.Points)
	switch {
	case d.run.Killed, d.kind.name == "stolen lock", d.at == 0, last >= 0 && d.at-1 >= last:
		return nil
	case len(found) > 0 && found[0].Exit != d.run.Exit:
		return []string{fmt.Sprintf("the run ended with exit %d, and its record says %d: %s", d.run.Exit, found[0].Exit, found[0].Error)}
	case len(found) > 0, !began(d.run.Points[:min(d.at, len(d.run.Points))]):
		return nil
	case last >= 0 && d.kind.fault == faulttest.Full && d.site.bucket == "":
		return nil
	}
	return []string{fmt.Sprintf("the run ended with exit %d, and the ledger has no record of it", d.run.Exit)}
}

// began reports whether a run got as far as its input.
func began(points []string) bool {
	return slices.ContainsFunc(points, func(p string) bool { return strings.HasPrefix(p, "input: ") })
}

// lastAppend is where the ledger got its last record, behind which only the lock is
// given back.
func lastAppend(points []string) int {
	last := -1
	for i, p := range points {
		if strings.HasPrefix(p, "ledger: append") {
			last = i
		}
	}
	return last
}

func (d *disturbance) silent() (v []string) {
	secrets := map[string]string{"the private value": nightCanary}
	if parsed, err := url.Parse(d.site.url); err == nil {
		password, _ := parsed.User.Password()
		secrets["the warehouse's password"] = password
	}
	if server := d.site.night.server; server != nil {
		secrets["the store's key"] = server.Settings.SecretKey.Reveal()
	}
	texts := maps.Clone(d.repaired.texts)
	texts["what the run printed"], texts["what the repair printed"] = []byte(d.run.Output), []byte(d.out)
	for name, secret := range secrets {
		for place, text := range texts {
			if secret != "" && bytes.Contains(text, []byte(secret)) {
				v = append(v, name+" is in "+place)
			}
		}
	}
	return v
}

// explained: a run that was disturbed and says nothing has done all of its work.
func (d *disturbance) explained() (v []string) {
	want := d.site.night.exit
	if d.exit != want {
		v = append(v, fmt.Sprintf("the repair: exit %d, want %d\n%s", d.exit, want, d.out))
	}
	switch {
	case d.kind.fault == faulttest.Kill && d.run.Killed:
	case d.kind.fault == faulttest.Kill && d.run.Hit != "":
		v = append(v, fmt.Sprintf("exit %d, and it was to be killed", d.run.Exit))
	case d.run.Killed:
		v = append(v, "a signal ended it:\n"+d.run.Output)
	case d.run.Exit == want:
		if diff := cmp.Diff(d.site.night.want.visible(), d.behind.visible()); diff != "" {
			v = append(v, fmt.Sprintf("exit %d as if nothing had happened, and objects (-wanted +found):\n%s\n%s", want, diff, d.run.Output))
		}
		if diff := cmp.Diff(d.site.night.want.units, d.behind.units); diff != "" {
			v = append(v, fmt.Sprintf("exit %d as if nothing had happened, and dates in the warehouse (-wanted +found):\n%s\n%s", want, diff, d.run.Output))
		}
	case !slices.Contains(d.kind.exits, d.run.Exit):
		v = append(v, fmt.Sprintf("exit %d\n%s", d.run.Exit, d.run.Output))
	case !slices.ContainsFunc(strings.Split(d.kind.says, "|"), func(say string) bool { return strings.Contains(d.run.Output, say) }):
		v = append(v, fmt.Sprintf("exit %d without %q:\n%s", d.run.Exit, d.kind.says, d.run.Output))
	}
	return v
}

func (d *disturbance) bounded() (v []string) {
	if d.run.Hung {
		v = append(v, "the run did not end within "+nightLimit.String())
	}
	if d.repairs > nightLimit {
		v = append(v, "the repair took "+d.repairs.String())
	}
	return v
}

// repair lets two undisturbed runs follow and looks at what is there between them.
func (d *disturbance) repair(t *testing.T) {
	t.Helper()
	d.behind = d.site.observe(t, false)
	began := time.Now()
	d.exit, d.out = d.site.run(t)
	d.repairs, d.repaired = time.Since(began), d.site.observe(t, true)
	_, root := d.site.stores(t)
	found, err := ledger.Verify(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found.Faults {
		d.ledgerFaults = append(d.ledgerFaults, f.Key+": "+f.Fault)
	}
	if s := d.repaired.state; s != nil {
		held, err := engine.VerifyLake(t.Context(), root, s, engine.VerifyOptions{Quick: true}) // the bytes are those of an undisturbed run
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range held.Differences {
			text, err := json.Marshal(one)
			if err != nil {
				t.Fatal(err)
			}
			d.ledgerFaults = append(d.ledgerFaults, string(text))
		}
	}
	d.idleExit, _ = d.site.run(t)
	d.idle = d.site.observe(t, false)
}
