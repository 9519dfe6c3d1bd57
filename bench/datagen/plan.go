package datagen

import (
	"cmp"
	"slices"
)

// special is a record that is not ordinary traffic.
type special struct {
	slot int32
	// role says what the record is; ref is the deed, the pair or the index of the
	// defect, as the role has it.
	role role
	ref  int32
}

type role uint8

const (
	fraudulent role = iota
	original        // of a pair: an ordinary record that is kept to be sent again
	repeat          // of a pair: the original once more
	defective
)

// pair is a record that is sent twice.
type pair struct {
	again again
	sent  row // the original, once it has been made
}

// plan decides which records of a day are special, before any is made.
type plan struct {
	records  int
	source   *source
	taken    []uint64 // a bit a slot
	free     int
	specials []special
	deeds    []deed
	pairs    []pair
}

// reach is how far before its repeat an original may be.
const reach = 5000

func newPlan(records int, share float64, kinds []defect, s *source, d *dimensions, t *timeline) *plan {
	p := &plan{records: records, source: s, taken: make([]uint64, records/64+1), free: records}
	p.plotFrauds(d, t)
	p.spreadDefects(kinds, share)
	slices.SortFunc(p.specials, func(a, b special) int { return cmp.Compare(a.slot, b.slot) })
	return p
}

// spreadDefects gives every kind its share of the injected records, and at least
// one where there are as many records as kinds.
func (p *plan) spreadDefects(kinds []defect, share float64) {
	left := int(float64(p.records)*share + 0.5)
	counts := make([]int, len(kinds))
	if left >= len(kinds) {
		for i := range counts {
			counts[i] = 1
		}
		left -= len(kinds)
	}
	weights := 0
	for _, k := range kinds {
		weights += k.weight
	}
	spread := left
	for i, k := range kinds {
		n := spread * k.weight / weights
		counts[i] += n
		left -= n
	}
	// What rounding leaves goes to kinds from a random one on.
	for i := p.source.below(len(kinds)); left > 0; left-- {
		counts[i%len(kinds)]++
		i++
	}
	for i, n := range counts {
		for range n {
			if again := kinds[i].again; again != never {
				p.pairUp(again)
			} else if slot := p.take(p.source.below(p.records)); slot >= 0 {
				p.specials = append(p.specials, special{int32(slot), defective, int32(i)})
			}
		}
	}
}

// pairUp takes a slot for the repeat and one before it for the original.
func (p *plan) pairUp(again again) {
	if p.free < 2 {
		return
	}
	a := p.take(p.source.below(p.records))
	b := p.take(max(0, a-1-p.source.below(reach)))
	ref := int32(len(p.pairs))
	p.pairs = append(p.pairs, pair{again: again})
	p.specials = append(p.specials, special{int32(min(a, b)), original, ref}, special{int32(max(a, b)), repeat, ref})
}

// place takes a slot within some minutes of the day for a deed.
func (p *plan) place(t *timeline, minute, length int, d deed) {
	from, to := t.slot(minute, p.records), t.slot(min(minute+length, minutesPerDay), p.records)
	if slot := p.take(p.source.between(from, max(from, to))); slot >= 0 {
		p.specials = append(p.specials, special{int32(slot), fraudulent, int32(len(p.deeds))})
		p.deeds = append(p.deeds, d)
	}
}

// take marks and returns the first free slot from the given one on, round the
// end; -1 if there is none.
func (p *plan) take(slot int) int {
	if p.free == 0 {
		return -1
	}
	for p.taken[slot>>6]&(1<<(slot&63)) != 0 {
		if slot++; slot == p.records {
			slot = 0
		}
	}
	p.taken[slot>>6] |= 1 << (slot & 63)
	p.free--
	return slot
}
