package ledger_test

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"ledgermill/engine/ledger"
)

// drawn are tallies and cells drawn at random, small enough to collide often.
type drawn struct{ *rand.Rand }

func (d drawn) tally() ledger.Tally {
	t := ledger.Tally{}
	for _, by := range [][]string{{"EUR"}, {"USD"}, {"USD", "DE"}, {"USDDE"}, {""}, {ledger.Unreadable}} {
		if d.IntN(2) == 0 {
			continue
		}
		g := ledger.Group{By: by, Records: d.Int64N(9)}
		for range 2 {
			g.Sums = append(g.Sums, decimal.New(d.Int64N(2001)-1000, -int32(d.IntN(4))))
			g.Unreadable = append(g.Unreadable, d.Int64N(3))
		}
		t.Records += g.Records
		t.Groups = append(t.Groups, g)
	}
	if t.Groups == nil {
		t.Records = d.Int64N(5)
	}
	return t
}

func (d drawn) cell() ledger.Cell {
	c := ledger.Cell{Object: "o", ETag: "e", Unit: "2025-01-31", Accepted: d.tally(), Duplicate: d.tally(), Rounded: d.Int64N(4)}
	c.Read = c.Accepted.Plus(c.Duplicate)
	for _, reason := range []string{"amount_type", "quote", "key_conflict"} {
		if d.IntN(2) == 0 {
			continue
		}
		if c.Rejected == nil {
			c.Rejected = map[string]ledger.Tally{}
		}
		c.Rejected[reason] = d.tally()
		c.Read = c.Read.Plus(c.Rejected[reason])
	}
	return c
}

