package warehouse

import (
	"context"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

const (
	// shownRows is how many differing rows of a unit are shown.
	shownRows = 5
	// fetchedRows bounds the rows that are fetched to find those: whole buckets, and
	// at least one.
	fetchedRows = 20_000
	// keylessColumns are shown of a row without a key.
	keylessColumns = 6
)

// RowDifference is a row that the two sides do not have alike.
type RowDifference struct {
	Key []Cell `json:"key"` // without a key of the dataset its first columns
	// Lake and Warehouse are how often the row is there. Where both have a row of
	// the key, Columns say in what they differ.
	Lake      int64            `json:"lake"`
	Warehouse int64            `json:"warehouse"`
	Columns   []CellDifference `json:"columns,omitempty"`
}

// Cell is a named value; nil is null. Private values are masked.
type Cell struct {
	Column string  `json:"column"`
	Value  *string `json:"value"`
}

// CellDifference is a column of a row in which the two sides differ.
type CellDifference struct {
	Column    string  `json:"column"`
	Lake      *string `json:"lake"`
	Warehouse *string `json:"warehouse"`
}

// compareRows compares the hashes of all rows, and where they differ finds a few
// of the rows.
func (c comparison) compareRows(ctx context.Context, conn *pgx.Conn, columns []Total, house []Bucket, u *ReconciledUnit) error {
	lake, err := c.part.Lake.Buckets(ctx, c.columns)
	if err != nil {
		return err
	}
	names := differingBuckets(lake, house)
	if len(names) == 0 {
		return nil
	}
	mine, err := hashOf(lake)
	if err != nil {
		return c.side.fault(err)
	}
	theirs, err := hashOf(house)
	if err != nil {
		return c.side.fault(err)
	}
	u.Differences = append(u.Differences, Difference{What: "hash of rows", Lake: mine, Warehouse: theirs})
	u.Examples, err = c.examples(ctx, conn, columns, names)
	return err
}

// differingBuckets are those that the two sides do not have alike, as many as may
// be fetched.
func differingBuckets(lake, house []Bucket) []string {
	sides := map[string][2]Bucket{}
	for _, b := range lake {
		sides[b.Name] = [2]Bucket{b, {}}
	}
	for _, b := range house {
		sides[b.Name] = [2]Bucket{sides[b.Name][0], b}
	}
	var names []string
	var rows int64
	for _, name := range slices.Sorted(maps.Keys(sides)) {
		pair := sides[name]
		if pair[0] == pair[1] {
			continue
		}
		if rows += pair[0].Rows + pair[1].Rows; rows > fetchedRows && names != nil {
			break
		}
		names = append(names, name)
	}
	return names
}

// hashOf is the hash of all rows in hexadecimal digits: both sums, each modulo 2^64.
func hashOf(buckets []Bucket) (string, error) {
	var high, low big.Int
	for _, b := range buckets {
		for text, sum := range map[*string]*big.Int{&b.High: &high, &b.Low: &low} {
			n, ok := new(big.Int).SetString(*text, 10)
			if !ok {
				return "", fmt.Errorf("%q is not a whole number", *text)
			}
			sum.Add(sum, n)
		}
	}
	mask := new(big.Int).SetUint64(^uint64(0))
	return fmt.Sprintf("%016x%016x", high.And(&high, mask), low.And(&low, mask)), nil
}

// examples fetches the rows of the buckets from both sides and pairs by key what
// only one has.
func (c comparison) examples(ctx context.Context, conn *pgx.Conn, columns []Total, buckets []string) ([]RowDifference, error) {
	lake, err := c.part.Lake.RowsIn(ctx, c.columns, buckets)
	if err != nil {
		return nil, err
	}
	house, err := c.side.rowsIn(ctx, conn, columns, buckets)
	if err != nil {
		return nil, err
	}
	lake, house = unlike(lake, house)
	key := c.keyColumns()
	if len(key) > 0 {
		keys := keysOf(append(slices.Clone(lake), house...), key)
		names := make([]string, len(key))
		for i, at := range key {
			names[i] = c.columns[at]
		}
		if lake, err = c.part.Lake.RowsOf(ctx, c.columns, names, keys); err != nil {
			return nil, err
		}
		if house, err = c.side.rowsOf(ctx, conn, columns, key, keys); err != nil {
			return nil, err
		}
		lake, house = unlike(lake, house)
	}
	return c.pair(lake, house, key, columns), nil
}

// unlike leaves of both lists what the other has not as often.
func unlike(lake, house []HashedRow) (x, y []HashedRow) {
	count := map[string]int64{}
	for _, r := range lake {
		count[r.Hash] += r.Rows
	}
	for _, r := range house {
		count[r.Hash] -= r.Rows
	}
	same := func(r HashedRow) bool { return count[r.Hash] == 0 }
	return slices.DeleteFunc(lake, same), slices.DeleteFunc(house, same)
}

// keysOf are the first few different keys.
func keysOf(rows []HashedRow, key []int) (keys [][]*string) {
	seen := map[string]bool{}
	for _, r := range rows {
		name := r.name(key)
		if !seen[name] && len(keys) < shownRows {
			seen[name] = true
			keys = append(keys, pick(r.Values, key))
		}
	}
	return keys
}

// name is the row's key as one text; without a key it is the row's hash.
func (r HashedRow) name(key []int) string {
	if len(key) == 0 {
		return r.Hash
	}
	var b strings.Builder
	for _, v := range pick(r.Values, key) {
		if v == nil {
			b.WriteString("~|")
		} else {
			fmt.Fprintf(&b, "%q|", *v)
		}
	}
	return b.String()
}

func pick(values []*string, places []int) []*string {
	picked := make([]*string, len(places))
	for i, at := range places {
		picked[i] = values[at]
	}
	return picked
}

// pair joins the rows of both sides by their key.
func (c comparison) pair(lake, house []HashedRow, key []int, columns []Total) []RowDifference {
	type pair struct {
		lake, house  HashedRow
		mine, theirs int64
	}
	pairs := map[string]*pair{}
	var names []string
	get := func(r HashedRow) *pair {
		name := r.name(key)
		if pairs[name] == nil {
			pairs[name] = &pair{}
			names = append(names, name)
		}
		return pairs[name]
	}
	for _, r := range lake {
		p := get(r)
		p.lake, p.mine = r, p.mine+r.Rows
	}
	for _, r := range house {
		p := get(r)
		p.house, p.theirs = r, p.theirs+r.Rows
	}
	slices.Sort(names)
	var all []RowDifference
	for _, name := range names[:min(len(names), shownRows)] {
		p := pairs[name]
		shown := p.lake.Values
		if shown == nil {
			shown = p.house.Values
		}
		d := RowDifference{Key: c.cells(shown, key), Lake: p.mine, Warehouse: p.theirs}
		if p.mine > 0 && p.theirs > 0 && p.lake.Hash != p.house.Hash {
			d.Columns = c.cellDifferences(columns, p.lake.Values, p.house.Values)
		}
		all = append(all, d)
	}
	return all
}

// cells are the row's key, or its first columns.
func (c comparison) cells(values []*string, key []int) []Cell {
	if len(key) == 0 {
		for i := range c.columns[:min(len(c.columns), keylessColumns)] {
			key = append(key, i)
		}
	}
	cells := make([]Cell, len(key))
	for i, at := range key {
		cells[i] = Cell{Column: c.columns[at], Value: c.shown(c.columns[at], values[at])}
	}
	return cells
}

func (c comparison) cellDifferences(columns []Total, lake, house []*string) (all []CellDifference) {
	for i, column := range columns {
		x, y := lake[i], house[i]
		if !sameValue(column.Kind, x, y) {
			all = append(all, CellDifference{Column: column.Column, Lake: c.shown(column.Column, x), Warehouse: c.shown(column.Column, y)})
		}
	}
	return all
}

// shown masks a private value.
func (c comparison) shown(column string, value *string) *string {
	if value != nil && slices.Contains(c.part.Private, column) {
		masked := "***"
		return &masked
	}
	return value
}
