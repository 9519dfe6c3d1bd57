package standing

import (
	"maps"
	"slices"
	"time"

	"ledgermill/engine/job"
	"ledgermill/engine/ledger"
)

// Dataset is how a dataset stands.
type Dataset struct {
	Name      string
	Units     int // published
	Objects   int // with a file
	Bytes     int64
	Rows      int64
	Newest    time.Time // last business date that is published; zero for a whole dataset
	Published time.Time // when, last
	Run       string    // that published last
	Stuck     int       // units that are refused, held, failed or lost
	Why       string    // of one of those
}

// Datasets are those that something is published of, or that something stands in the
// way of, by name. Contracts have no file; their rows are the accepted records.
func Datasets(s *ledger.State) []Dataset {
	names := slices.Collect(maps.Keys(s.Units))
	for name, verdicts := range s.Verdicts {
		if len(verdicts) > 0 && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var all []Dataset
	for _, name := range names {
		d := Dataset{Name: name}
		for _, u := range s.Units[name] {
			d.add(u)
		}
		for _, unit := range slices.Sorted(maps.Keys(s.Verdicts[name])) {
			v := s.Verdicts[name][unit]
			d.Stuck++
			d.Why = unit + " " + v.Kind + ": " + v.Reason
		}
		all = append(all, d)
	}
	return all
}

func (d *Dataset) add(u ledger.UnitRecord) {
	d.Units++
	d.Bytes += u.Size
	if u.Key != "" {
		d.Objects++
	}
	if u.Rows > 0 || len(u.Cells) == 0 {
		d.Rows += u.Rows
	} else {
		d.Rows += ledger.Sum(u.Cells).Accepted.Records
	}
	if last := job.Unit(u.Unit).Last(); last.After(d.Newest) {
		d.Newest = last
	}
	if u.At.After(d.Published) {
		d.Published, d.Run = u.At, u.Run
	}
	if u.Lost {
		d.Stuck++
		d.Why = u.Unit + " lost"
	}
}

// Rejects are the rejected records of a feed.
type Rejects struct {
	Feed     string
	Records  int64
	Closed   int64            // by corrections
	ByReason map[string]int64 // of Records
}

// Waiting is how many no correction has come for.
func (r Rejects) Waiting() int64 { return max(0, r.Records-r.Closed) }

// RejectsOf adds up the rejects of what is published, and of records without a
// business date, by feed.
func RejectsOf(s *ledger.State) []Rejects {
	of := map[string]*Rejects{}
	add := func(feed string, cells []ledger.Cell, unit func(ledger.Cell) bool) {
		for _, c := range cells {
			if !unit(c) {
				continue
			}
			for reason, t := range c.Rejected {
				if of[feed] == nil {
					of[feed] = &Rejects{Feed: feed, ByReason: map[string]int64{}}
				}
				of[feed].Records += t.Records
				of[feed].ByReason[reason] += t.Records
			}
		}
	}
	undated := func(c ledger.Cell) bool { return c.Unit == ledger.NoDate }
	for feed, units := range s.Units {
		for _, u := range units {
			add(feed, u.Cells, func(c ledger.Cell) bool { return !undated(c) })
		}
	}
	for feed, objects := range s.Objects {
		for _, o := range objects {
			if o.Refused == nil {
				add(feed, o.Cells, undated)
			}
		}
	}
	var all []Rejects
	for _, feed := range slices.Sorted(maps.Keys(of)) {
		of[feed].Closed = int64(len(s.ClosedRejects(feed)))
		all = append(all, *of[feed])
	}
	return all
}

// Night is how the last run stands to its deadline.
type Night struct {
	Last     *ledger.RunSummary // that ended, also with nothing to do; nil: there is none
	Idle     bool               // it had nothing to do
	Success  time.Time          // when the last run ended that left nothing to publish that it could have; zero: none has
	Deadline time.Time          // the last one before now; zero without a time of day
	Late     bool               // no run has succeeded in the day before the deadline, or since
}

// exitHeld is the exit code of a run that published all that it could, and held
// something; exitBalance that of accounts that do not agree.
const (
	exitHeld    = 7
	exitBalance = 4
)

// Succeeded reports whether a run has published all that it could.
func Succeeded(r ledger.RunSummary) bool { return r.Exit == 0 || r.Exit == exitHeld }

// Broken reports whether the accounts of a run did not balance.
func Broken(r ledger.RunSummary) bool { return r.Exit == exitBalance }

// Tonight looks at the recorded runs, and at the last one that had nothing to do, nil
// where none had. due is the time of day, UTC, at which a run must have succeeded,
// negative for none.
func Tonight(s *ledger.State, idle *ledger.RunSummary, due time.Duration, now time.Time) Night {
	n := Night{}
	see := func(r *ledger.RunSummary) {
		if n.Last = r; Succeeded(*r) {
			n.Success = r.Finished
		}
	}
	for i := range s.Runs {
		if !s.Runs[i].ByHand { // a closing in the morning is no night's work
			see(&s.Runs[i])
		}
	}
	if idle != nil && (n.Last == nil || idle.Finished.After(n.Last.Finished)) {
		n.Idle = true
		see(idle)
	}
	if due < 0 {
		return n
	}
	n.Deadline = now.UTC().Truncate(24 * time.Hour).Add(due)
	if n.Deadline.After(now) {
		n.Deadline = n.Deadline.AddDate(0, 0, -1)
	}
	n.Late = n.Success.Before(n.Deadline.AddDate(0, 0, -1))
	return n
}
