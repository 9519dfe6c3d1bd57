package duckdb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"ledgermill/engine/job"
	"ledgermill/engine/ledger"
	"ledgermill/engine/model"
	"ledgermill/engine/sqltext"
)

// Comparison says what two versions of a unit are compared by.
type Comparison struct {
	Old      string   // Parquet file of the version before
	Key      []string // columns that identify a row; nil: rows are compared whole
	By       []string // columns that sums are parted by, as far as both versions have them
	Examples int      // of each kind at most
	Private  func(model.Column) bool
}

// Difference is what parts two versions of a unit.
type Difference struct {
	Before  int64              `json:"rows_before"`
	After   int64              `json:"rows_after"`
	Added   int64              `json:"added"`
	Removed int64              `json:"removed"`
	Changed int64              `json:"changed"`
	Key     []string           `json:"key"`              // empty: rows were compared whole
	NoKey   string             `json:"no_key,omitempty"` // why not by the key that there is
	New     []string           `json:"new_columns"`      // only the version after has them
	Dropped []string           `json:"dropped_columns"`  // only the version before
	Retyped []Retyped          `json:"retyped_columns"`
	Columns []ColumnDifference `json:"columns"` // those with another value in some row, most rows first
	Rows    RowExamples        `json:"examples"`
	By      []string           `json:"-"`    // columns that sums are parted by
	Sums    []SumDifference    `json:"sums"` // of DECIMAL columns
}

