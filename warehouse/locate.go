package warehouse

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// spot is where a unit belongs in a partition tree.
type spot struct {
	parent *node
	// old is the leaf with exactly the unit's bounds, nil if there is none.
	old *node
	// around is the leaf of a compacted month that holds the day among others.
	around *node
	// month is the partition that has to be made first, nil if none.
	month *node
}

// locate finds the place of a unit by the bounds in the catalogue, never by
// names: leaves may have been compacted or renamed. A day belongs below a
// month; months and years stand directly below the table.
func (t *table) locate(from, to time.Time) (spot, error) {
	at := t.root
	for {
		next, err := t.childOf(at, from, to)
		if err != nil {
			return spot{}, err
		}
		switch {
		case next == nil && at == t.root && isDay(from, to):
			month := monthOf(from)
			return spot{parent: at, month: &node{
				name: fit(t.name, "_p"+month.Format("200601"), ""), from: month, to: month.AddDate(0, 1, 0), split: true,
			}}, nil
		case next == nil:
			return spot{parent: at}, nil
		case next.split:
			at = next
		case next.from.Equal(from) && next.to.Equal(to):
			return spot{parent: at, old: next}, nil
		case at != t.root && isDay(from, to) && next.from.Equal(at.from) && next.to.Equal(at.to):
			return spot{parent: at, around: next}, nil
		default:
			return spot{}, &LayoutError{Table: t.name,
				Reason: fmt.Sprintf("partition %s holds %s to %s in one, more than the unit %s", next.name, dateText(next.from), dateText(next.to), dateText(from)),
				Remedy: "load all units of that partition into a table without it: drop the partition, then ledgermill load"}
		}
	}
}

// childOf returns the child that contains the bounds, nil if none does.
func (t *table) childOf(parent *node, from, to time.Time) (*node, error) {
	for _, child := range parent.children {
		if !child.from.After(from) && !child.to.Before(to) {
			return child, nil
		}
		if child.from.Before(to) && from.Before(child.to) {
			return nil, &LayoutError{Table: t.name,
				Reason: fmt.Sprintf("partition %s of %s to %s overlaps the unit of %s to %s", child.name, dateText(child.from), dateText(child.to), dateText(from), dateText(to)),
				Remedy: "the partition size of a contract changed: drop the partition, then ledgermill load"}
		}
	}
	return nil, nil
}

func isDay(from, to time.Time) bool { return from.AddDate(0, 0, 1).Equal(to) }

func monthOf(day time.Time) time.Time {
	return time.Date(day.Year(), day.Month(), 1, 0, 0, 0, 0, time.UTC)
}

func dateText(t time.Time) string { return t.Format(time.DateOnly) }

// leafSuffix names a leaf after its unit: _p20250131, _p202501, _p2025.
func leafSuffix(from, to time.Time) string {
	switch {
	case isDay(from, to):
		return "_p" + from.Format("20060102")
	case from.Day() == 1 && from.AddDate(0, 1, 0).Equal(to):
		return "_p" + from.Format("200601")
	case from.YearDay() == 1 && from.AddDate(1, 0, 0).Equal(to):
		return "_p" + from.Format("2006")
	}
	return "_p" + from.Format("20060102") + "_" + to.Format("20060102")
}

// maxName is the length of a PostgreSQL identifier in bytes.
const maxName = 63

// fit joins a name that may be shortened with suffixes that may not. A
// shortened name carries a hash, so that two long names stay two.
func fit(name, suffix, tag string) string {
	room := maxName - len(suffix) - len(tag)
	if len(name) > room {
		sum := sha256.Sum256([]byte(name))
		mark := "_" + hex.EncodeToString(sum[:4])
		name = strings.ToValidUTF8(name[:room-len(mark)], "") + mark
	}
	return name + suffix + tag
}

// indexName names a leaf's index after the leaf and the parent's index.
func indexName(leaf, table, parentIndex, tag string) string {
	short := strings.TrimPrefix(parentIndex, table)
	if !strings.HasPrefix(short, "_") {
		short = "_" + short
	}
	return fit(leaf+short, "", tag)
}
