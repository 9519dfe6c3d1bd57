package queries

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"ledgermill/engine/duckdb"
	"ledgermill/engine/job"
	"ledgermill/engine/model"
	"ledgermill/engine/sqltext"
)

// RejectsTable is what a statement on the lake calls the rejects of all feeds.
const RejectsTable = "rejects"

// rejectFile is a file of rejects, and what all of its rows have in common.
type rejectFile struct {
	key, feed, unit, held string
}

// rejectFiles are those of the published units, of the records without a business
// date, and of the units that are held: their last run's.
func (l *Lake) rejectFiles(p *model.Project) []rejectFile {
	var files []rejectFile
	for _, feed := range slices.Sorted(maps.Keys(p.Contracts)) {
		for _, unit := range l.State.UnitNames(feed) {
			if u, _ := l.State.Unit(feed, unit); u.Rejects != "" && !u.Lost {
				files = append(files, rejectFile{u.Rejects, feed, unit, ""})
			}
		}
		for _, key := range slices.Sorted(maps.Keys(l.State.Objects[feed])) {
			if o := l.State.Objects[feed][key]; o.Strays != "" {
				files = append(files, rejectFile{o.Strays, feed, "none", ""})
			}
		}
		for _, unit := range slices.Sorted(maps.Keys(l.State.Verdicts[feed])) {
			if v := l.State.Verdicts[feed][unit]; v.Rejects != "" {
				files = append(files, rejectFile{v.Rejects, feed, unit, v.Run})
			}
		}
	}
	return files
}

// rejects is the view of them.
func (l *Lake) rejects(p *model.Project) duckdb.View {
	columns := duckdb.RejectColumns()
	view := duckdb.View{Columns: append([]model.Column{{Name: "feed", Type: "VARCHAR"}, {Name: "unit", Type: "VARCHAR"}, {Name: "held_by", Type: "VARCHAR"}}, columns...)}
	for _, f := range l.rejectFiles(p) {
		values := map[string]string{"feed": f.feed, "unit": f.unit}
		if f.held != "" {
			values["held_by"] = f.held
		}
		view.Files = append(view.Files, duckdb.Files{Paths: []string{l.Store.Location(f.key)}, Columns: columns, Values: values})
	}
	return view
}

// RejectSelection narrows rejects; its zero value takes all of them.
type RejectSelection struct {
	Feed   string
	Reason string
	Object string
	Unit   job.Unit
	ID     string
	Open   bool // those that no record fixed by hand has closed
}

// where is the condition of the selection.
func (s RejectSelection) where(l *Lake, p *model.Project) string {
	conditions := []string{"true"}
	for column, text := range map[string]string{"feed": s.Feed, "reason": s.Reason, "object": s.Object, "unit": string(s.Unit), "reject_id": s.ID} {
		if text != "" {
			conditions = append(conditions, column+" = "+sqltext.QuoteString(text))
		}
	}
	slices.Sort(conditions)
	if s.Open {
		conditions = append(conditions, "not "+closedSQL(l, p))
	}
	return strings.Join(conditions, " and ")
}

// closedSQL tells whether a reject is closed.
func closedSQL(l *Lake, p *model.Project) string {
	var ids []string
	for feed := range p.Contracts {
		for id := range l.State.ClosedRejects(feed) {
			ids = append(ids, sqltext.QuoteString(id))
		}
	}
	if ids == nil {
		return "false"
	}
	slices.Sort(ids)
	return "(reject_id in (" + strings.Join(ids, ", ") + "))"
}

// CountRejects counts the rejects of a lake by feed, unit and reason.
func CountRejects(ctx context.Context, l *Lake, p *model.Project, s RejectSelection) (*Result, error) {
	return Run(ctx, Options{Project: p, On: model.Lake, Lake: l, SQL: fmt.Sprintf(`select feed, unit, reason, count(*) as records, count(*) filter (where %s) as closed, max(held_by) as held_by
from %s
where %s
group by feed, unit, reason
order by feed, unit, reason`, closedSQL(l, p), RejectsTable, s.where(l, p))})
}

// ShowRejects selects the rejects themselves, in order.
func ShowRejects(ctx context.Context, l *Lake, p *model.Project, s RejectSelection) (*Result, error) {
	return Run(ctx, Options{Project: p, On: model.Lake, Lake: l, SQL: fmt.Sprintf(`select reject_id, feed, unit, object, record, reason, reasons, raw
from %s
where %s
order by feed, unit, object, record, byte_offset, reject_id`, RejectsTable, s.where(l, p))})
}
