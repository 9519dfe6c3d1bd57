package reference

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Object is the account of one object: Read is the sum of the other counts.
type Object struct {
	Refused    string         // why the object is refused whole: "header"; its records are not read
	Read       int            // records, the header apart
	Accepted   int            // records that are in raw_transactions
	Duplicates int            // records equal to an accepted one, or to one that lost a key conflict
	Rejected   map[string]int // by the first reason
}

// readObject judges the records of one object by themselves.
func readObject(key string, content []byte) ([]transaction, Object) {
	header, records := split(content)
	at, err := places(header)
	if err != nil {
		return nil, Object{Refused: "header"}
	}
	account := Object{Read: len(records), Rejected: map[string]int{}}
	var good []transaction
	for _, r := range records {
		if r.fault != "" {
			account.Rejected[r.fault]++
			continue
		}
		t, reasons := judge(r.fields, at)
		if len(reasons) > 0 {
			account.Rejected[reasons[0]]++
			continue
		}
		t.object = key
		good = append(good, t)
	}
	return good, account
}

// settle keeps one record of each key and date and books the others: equal ones as
// duplicates, different ones as key_conflict. Of equal records the first object's
// is the one that is not a duplicate; what they are worth against different ones
// is decided by the last object that sent them.
func settle(all []transaction, accounts map[string]Object) []transaction {
	type key struct{ date, id string }
	groups := map[key][]transaction{}
	for _, t := range all {
		k := key{t.date.Format(time.DateOnly), t.id}
		groups[k] = append(groups[k], t)
	}
	var kept []transaction
	for _, group := range groups {
		winner := content(slices.MaxFunc(group, later))
		slices.SortFunc(group, func(a, b transaction) int { return natural(a.object, b.object) })
		seen := map[string]bool{}
		for _, t := range group {
			account := accounts[t.object]
			switch {
			case seen[content(t)]:
				account.Duplicates++
			case content(t) == winner:
				account.Accepted++
				kept = append(kept, t)
			default:
				account.Rejected["key_conflict"]++
			}
			seen[content(t)] = true
			accounts[t.object] = account
		}
	}
	return kept
}

func content(t transaction) string { return strings.Join(t.row(), "\x00") }

// later orders records of one key: by timestamp, then by the object's key in natural
// order, then by all columns. What is null comes before what is not.
func later(a, b transaction) int {
	return cmp.Or(
		a.stamp.Compare(b.stamp),
		natural(a.object, b.object),
		a.date.Compare(b.date),
		cmp.Compare(a.customer, b.customer),
		cmp.Compare(a.kind, b.kind),
		cmp.Compare(a.cents, b.cents),
		cmp.Compare(a.currency, b.currency),
		cmp.Compare(a.status, b.status),
		cmp.Compare(a.merchant, b.merchant),
		cmp.Compare(a.name, b.name),
		cmp.Compare(a.category, b.category),
		nullFirst(a.country, b.country),
		cmp.Compare(a.channel, b.channel),
		cmp.Compare(a.card, b.card),
		cmp.Compare(truth(a.fraudulent), truth(b.fraudulent)),
		nullFirst(a.processing, b.processing),
	)
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}

func nullFirst[T cmp.Ordered](a, b *T) int {
	switch {
	case a != nil && b != nil:
		return cmp.Compare(*a, *b)
	case a != nil:
		return 1
	case b != nil:
		return -1
	}
	return 0
}

// natural compares keys so that part-9 comes before part-10: runs of digits by
// their number, all else by bytes.
func natural(a, b string) int {
	restA, restB := a, b
	for restA != "" && restB != "" {
		numberA, numberB := digits(restA), digits(restB)
		if numberA == "" || numberB == "" {
			if c := cmp.Compare(restA[0], restB[0]); c != 0 {
				return c
			}
			restA, restB = restA[1:], restB[1:]
			continue
		}
		shortA, shortB := strings.TrimLeft(numberA, "0"), strings.TrimLeft(numberB, "0")
		if c := cmp.Or(cmp.Compare(len(shortA), len(shortB)), cmp.Compare(shortA, shortB)); c != 0 {
			return c
		}
		restA, restB = restA[len(numberA):], restB[len(numberB):]
	}
	return cmp.Or(cmp.Compare(len(restA), len(restB)), cmp.Compare(a, b))
}

func digits(text string) string {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return text[:i]
		}
	}
	return text
}
