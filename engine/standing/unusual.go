package standing

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"ledgermill/engine/job"
	"ledgermill/engine/ledger"
)

const (
	// weeks back in which the same weekday is looked at.
	weeks = 8
	// enough of them to call a figure unusual.
	enough = 4
	// far is how many median absolute deviations, made comparable with standard
	// deviations, a figure may lie from the median (Iglewicz and Hoaglin).
	far = 3.5
	// consistent makes a median absolute deviation a standard deviation of what is
	// distributed normally.
	consistent = 1.4826
	// farthest bounds a score where the figures of the past were all the same: JSON
	// has no infinity.
	farthest = 1e6
)

// Note is a figure that is unlike those of the same weekday in the weeks before.
type Note struct {
	About  string  `json:"about"`  // a feed, or "run"
	Unit   string  `json:"unit"`   // business date, or the run
	What   string  `json:"what"`   // records, rejected %, sum(amount) EUR, seconds
	Value  float64 `json:"value"`  // this time
	Usual  float64 `json:"usual"`  // median
	Spread float64 `json:"spread"` // median absolute deviation
	Score  float64 `json:"score"`  // distance in deviations, with the sign of the difference
	Of     int     `json:"of"`     // earlier figures
}

// String says it to people.
func (n Note) String() string {
	return fmt.Sprintf("%s %s: %s is %s, usually %s on this weekday (%d weeks)", n.About, n.Unit, n.What, figure(n.Value), figure(n.Usual), n.Of)
}

func figure(f float64) string {
	text := fmt.Sprintf("%.2f", f)
	return strings.TrimSuffix(text, ".00")
}

// series is a figure by the day that it is of.
type series map[time.Time]float64

// judge compares the figure of a day with those of the same weekday before. least is
// the deviation that is taken for noise however regular the past was.
func (s series) judge(day time.Time, least func(median float64) float64) (n Note, unusual bool) {
	value, ok := s[day]
	if !ok {
		return n, false
	}
	var past []float64
	for k := 1; k <= weeks; k++ {
		if v, ok := s[day.AddDate(0, 0, -7*k)]; ok {
			past = append(past, v)
		}
	}
	if len(past) < enough {
		return n, false
	}
	usual := median(past)
	away := make([]float64, len(past))
	for i, v := range past {
		away[i] = math.Abs(v - usual)
	}
	spread := median(away)
	n = Note{Value: value, Usual: usual, Spread: spread, Of: len(past)}
	n.Score = (value - usual) / max(spread*consistent, least(usual), math.SmallestNonzeroFloat64)
	n.Score = min(max(n.Score, -farthest), farthest)
	return n, math.Abs(n.Score) > far
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	if n%2 == 1 {
		return sorted[n/2]
	}
	return (sorted[n/2-1] + sorted[n/2]) / 2
}

// Unusual looks at the newest business date of each feed whose units are days, and at
// the last run: records, share of rejects, each control sum by group, and duration.
func Unusual(s *ledger.State) []Note {
	var notes []Note
	for _, feed := range slices.Sorted(maps.Keys(s.Units)) {
		notes = append(notes, unusualFeed(s, feed)...)
	}
	return append(notes, unusualRun(s)...)
}

// smallShare of the median is noise for volumes; smallPercent for shares.
const (
	smallShare   = 0.05
	smallPercent = 0.1
)

func unusualFeed(s *ledger.State, feed string) []Note {
	figures := map[string]series{}
	put := func(what string, day time.Time, value float64) {
		if figures[what] == nil {
			figures[what] = series{}
		}
		figures[what][day] += value
	}
	names := aggregates(s, feed)
	var newest time.Time
	for unit, u := range s.Units[feed] {
		from, to := job.Unit(unit).Bounds()
		if len(u.Cells) == 0 || from.IsZero() || to.Sub(from) != 24*time.Hour {
			continue
		}
		if from.After(newest) {
			newest = from
		}
		sum := ledger.Sum(u.Cells)
		put("records", from, float64(sum.Read.Records))
		if sum.Read.Records > 0 {
			put("rejected %", from, 100*float64(sum.RejectedTotal().Records)/float64(sum.Read.Records))
		}
		for _, g := range sum.Accepted.Groups {
			for i, total := range g.Sums {
				name := fmt.Sprintf("sum %d", i+1)
				if i < len(names) {
					name = names[i]
				}
				put(strings.TrimSpace(name+" "+strings.Join(g.By, " ")), from, total.InexactFloat64())
			}
		}
	}
	var notes []Note
	for _, what := range slices.Sorted(maps.Keys(figures)) {
		least := func(median float64) float64 { return smallShare * math.Abs(median) }
		if what == "rejected %" {
			least = func(float64) float64 { return smallPercent }
		}
		if n, unusual := figures[what].judge(newest, least); unusual {
			n.About, n.Unit, n.What = feed, newest.Format(time.DateOnly), what
			notes = append(notes, n)
		}
	}
	return notes
}

// aggregates are the names of a feed's control sums, as the last run that has accounts
// of it wrote them.
func aggregates(s *ledger.State, feed string) []string {
	for _, r := range slices.Backward(s.Runs) {
		for _, a := range r.Account {
			if a.Feed == feed {
				return a.By
			}
		}
	}
	return nil
}

// smallSeconds are noise for durations.
const smallSeconds = 30

// unusualRun compares how long the last run took that made something with the longest
// of each day of the same weekday before.
func unusualRun(s *ledger.State) []Note {
	took := series{}
	var last ledger.RunSummary
	for _, r := range s.Runs {
		if r.Units == 0 || !strings.HasPrefix(r.Command, "run") || !Succeeded(r) {
			continue
		}
		day := r.Started.UTC().Truncate(24 * time.Hour)
		took[day] = max(took[day], r.Finished.Sub(r.Started).Seconds())
		last = r
	}
	day := last.Started.UTC().Truncate(24 * time.Hour)
	n, unusual := took.judge(day, func(median float64) float64 { return max(smallSeconds, smallShare*median) })
	if !unusual {
		return nil
	}
	n.About, n.Unit, n.What = "run", last.Run, "seconds"
	return []Note{n}
}

// Gravest orders notes by how far they are off.
func Gravest(notes []Note) []Note {
	sorted := slices.Clone(notes)
	slices.SortStableFunc(sorted, func(a, b Note) int { return cmp.Compare(math.Abs(b.Score), math.Abs(a.Score)) })
	return sorted
}
