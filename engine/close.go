package engine

import (
	"context"
	"fmt"
	"os"
	"slices"

	"ledgermill/engine/job"
	"ledgermill/engine/ledger"
)

// ClosedError says that a period is closed already, or is not.
type ClosedError struct {
	Period string
	Closed bool
}

func (e *ClosedError) Error() string {
	if e.Closed {
		return fmt.Sprintf("period %s is closed already", e.Period)
	}
	return fmt.Sprintf("period %s is not closed", e.Period)
}

// Try returns the remedy.
func (e *ClosedError) Try() string { return "ledgermill close, which lists the closed periods" }

// ExitCode is that of usage.
func (e *ClosedError) ExitCode() int { return ExitUsage }

// ClosePeriods freezes the units of periods (dates, months or years): what would
// make them again is held until a run may reopen them. With end it takes that back.
func (m *Mill) ClosePeriods(ctx context.Context, periods []job.Unit, end bool, reason string) error {
	entry := ledger.Entry{}
	for _, p := range periods {
		if _, closed := m.State().Closed[string(p)]; closed != end {
			return &ClosedError{Period: string(p), Closed: closed}
		}
		entry.Closures = append(entry.Closures, ledger.Closure{Period: string(p), Run: m.Run, At: m.Now().UTC(), Operator: os.Getenv("USER"), Reason: reason, Ended: end})
	}
	_, err := m.commitAlone(ctx, entry, reason, false)
	return err
}

// Unfinished names the units of a period that are not as they should be, of a
// status: what is closed with them stays so.
func (s *Status) Unfinished(period job.Unit) []UnitStatus {
	from, after := period.Bounds()
	return slices.DeleteFunc(slices.Clone(s.Units), func(u UnitStatus) bool {
		return u.Unit == job.Whole || u.Status == StatusDone || u.Status == StatusSealed || !u.Unit.Overlaps(from, after.AddDate(0, 0, -1))
	})
}
