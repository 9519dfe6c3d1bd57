package pipeline

import (
	"cmp"
	"strings"
)

// key is what a transaction is known by.
type key struct {
	id   string
	date int64 // days since 1970
}

// settle keeps one record of each key: the latest of those that differ.
func settle(objects [][]transaction) []transaction {
	total := 0
	for _, o := range objects {
		total += len(o)
	}
	at := make(map[key]int, total)
	kept := make([]transaction, 0, total)
	for _, o := range objects {
		for _, t := range o {
			k := key{t.id, t.date.Unix() / 86400}
			i, seen := at[k]
			switch {
			case !seen:
				at[k] = len(kept)
				kept = append(kept, t)
			case later(&t, &kept[i]) > 0:
				kept[i] = t
			}
		}
	}
	return kept
}

// later orders records of one key: by timestamp, then by the object, then by all
// columns. None comes before some.
func later(a, b *transaction) int {
	return cmp.Or(
		a.stamp.Compare(b.stamp),
		cmp.Compare(a.object, b.object),
		strings.Compare(a.customer, b.customer),
		strings.Compare(a.kind, b.kind),
		cmp.Compare(a.cents, b.cents),
		strings.Compare(a.currency, b.currency),
		strings.Compare(a.status, b.status),
		strings.Compare(a.merchant, b.merchant),
		strings.Compare(a.name, b.name),
		strings.Compare(a.category, b.category),
		strings.Compare(a.country, b.country),
		strings.Compare(a.channel, b.channel),
		strings.Compare(a.card, b.card),
		cmp.Compare(truth(a.fraudulent), truth(b.fraudulent)),
		cmp.Compare(truth(a.timed), truth(b.timed)),
		cmp.Compare(a.processing, b.processing),
	)
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}