// forDraws checks a property on many draws.
func forDraws(t *testing.T, check func(t *testing.T, d drawn)) {
	t.Helper()
	for seed := range uint64(400) {
		check(t, drawn{rand.New(rand.NewPCG(seed, 7))})
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func equal(t *testing.T, law string, a, b ledger.Tally) {
	t.Helper()
	if d := a.Difference(b); d != "" || !a.Equal(b) || !b.Equal(a) || b.Difference(a) != "" {
		t.Errorf("%s: %s\n%s", law, d, cmp.Diff(a, b))
	}
}

// TestTallyLaws holds addition of tallies to the laws of addition.
func TestTallyLaws(t *testing.T) {
	t.Parallel()
	forDraws(t, func(t *testing.T, d drawn) {
		a, b, c := d.tally(), d.tally(), d.tally()
		equal(t, "a = a", a, a)
		equal(t, "a + b = b + a", a.Plus(b), b.Plus(a))
		equal(t, "(a + b) + c = a + (b + c)", a.Plus(b).Plus(c), a.Plus(b.Plus(c)))
		equal(t, "a + 0 = a", a.Plus(ledger.Tally{}), a)
		equal(t, "0 + a = a", ledger.Tally{}.Plus(a), a)
		if a.Plus(b).Equal(a.Plus(c)) != b.Equal(c) {
			t.Error("a + b = a + c and b = c are not the same")
		}
	})
}

// TestPlusChangesNothing adds to a tally and finds it as it was.
func TestPlusChangesNothing(t *testing.T) {
	t.Parallel()
	forDraws(t, func(t *testing.T, d drawn) {
		seed := d.Uint64()
		a, same := drawn{rand.New(rand.NewPCG(seed, 1))}.cell(), drawn{rand.New(rand.NewPCG(seed, 1))}.cell()
		_ = a.Plus(d.cell()).Plus(a)
		if diff := cmp.Diff(same, a); diff != "" {
			t.Errorf("(-before +after):\n%s", diff)
		}
	})
}

// TestDifference changes one figure of a tally: it is found, and named.
func TestDifference(t *testing.T) {
	t.Parallel()
	forDraws(t, func(t *testing.T, d drawn) {
		a := d.tally()
		if len(a.Groups) == 0 {
			return
		}
		b := a.Plus(ledger.Tally{}) // to be changed without changing a
		b.Groups = nil
		at := d.IntN(len(a.Groups))
		for i, g := range a.Groups {
			h := ledger.Group{By: g.By, Records: g.Records, Sums: append([]decimal.Decimal{}, g.Sums...), Unreadable: append([]int64{}, g.Unreadable...)}
			if i == at {
				switch d.IntN(3) {
				case 0:
					h.Sums[1] = h.Sums[1].Add(decimal.New(1, -6))
				case 1:
					h.Unreadable[0]++
				case 2:
					h.Records, b.Records = h.Records+1, b.Records+1
				}
			}
			b.Groups = append(b.Groups, h)
		}
		if a.Equal(b) || b.Equal(a) || a.Difference(b) == "" {
			t.Errorf("equal:\n%+v\n%+v", a, b)
		}
	})
	two := ledger.Tally{Records: 1, Groups: []ledger.Group{{By: []string{"EUR", "DE"}, Records: 1, Sums: []decimal.Decimal{decimal.New(100, -2)}}}}
	if d := two.Difference(ledger.Tally{Records: 1}); d != "records of EUR, DE: 1 and 0" {
		t.Errorf("difference %q", d)
	}
	same := ledger.Tally{Records: 1, Groups: []ledger.Group{{By: []string{"EUR", "DE"}, Records: 1, Sums: []decimal.Decimal{decimal.New(1, 0)}}}}
	equal(t, "1.00 = 1", two, same)
}

// TestBalance proves that accounts balance if and only if nothing is missing.
func TestBalance(t *testing.T) {
	t.Parallel()
	forDraws(t, func(t *testing.T, d drawn) {
		c := d.cell()
		if err := c.Balance(); err != nil {
			t.Error(err)
		}
		if err := c.Plus(d.cell()).Balance(); err != nil {
			t.Errorf("the sum of two: %v", err)
		}
		lost := ledger.Tally{Records: 1}
		for _, broken := range []ledger.Cell{
			{Unit: c.Unit, Read: c.Read.Plus(lost), Accepted: c.Accepted, Duplicate: c.Duplicate, Rejected: c.Rejected},
			{Unit: c.Unit, Read: c.Read, Accepted: c.Accepted.Plus(lost), Duplicate: c.Duplicate, Rejected: c.Rejected},
			{Unit: c.Unit, Read: c.Read, Accepted: c.Accepted, Duplicate: c.Duplicate.Plus(lost), Rejected: c.Rejected},
			{Unit: c.Unit, Read: c.Read, Accepted: c.Accepted, Duplicate: c.Duplicate, Rejected: map[string]ledger.Tally{"quote": c.RejectedTotal().Plus(lost)}},
		} {
			var balance *ledger.BalanceError
			if err := broken.Balance(); !errors.As(err, &balance) || balance.Unit != c.Unit || balance.Try() == "" {
				t.Errorf("error %v", err)
			}
		}
		cent := ledger.Tally{Groups: []ledger.Group{{By: []string{"EUR"}, Sums: []decimal.Decimal{decimal.New(1, -2)}}}}
		c.Accepted = c.Accepted.Plus(cent)
		if err := c.Balance(); err == nil || !strings.Contains(err.Error(), "control sum 1 of EUR") {
			t.Errorf("a cent too many: %v", err)
		}
	})
}

// TestSum adds cells up in any order.
func TestSum(t *testing.T) {
	t.Parallel()
	forDraws(t, func(t *testing.T, d drawn) {
		cells := []ledger.Cell{d.cell(), d.cell(), d.cell()}
		cells[1].Unit = "2025-01-30"
		a := ledger.Sum(cells)
		d.Shuffle(len(cells), func(i, j int) { cells[i], cells[j] = cells[j], cells[i] })
		b := ledger.Sum(cells)
		equal(t, "read", a.Read, b.Read)
		equal(t, "accepted", a.Accepted, b.Accepted)
		equal(t, "rejected", a.RejectedTotal(), b.RejectedTotal())
		if a.Rounded != b.Rounded || a.Object != "o" || a.Unit != "" {
			t.Errorf("%+v", a)
		}
		if err := a.Balance(); err != nil {
			t.Error(err)
		}
	})
	if d := cmp.Diff(ledger.Cell{}, ledger.Sum(nil)); d != "" {
		t.Errorf("the sum of nothing:\n%s", d)
	}
}

// TestFingerprint tells parts apart from their neighbours.
func TestFingerprint(t *testing.T) {
	t.Parallel()
	seen := map[string][]string{}
	for _, parts := range [][]string{nil, {""}, {"", ""}, {"ab"}, {"a", "b"}, {"b", "a"}, {"a,1:b"}, {"1:a", "b"}, {"a", "", "b"}, {"a", "b", ""}} {
		print := ledger.Fingerprint(parts...)
		if other, ok := seen[print]; ok {
			t.Errorf("%q and %q are one", parts, other)
		}
		seen[print] = parts
	}
}
