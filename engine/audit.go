package engine

import (
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"ledgermill/engine/contract"
	"ledgermill/engine/job"
	"ledgermill/engine/ledger"
	"ledgermill/engine/model"
)

// auditContract returns what keeps a settled unit from being published: accounts
// that do not balance, or more rejects than the contract allows.
func (r *run) auditContract(f *feed, s job.Settled) *ledger.Verdict {
	v := ledger.Verdict{Dataset: f.contract.Name, Unit: string(s.Unit), Kind: ledger.RefusedKind,
		Fingerprint: r.refusalPrint(f.contract.Name, s.Unit, r.cat.prints[f.contract.Name][s.Unit])}
	if err := f.balance(s); err != nil {
		v.Exit, v.Reason = ExitBalance, err.Error()
		return &v
	}
	if reason := f.overLimit(s); reason != "" {
		v.Exit, v.Reason = ExitRefused, reason
		return &v
	}
	return nil
}

// balance proves that every record which the survey read of the unit was
// accepted, a duplicate or rejected, object by object.
func (f *feed) balance(s job.Settled) error {
	final := map[string]ledger.Cell{}
	for _, cell := range s.Cells {
		if err := cell.Balance(); err != nil {
			return err
		}
		final[cell.Object] = cell
	}
	for _, record := range f.objects {
		for _, surveyed := range record.Cells {
			if job.Unit(surveyed.Unit) != s.Unit || record.Dropped || record.Refused != nil {
				continue
			}
			if d := surveyed.Read.Difference(final[record.Key].Read); d != "" {
				return &ledger.BalanceError{Dataset: f.contract.Name, Unit: string(s.Unit), Object: record.Key, Detail: "surveyed, and settled: " + d}
			}
		}
	}
	return nil
}

// overLimit names the first reject limit that the unit is beyond. Records without
// a business date count against every unit of their object: by number as they
// are, by share against the object's records, since a unit of a few late rows
// would drown in what a whole day has lost.
func (f *feed) overLimit(s job.Settled) string {
	unit := ledger.Sum(s.Cells)
	for _, limit := range f.contract.Limits {
		dated := rejectedBy(unit, limit.Reason)
		var undated int64
		for _, cell := range s.Cells {
			object := f.objects[cell.Object]
			var stray, read int64
			for _, c := range object.Cells {
				read += c.Read.Records
				if c.Unit == ledger.NoDate && f.contract.BusinessDate != "" {
					stray += rejectedBy(c, limit.Reason)
				}
			}
			undated += stray
			if limit.IsPercent && overShare(stray, read, limit.Percent) {
				return fmt.Sprintf("%s: %d of %d records of object %s without a business date, limit %s %%", what(limit), stray, read, cell.Object, limit.Percent)
			}
		}
		switch {
		case limit.IsPercent && overShare(dated, unit.Read.Records, limit.Percent):
			return fmt.Sprintf("%s: %d of %d records, limit %s %%", what(limit), dated, unit.Read.Records, limit.Percent)
		case !limit.IsPercent && dated+undated > limit.Count:
			return fmt.Sprintf("%s: %d records, limit %d", what(limit), dated+undated, limit.Count)
		}
	}
	return ""
}

// judged is what was read of an object, under the limits of today: what it holds does
// not depend on them.
func (f *feed) judged(o ledger.ObjectRecord) ledger.ObjectRecord {
	if o.Refused == nil || byLimit(o.Refused) {
		o.Refused = f.undated(o)
	}
	return o
}

// undated refuses an object of which no record has a business date, if that is more
// than the limits allow: no unit would ever say so.
func (f *feed) undated(o ledger.ObjectRecord) *ledger.Refusal {
	sum := ledger.Sum(o.Cells)
	if f.contract.BusinessDate == "" || sum.Read.Records == 0 || len(unitsOf(f.contract, o.Cells)) > 0 {
		return nil
	}
	for _, limit := range f.contract.Limits {
		n := rejectedBy(sum, limit.Reason)
		if limit.IsPercent && overShare(n, sum.Read.Records, limit.Percent) || !limit.IsPercent && n > limit.Count {
			return &ledger.Refusal{Reason: "unreadable", Exit: ExitRefused,
				Try:    "ask the sender for the object again, remove it, or raise the `reject limit` of " + f.contract.File,
				Detail: fmt.Sprintf("%s: %s of %s records, and none has a business date", what(limit), count(n), count(sum.Read.Records))}
		}
	}
	return nil
}

