package main

import (
	"testing"

	"ledgermill/engine"
	"ledgermill/warehouse"
)

// TestCounting adds up what parts tell, however often they tell it: what the monitor
// shows at the end are the rows and bytes of the parts.
func TestCounting(t *testing.T) {
	t.Parallel()
	var told engine.Progress
	l := &loader{progress: func(p engine.Progress) { told = p }}
	tell := l.counting([]warehouse.Part{{Table: "loans_fact", Unit: "2025-03-03", Rows: 3}, {Table: "loans_fact", Unit: "2025-03-04", Rows: 4}, {Table: "books_dim", Unit: "whole", Rows: 5}})
	for _, e := range []warehouse.Event{
		{Table: "loans_fact", Unit: "2025-03-03", Step: warehouse.StepCopy, Bytes: 10},
		{Table: "loans_fact", Unit: "2025-03-04", Step: warehouse.StepCopy, Bytes: 7},
		{Table: "loans_fact", Unit: "2025-03-03", Step: warehouse.StepCopy, Bytes: 30},
		{Table: "loans_fact", Unit: "2025-03-03", Step: warehouse.StepCopy, Bytes: 30, Done: true},
	} {
		tell(e)
	}
	if told.Rows != 3 || told.Bytes != 37 || told.Done != 0 || told.Total != 3 || told.Step != "load" {
		t.Errorf("on the way %+v", told)
	}
	for _, e := range []warehouse.Event{
		{Table: "loans_fact", Unit: "2025-03-03", Step: warehouse.StepIndex, Bytes: 30, Done: true},
		{Table: "loans_fact", Unit: "2025-03-03", Step: warehouse.StepSwap, Bytes: 30, Done: true},
		{Table: "loans_fact", Unit: "2025-03-04", Step: warehouse.StepCopy, Bytes: 40, Done: true},
		{Table: "loans_fact", Unit: "2025-03-04", Step: warehouse.StepSwap, Bytes: 40, Done: true},
		{Table: "books_dim", Unit: "whole", Step: warehouse.StepMerge, Bytes: 50, Done: true},
	} {
		tell(e)
	}
	if told.Rows != 12 || told.Bytes != 120 || told.Done != 3 || told.What != "books_dim whole" {
		t.Errorf("at the end %+v", told)
	}
}
