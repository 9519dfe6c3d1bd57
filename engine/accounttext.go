package engine

import (
	"fmt"
	"slices"
	"strings"

	"ledgermill/engine/contract"
	"ledgermill/engine/ledger"
)

// text prints the accounts of a feed: a column for the records and one for each
// control sum of each group.
func (a FeedAccount) text(b *strings.Builder) {
	t := accountTable{account: a}
	t.columns()
	t.row("read", a.Cell.Read)
	t.row("duplicate", a.Cell.Duplicate)
	if reasons := reasonsOf(a.Cell); len(reasons) > 0 {
		t.row("rejected", a.Cell.RejectedTotal())
		for _, reason := range reasons {
			t.row("  "+reason, a.Cell.Rejected[reason])
		}
	}
	t.row("accepted", a.Cell.Accepted)
	if a.Lake != nil {
		a.places(&t)
	}
	if a.Cell.Rounded > 0 {
		t.note(fmt.Sprintf("%s records were rounded to the scale", count(a.Cell.Rounded)))
	}
	a.unreadable(&t)
	t.print(b)
}

// unreadable says in how many of the records that were read a control sum has nothing
// to add up, by group.
func (a FeedAccount) unreadable(t *accountTable) {
	for i, name := range a.Aggregates {
		var total int64
		var by []string
		for _, g := range a.Cell.Read.Groups {
			if i >= len(g.Unreadable) || g.Unreadable[i] == 0 {
				continue
			}
			total += g.Unreadable[i]
			group := strings.Join(g.By, " ")
			if slices.Contains(g.By, ledger.Unreadable) {
				group = "of no group"
			}
			by = append(by, strings.TrimSpace(count(g.Unreadable[i])+" "+group))
		}
		if total > 0 {
			t.note(fmt.Sprintf("%s cannot be read in %s records: %s", name, count(total), strings.Join(by, ", ")))
		}
	}
}

// stillMasked says what to do with records that were sent again as `rejects export`
// shows them: the reason alone does not tell.
func (a FeedAccount) stillMasked(b *strings.Builder) {
	t, ok := a.Cell.Rejected[contract.Masked]
	if !ok {
		return
	}
	fmt.Fprintf(b, "rejected %s: %s came back with the mask %s in a private column\n", a.Feed, Plural(int(t.Records), "record"), contract.Mask)
	try(b, "put the real values back and send the object again; which: ledgermill rejects show --feed "+a.Feed+" --reason "+contract.Masked)
}

// places are the rows of what the lake holds and of what the warehouse has counted:
// one where they agree.
func (a FeedAccount) places(t *accountTable) {
	mark := check(a.Cell.Accepted, *a.Lake, a)
	if a.Warehouse != nil && check(*a.Lake, *a.Warehouse, a) == agreed {
		t.row("in lake and warehouse", *a.Warehouse)
		t.mark(mark)
		return
	}
	t.row("in lake", *a.Lake)
	t.mark(mark)
	if a.Warehouse != nil {
		t.row("in warehouse", *a.Warehouse)
		t.mark(check(a.Cell.Accepted, *a.Warehouse, a))
	}
}

const agreed = " ✓"

func check(x, y ledger.Tally, a FeedAccount) string {
	if x.Records == y.Records && (len(a.Aggregates) == 0 || len(y.Groups) == 0 || x.Equal(y)) {
		return agreed
	}
	return " ✗"
}
