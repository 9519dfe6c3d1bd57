package duckdb

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"ledgermill/engine/ledger"
	"ledgermill/engine/model"
	"ledgermill/engine/sqltext"
)

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
		return maskedText(value)
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
