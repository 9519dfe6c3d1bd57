package main

import (
	"maps"
	"slices"
	"time"

	"ledgermill/engine"
	"ledgermill/engine/ledger"
	"ledgermill/engine/standing"
	"ledgermill/warehouse/monitor"
)

// lastTable is the last run and how it stands to the deadline.
func lastTable(s *ledger.State, idle *ledger.RunSummary, due time.Duration, now time.Time) monitor.Table {
	t := monitor.NewTable("run", "outcome", "finished_at", "#seconds", "#exit", "success_at", "#broken", "deadline_at", "#late")
	n := standing.Tonight(s, idle, due, now)
	if n.Last == nil {
		return t
	}
	t.Absent = map[string]string{"success_at": "no run has succeeded"}
	late := monitor.Value{}
	if !n.Deadline.IsZero() {
		late = truthValue(n.Late)
	}
	said := outcome(*n.Last)
	if n.Idle && n.Last.Exit == engine.ExitDone {
		said = "nothing to do"
	}
	t.Add(monitor.Text(n.Last.Run), monitor.Text(said), monitor.Time(n.Last.Finished), seconds(*n.Last), monitor.Int(int64(n.Last.Exit)),
		monitor.Time(n.Success), truthValue(standing.Broken(*n.Last)), monitor.Time(n.Deadline), late)
	return t
}

func seconds(r ledger.RunSummary) monitor.Value {
	return monitor.Float(r.Finished.Sub(r.Started).Seconds(), 1)
}

func truthValue(b bool) monitor.Value {
	if b {
		return monitor.Int(1)
	}
	return monitor.Int(0)
}

// runsTable are the last runs, the newest first.
func runsTable(s *ledger.State) monitor.Table {
	const most = 30
	t := monitor.NewTable("run", "started_at", "#seconds", "#exit", "#units", "#read", "#accepted", "#duplicate", "#rejected", "outcome", "command")
	for _, r := range slices.Backward(s.Runs) {
		if len(t.Rows) == most {
			break
		}
		var read, accepted, duplicate, rejected int64
		for _, a := range r.Account {
			read += a.Cell.Read.Records
			accepted += a.Cell.Accepted.Records
			duplicate += a.Cell.Duplicate.Records
			rejected += a.Cell.RejectedTotal().Records
		}
		t.Add(monitor.Text(r.Run), monitor.Time(r.Started), seconds(r), monitor.Int(int64(r.Exit)), monitor.Int(int64(r.Units)),
			monitor.Int(read), monitor.Int(accepted), monitor.Int(duplicate), monitor.Int(rejected),
			monitor.Text(outcome(r)), monitor.Text(r.Command))
	}
	return t
}

// accountsTable are those of the last run that has any.
func accountsTable(s *ledger.State) monitor.Table {
	t := monitor.NewTable("feed", "#read", "#accepted", "#duplicate", "#rejected", "#rejected_percent", "run")
	t.Absent = map[string]string{"rejected_percent": "no record was read"}
	for _, r := range slices.Backward(s.Runs) {
		if len(r.Account) == 0 {
			continue
		}
		for _, a := range r.Account {
			rejected := a.Cell.RejectedTotal().Records
			t.Add(monitor.Text(a.Feed), monitor.Int(a.Cell.Read.Records), monitor.Int(a.Cell.Accepted.Records), monitor.Int(a.Cell.Duplicate.Records),
				monitor.Int(rejected), percentOf(rejected, a.Cell.Read.Records), monitor.Text(r.Run))
		}
		break
	}
	return t
}

func freshnessTable(s *ledger.State) monitor.Table {
	t := monitor.NewTable("dataset", "newest_at", "published_at", "#units", "#stuck", "run", "why")
	t.Absent = map[string]string{"newest_at": "the dataset is published whole", "published_at": "nothing of it is published"}
	for _, d := range standing.Datasets(s) {
		t.Add(monitor.Text(d.Name), monitor.Date(d.Newest), monitor.Time(d.Published), monitor.Int(int64(d.Units)), monitor.Int(int64(d.Stuck)),
			monitor.Text(d.Run), monitor.Text(d.Why))
	}
	return t
}

func warningsTable(s *ledger.State) monitor.Table {
	t := monitor.NewTable("about", "what", "#value", "#usual", "#score", "unit", "#weeks")
	for _, n := range standing.Gravest(standing.Unusual(s)) {
		t.Add(monitor.Text(n.About), monitor.Text(n.What), monitor.Float(n.Value, 2), monitor.Float(n.Usual, 2), monitor.Float(n.Score, 1), monitor.Text(n.Unit),
			monitor.Int(int64(n.Of)))
	}
	return t
}

func lakeTable(s *ledger.State) monitor.Table {
	t := monitor.NewTable("#objects", "#bytes", "published_at", "#entries", "project")
	var objects, bytes int64
	var published time.Time
	for _, d := range standing.Datasets(s) {
		objects += int64(d.Objects)
		bytes += d.Bytes
		if d.Published.After(published) {
			published = d.Published
		}
	}
	t.Add(monitor.Int(objects), monitor.Int(bytes), monitor.Time(published), monitor.Int(s.Number), monitor.Text(s.Project))
	return t
}

func datasetsTable(s *ledger.State) monitor.Table {
	t := monitor.NewTable("dataset", "#bytes", "#objects", "#rows", "#units", "published_at")
	t.Absent = map[string]string{"published_at": "nothing of it is published"}
	for _, d := range standing.Datasets(s) {
		t.Add(monitor.Text(d.Name), monitor.Int(d.Bytes), monitor.Int(int64(d.Objects)), monitor.Int(d.Rows), monitor.Int(int64(d.Units)), monitor.Time(d.Published))
	}
	return t
}

func rejectsTable(s *ledger.State) monitor.Table {
	t := monitor.NewTable("feed", "#waiting", "#rejected", "#corrected")
	for _, r := range standing.RejectsOf(s) {
		t.Add(monitor.Text(r.Feed), monitor.Int(r.Waiting()), monitor.Int(r.Records), monitor.Int(r.Closed))
	}
	return t
}

func reasonsTable(s *ledger.State) monitor.Table {
	t := monitor.NewTable("feed", "reason", "#rejected")
	for _, r := range standing.RejectsOf(s) {
		for _, reason := range slices.Sorted(maps.Keys(r.ByReason)) {
			t.Add(monitor.Text(r.Feed), monitor.Text(reason), monitor.Int(r.ByReason[reason]))
		}
	}
	return t
}