func what(l contract.Limit) string {
	if l.Reason == "" {
		return "rejected"
	}
	return "rejected " + l.Reason
}

func rejectedBy(c ledger.Cell, reason string) int64 {
	if reason == "" {
		return c.RejectedTotal().Records
	}
	return c.Rejected[reason].Records
}

// overShare reports whether n of total is more than percent, exactly.
func overShare(n, total int64, percent string) bool {
	p, err := decimal.NewFromString(percent)
	return err == nil && decimal.NewFromInt(n).Mul(decimal.NewFromInt(100)).GreaterThan(p.Mul(decimal.NewFromInt(total)))
}

// controlOf is the control directive whose totals a model carries on: of the
// contract that it preserves, directly or by way of other models.
func (m *Mill) controlOf(one *model.Model) *contract.Control {
	c := m.Project.Contracts[m.preserved(one)]
	if c == nil || c.Control == nil {
		return nil
	}
	for _, name := range slices.Concat(c.Control.By, columnsOf(c.Control)) {
		if !slices.Contains(one.Names(), name) {
			return nil
		}
	}
	return c.Control
}

func columnsOf(c *contract.Control) []string {
	var names []string
	for _, a := range c.Aggregates {
		names = append(names, a.Column)
	}
	return names
}

// preserved is the contract that a model preserves in the end, or "".
func (m *Mill) preserved(one *model.Model) string {
	for range len(m.Project.Order) {
		if one == nil || one.Preserves == "" {
			return ""
		}
		if m.Project.Contracts[one.Preserves] != nil {
			return one.Preserves
		}
		one = m.Project.Models[one.Preserves]
	}
	return ""
}

// auditTotals returns what keeps a made unit from being published: totals that are
// not those of what it preserves.
func (r *run) auditTotals(one *model.Model, u job.Unit, file job.File) *ledger.Verdict {
	d := r.preserves(one, u, file)
	if d == "" {
		return nil
	}
	return &ledger.Verdict{Dataset: one.Name, Unit: string(u), Kind: ledger.RefusedKind, Exit: ExitBalance,
		Reason: fmt.Sprintf("it does not preserve %s: %s", one.Preserves, d)}
}

// auditTests returns the verdict on a unit of which a test failed.
func auditTests(one *model.Model, u job.Unit, results []job.TestResult) *ledger.Verdict {
	var failed []string
	for _, t := range results {
		if !t.Passed && !t.Warn {
			failed = append(failed, fmt.Sprintf("%s: test %s: %s rows", t.Place, t.Test, count(t.Failures)))
		}
	}
	if failed == nil {
		return nil
	}
	return &ledger.Verdict{Dataset: one.Name, Unit: string(u), Kind: ledger.RefusedKind, Exit: ExitRefused, Reason: strings.Join(failed, "; ")}
}

// preserves compares a file with the accounts of what it preserves; "" is equal.
func (r *run) preserves(one *model.Model, u job.Unit, file job.File) string {
	if one.Preserves == "" {
		return ""
	}
	var want ledger.Tally
	var records int64
	for _, v := range r.cat.granted(one, one.Preserves, u) {
		record, ok := r.records[one.Preserves][v]
		if !ok {
			record, _ = r.State().Unit(one.Preserves, string(v))
		}
		want, records = want.Plus(record.Control), records+record.Rows
	}
	if records != file.Rows {
		return fmt.Sprintf("%d records there, %d here", records, file.Rows)
	}
	if r.controlOf(one) == nil {
		return ""
	}
	return want.Difference(file.Control)
}