// Retyped is a column of two types.
type Retyped struct {
	Column string `json:"column"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// ColumnDifference counts the rows in which a column has another value.
type ColumnDifference struct {
	Column   string    `json:"column"`
	Rows     int64     `json:"rows"`
	Masked   bool      `json:"masked,omitempty"`
	Examples []Example `json:"examples"`
}

// Example is one value before and after; nil is null.
type Example struct {
	Key    []*string `json:"key"`
	Before *string   `json:"before"`
	After  *string   `json:"after"`
}

// RowExamples are rows of one version alone, by the names of their columns.
type RowExamples struct {
	Columns []string    `json:"columns"`
	Added   [][]*string `json:"added"`
	Removed [][]*string `json:"removed"`
}

// SumDifference is a sum before and after; nil: the version lacks the column, or has
// no value in it.
type SumDifference struct {
	Column string    `json:"column"`
	By     []*string `json:"by,omitempty"`
	Before *string   `json:"before"`
	After  *string   `json:"after"`
	Delta  *string   `json:"delta"` // after less before
}

// Differs reports whether anything does.
func (d *Difference) Differs() bool {
	return d.Added+d.Removed+d.Changed > 0 || len(d.New)+len(d.Dropped)+len(d.Retyped) > 0
}

const (
	oldTable  = "_old"
	pairTable = "_pairs"
)

// Compare evaluates a model on a unit and holds what comes of it against an older file
// of the unit.
func (e *Engine) Compare(ctx context.Context, t job.Task, c Comparison) (_ *Difference, err error) {
	m, err := e.making(ctx, t.Unit, t.Previous, t.Inputs)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, m.session.close()) }()
	if err := m.evaluate(ctx, t.Model, Sight{SQL: t.Model.SQL}); err != nil {
		return nil, err
	}
	if _, err := m.session.exec(ctx, "create or replace temp view "+oldTable+" as select * from "+parquet(c.Old)); err != nil {
		return nil, err
	}
	k := &comparing{making: m, Comparison: c, out: &Difference{New: []string{}, Dropped: []string{}, Retyped: []Retyped{}, Columns: []ColumnDifference{}, Sums: []SumDifference{},
		Key: []string{}, Rows: RowExamples{Columns: []string{}, Added: [][]*string{}, Removed: [][]*string{}}}}
	for _, step := range []func(context.Context) error{k.columns, k.counts, k.chooseKey, k.rows, k.sums} {
		if err := step(ctx); err != nil {
			return nil, fmt.Errorf("compare %s of %s: %w", t.Model.Name, t.Unit, err)
		}
	}
	return k.out, nil
}

// comparing is a comparison under way.
type comparing struct {
	*making
	Comparison
	out        *Difference
	old, after []ledger.Column
	common     []ledger.Column // as the version after has them
}

func columnNamed(columns []ledger.Column, name string) (ledger.Column, bool) {
	i := slices.IndexFunc(columns, func(c ledger.Column) bool { return strings.EqualFold(c.Name, name) })
	if i < 0 {
		return ledger.Column{}, false
	}
	return columns[i], true
}

// columns finds what both versions have.
func (k *comparing) columns(ctx context.Context) (err error) {
	if k.old, err = k.session.describe(ctx, oldTable); err != nil {
		return err
	}
	if k.after, err = k.session.describe(ctx, seenTable); err != nil {
		return err
	}
	for _, c := range k.after {
		was, both := columnNamed(k.old, c.Name)
		switch {
		case !both:
			k.out.New = append(k.out.New, c.Name)
			continue
		case was.Type != c.Type:
			k.out.Retyped = append(k.out.Retyped, Retyped{Column: c.Name, Before: was.Type, After: c.Type})
		}
		k.common = append(k.common, c)
	}
	for _, c := range k.old {
		if _, both := columnNamed(k.after, c.Name); !both {
			k.out.Dropped = append(k.out.Dropped, c.Name)
		}
	}
	return nil
}

func (k *comparing) counts(ctx context.Context) error {
	return k.session.rows(ctx, fmt.Sprintf("select (select count(*) from %s), (select count(*) from %s)", oldTable, seenTable),
		[]any{&k.out.Before, &k.out.After}, func() error { return nil })
}

// chooseKey takes the declared key if both versions have its columns and it identifies
// their rows.
func (k *comparing) chooseKey(ctx context.Context) error {
	if len(k.Key) == 0 {
		k.out.NoKey = "the model names no grain"
		return nil
	}
	for _, name := range k.Key {
		if _, ok := columnNamed(k.common, name); !ok {
			k.out.NoKey = name + " of the grain is not in both versions"
			return nil
		}
	}
	for _, version := range []struct{ table, name string }{{oldTable, "before"}, {seenTable, "after"}} {
		var repeated int64
		query := fmt.Sprintf("select count(*) from (select 1 from %s group by %s having count(*) > 1)", version.table, quoteNames(k.Key))
		if err := k.session.rows(ctx, query, []any{&repeated}, func() error { return nil }); err != nil {
			return err
		}
		if repeated > 0 {
			k.out.NoKey = fmt.Sprintf("%d keys (%s) stand more than once in the version %s", repeated, strings.Join(k.Key, ", "), version.name)
			return nil
		}
	}
	k.out.Key = k.Key
	return nil
}

func (k *comparing) rows(ctx context.Context) error {
	if len(k.out.Key) == 0 {
		return k.whole(ctx)
	}
	return k.byKey(ctx)
}

// before is a column of the version before, as the type that it has now.
func (k *comparing) before(c ledger.Column) string {
	q := "o." + sqltext.QuoteName(c.Name)
	if was, _ := columnNamed(k.old, c.Name); was.Type != c.Type {
		return "try_cast(" + q + " as " + c.Type + ")"
	}
	return q
}

// byKey pairs the rows of both versions, and keeps those that differ.
func (k *comparing) byKey(ctx context.Context) error {
	var on, list, changed []string
	for _, name := range k.out.Key {
		q := sqltext.QuoteName(name)
		c, _ := columnNamed(k.common, name)
		on = append(on, fmt.Sprintf("n.%s is not distinct from %s", q, k.before(c)))
	}
	var values []ledger.Column
	for i, c := range k.common {
		list = append(list, fmt.Sprintf("%s as o%d, n.%s as n%d", k.before(c), i, sqltext.QuoteName(c.Name), i))
		if !slices.Contains(k.out.Key, c.Name) {
			changed = append(changed, fmt.Sprintf("n.%s is distinct from %s", sqltext.QuoteName(c.Name), k.before(c)))
		}
		values = append(values, c)
	}
	if changed == nil {
		changed = []string{"false"}
	}
	differs := "o._side is null or n._side is null or " + strings.Join(changed, " or ")
	if _, err := k.session.exec(ctx, fmt.Sprintf(`create or replace temp table %s as
select case when o._side is null then 'added' when n._side is null then 'removed' else 'changed' end as what, %s
from (select *, 1 as _side from %s) n full join (select *, 1 as _side from %s) o on %s where %s`,
		pairTable, strings.Join(list, ", "), seenTable, oldTable, strings.Join(on, " and "), differs)); err != nil {
		return err
	}
	counts := []string{"count(*) filter (where what = 'added')", "count(*) filter (where what = 'removed')", "count(*) filter (where what = 'changed')"}
	rows := make([]int64, len(values))
	dest := []any{&k.out.Added, &k.out.Removed, &k.out.Changed}
	for i := range values {
		counts = append(counts, fmt.Sprintf("count(*) filter (where what = 'changed' and n%d is distinct from o%d)", i, i))
		dest = append(dest, &rows[i])
	}
	if err := k.session.rows(ctx, "select "+strings.Join(counts, ", ")+" from "+pairTable, dest, func() error { return nil }); err != nil {
		return err
	}
	for i, c := range values {
		if rows[i] == 0 {
			continue
		}
		d := ColumnDifference{Column: c.Name, Rows: rows[i], Masked: k.masks(c), Examples: []Example{}}
		if err := k.columnExamples(ctx, i, &d); err != nil {
			return err
		}
		k.out.Columns = append(k.out.Columns, d)
	}
	slices.SortStableFunc(k.out.Columns, func(a, b ColumnDifference) int { return int(b.Rows - a.Rows) })
	return k.rowExamples(ctx)
}

func (k *comparing) masks(c ledger.Column) bool {
	return k.Private != nil && k.Private(model.Column{Name: c.Name, Type: c.Type})
}

// shown is a value as text, masked where it is private.
func (k *comparing) shown(side string, i int) string {
	value := fmt.Sprintf("%s%d", side, i)
	if k.masks(k.common[i]) {
		return "case when " + value + " is not null then '***' end"
	}
	return "cast(" + value + " as varchar)"
}

// keyOrder is the order of examples: by key, of whichever version has the row.
func (k *comparing) keyOrder() (shown, order []string) {
	for _, name := range k.out.Key {
		i := slices.IndexFunc(k.common, func(c ledger.Column) bool { return strings.EqualFold(c.Name, name) })
		value := "coalesce(" + k.shown("n", i) + ", " + k.shown("o", i) + ")"
		shown, order = append(shown, value), append(order, fmt.Sprintf("coalesce(n%d, o%d) nulls last", i, i))
	}
	return shown, order
}

func (k *comparing) columnExamples(ctx context.Context, i int, d *ColumnDifference) error {
	key, order := k.keyOrder()
	query := fmt.Sprintf("select %s, %s, %s from %s where what = 'changed' and n%d is distinct from o%d order by %s limit %d",
		strings.Join(key, ", "), k.shown("o", i), k.shown("n", i), pairTable, i, i, strings.Join(order, ", "), k.Examples)
	return k.texts(ctx, query, len(key)+2, func(row []*string) {
		d.Examples = append(d.Examples, Example{Key: row[:len(key)], Before: row[len(key)], After: row[len(key)+1]})
	})
}

// texts calls each for the rows of a query of so many texts.
func (k *comparing) texts(ctx context.Context, query string, columns int, each func([]*string)) error {
	dest := make([]any, columns)
	values := make([]*string, columns)
	for i := range dest {
		dest[i] = &values[i]
	}
	return k.session.rows(ctx, query, dest, func() error {
		each(slices.Clone(values))
		return nil
	})
}

// rowExamples are rows that only one version has.
func (k *comparing) rowExamples(ctx context.Context) error {
	_, order := k.keyOrder()
	for _, kind := range []struct {
		what, side string
		into       *[][]*string
	}{{"added", "n", &k.out.Rows.Added}, {"removed", "o", &k.out.Rows.Removed}} {
		var list []string
		for i := range k.common {
			list = append(list, k.shown(kind.side, i))
		}
		query := fmt.Sprintf("select %s from %s where what = '%s' order by %s limit %d", strings.Join(list, ", "), pairTable, kind.what, strings.Join(order, ", "), k.Examples)
		if err := k.texts(ctx, query, len(list), func(row []*string) { *kind.into = append(*kind.into, row) }); err != nil {
			return err
		}
	}
	for _, c := range k.common {
		k.out.Rows.Columns = append(k.out.Rows.Columns, c.Name)
	}
	return nil
}

// whole compares rows as multisets: there is no telling which row became which.
func (k *comparing) whole(ctx context.Context) error {
	var now, was, shown []string
	for i, c := range k.common {
		now = append(now, fmt.Sprintf("n.%s as n%d", sqltext.QuoteName(c.Name), i))
		was = append(was, fmt.Sprintf("%s as n%d", k.before(c), i))
		shown = append(shown, k.shown("n", i))
		k.out.Rows.Columns = append(k.out.Rows.Columns, c.Name)
	}
	if now == nil {
		k.out.Added, k.out.Removed = k.out.After, k.out.Before
		return nil
	}
	after, before := "select "+strings.Join(now, ", ")+" from "+seenTable+" n", "select "+strings.Join(was, ", ")+" from "+oldTable+" o"
	for _, kind := range []struct {
		query string
		count *int64
		into  *[][]*string
	}{{after + " except all " + before, &k.out.Added, &k.out.Rows.Added}, {before + " except all " + after, &k.out.Removed, &k.out.Rows.Removed}} {
		if _, err := k.session.exec(ctx, "create or replace temp table "+pairTable+" as "+kind.query); err != nil {
			return err
		}
		if err := k.session.rows(ctx, "select count(*) from "+pairTable, []any{kind.count}, func() error { return nil }); err != nil {
			return err
		}
		query := fmt.Sprintf("select %s from %s order by all limit %d", strings.Join(shown, ", "), pairTable, k.Examples)
		if err := k.texts(ctx, query, len(shown), func(row []*string) { *kind.into = append(*kind.into, row) }); err != nil {
			return err
		}
	}
	return nil
}

// sums adds up the DECIMAL columns of both versions.
func (k *comparing) sums(ctx context.Context) error {
	var by []string
	for _, name := range k.By {
		if c, ok := columnNamed(k.common, name); ok && !k.masks(c) && !slices.Contains(by, c.Name) {
			by = append(by, c.Name)
		}
	}
	k.out.By = by
	var columns []string
	for _, c := range slices.Concat(k.after, k.old) {
		if strings.HasPrefix(c.Type, "DECIMAL") && !slices.Contains(columns, c.Name) {
			columns = append(columns, c.Name)
		}
	}
	for _, name := range columns {
		if err := k.sum(ctx, name, by); err != nil {
			return err
		}
	}
	return nil
}

func (k *comparing) sum(ctx context.Context, name string, by []string) error {
	side := func(table string, columns []ledger.Column, as string) string {
		value := "cast(null as decimal(38, 2))"
		if c, ok := columnNamed(columns, name); ok && strings.HasPrefix(c.Type, "DECIMAL") {
			value = "sum(" + sqltext.QuoteName(c.Name) + ")"
		}
		list := []string{value + " as " + as}
		for i, b := range by {
			list = append(list, fmt.Sprintf("cast(%s as varchar) as b%d", sqltext.QuoteName(b), i))
		}
		text := "select " + strings.Join(list, ", ") + " from " + table
		if len(by) > 0 {
			text += " group by all"
		}
		return text
	}
	on, keys := "true", []string{}
	for i := range by {
		on += fmt.Sprintf(" and o.b%d is not distinct from n.b%d", i, i)
		keys = append(keys, fmt.Sprintf("coalesce(n.b%d, o.b%d)", i, i))
	}
	list := append(slices.Clone(keys), "cast(o.o as varchar)", "cast(n.n as varchar)", "cast(coalesce(n.n, 0) - coalesce(o.o, 0) as varchar)")
	query := fmt.Sprintf("select %s from (%s) o full join (%s) n on %s", strings.Join(list, ", "), side(oldTable, k.old, "o"), side(seenTable, k.after, "n"), on)
	if len(keys) > 0 {
		query += " order by " + strings.Join(keys, ", ")
	}
	return k.texts(ctx, query, len(list), func(row []*string) {
		n := len(keys)
		s := SumDifference{Column: name, By: row[:n], Before: row[n], After: row[n+1], Delta: row[n+2]}
		k.out.Sums = append(k.out.Sums, s)
	})
}
