package warehouse

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// effective is the business date from which what is merged now holds: the last
// date, as lastDate says, that is loaded or on its way. A whole dataset has none of its own, and
// the clock's would make a corrected run tell another story than the first.
// Where no date is known at all, it is today's.
func (l *load) effective() time.Time {
	units := datesOf(l.loads)
	for _, p := range l.request.Parts {
		if !p.whole() {
			units = append(units, dates{p.From, p.To})
		}
	}
	if last := lastDate(units, l.begun); !last.IsZero() {
		return last
	}
	return l.begun.Truncate(24 * time.Hour)
}

// keepHistory brings the history of a dimension to the dimension's rows. A row
// that changed ends its version on the effective date and begins another; one
// that changes again on that date, or was inferred, is corrected in place. So a
// key's versions follow each other without gap or overlap. What begins and ends
// a history is the defaults of valid_from and valid_to.
func (l *load) keepHistory(ctx context.Context, tx pgx.Tx, s *staged) error {
	for _, column := range s.Key {
		if !slices.Contains(s.table.history.shared, column) {
			return &LayoutError{Table: s.table.history.name, Reason: "is a history without the key " + column + " of " + s.Table,
				Remedy: "add the column by a migration, with a primary key on it and " + validFrom}
		}
	}
	for _, statement := range s.table.historyStatements(s.Key, dateText(l.effective())) {
		if _, err := tx.Exec(ctx, statement); err != nil {
			return mergeFault(s, fmt.Errorf("keep history %s: %w", s.table.history.name, err))
		}
	}
	return nil
}

func (t *table) historyStatements(key []string, effective string) []string {
	h := t.history
	name, day := ident(h.name), "date "+literal(effective)
	var same, columns, values, sets []string
	for _, column := range h.shared {
		columns = append(columns, quote(column))
		values = append(values, "d."+quote(column))
		if slices.Contains(key, column) {
			same = append(same, fmt.Sprintf("h.%s = d.%s", quote(column), quote(column)))
		} else {
			sets = append(sets, fmt.Sprintf("%s = d.%s", quote(column), quote(column)))
		}
	}
	join, hash := strings.Join(same, " and "), h.hash(key)
	sets = append(sets, quote(attributeHash)+" = "+hash)
	columns, values = append(columns, quote(attributeHash)), append(values, hash)
	inferred, stands := "", ""
	if h.inferred {
		sets = append(sets, quote(inferredColumn)+" = false")
		inferred = " or h." + quote(inferredColumn)
	}
	if t.has(inferredColumn) {
		stands = " and not d." + quote(inferredColumn)
	}
	changed := fmt.Sprintf("from %s d where %s and h.%s and h.%s <> %s%s", ident(t.name), join, quote(isCurrent), quote(attributeHash), hash, stands)
	versions := fmt.Sprintf("select from %s h where %s", name, join)
	return []string{
		fmt.Sprintf("update %s h set %s %s and (h.%s >= %s%s)", name, strings.Join(sets, ", "), changed, quote(validFrom), day, inferred),
		fmt.Sprintf("update %s h set %s = %s, %s = false %s", name, quote(validTo), day, quote(isCurrent), changed),
		fmt.Sprintf("insert into %s (%s, %s) select %s, %s from %s d where exists (%s) and not exists (%s and h.%s)%s",
			name, strings.Join(columns, ", "), quote(validFrom), strings.Join(values, ", "), day, ident(t.name), versions, versions, quote(isCurrent), stands),
		fmt.Sprintf("insert into %s (%s) select %s from %s d where not exists (%s)%s",
			name, strings.Join(columns, ", "), strings.Join(values, ", "), ident(t.name), versions, stands),
	}
}

// hash is over the tracked columns of d, in the order of the history's.
func (h *history) hash(key []string) string {
	var columns []string
	for _, column := range h.shared {
		if !slices.Contains(key, column) {
			columns = append(columns, "d."+quote(column))
		}
	}
	return fmt.Sprintf("encode(sha256(convert_to(row(%s)::text, 'UTF8')), 'hex')", strings.Join(columns, ", "))
}

// findMissing asks which dimensions lack a key of the leaf, once the datasets
// that come with it are merged.
func (l *load) findMissing(ctx context.Context, f *leaf) error {
	if len(f.table.links) == 0 || len(f.parts) == 0 {
		return nil
	}
	select {
	case <-l.merged:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return l.conns.do(ctx, func(conn *pgx.Conn) error {
		var missing []link
		for _, k := range f.table.links {
			var some bool
			if err := conn.QueryRow(ctx, "select exists (select "+k.lacking(f)+")").Scan(&some); err != nil {
				return fmt.Errorf("look for keys of %s in %s: %w", f.stage, k.Dimension, err)
			}
			if some {
				missing = append(missing, k)
			}
		}
		f.missing = missing
		return nil
	})
}

// lacking finds rows of the leaf whose key is not in the dimension.
func (k link) lacking(f *leaf) string {
	text := fmt.Sprintf("from %s f where f.%s is not null and not exists (select from %s d where d.%s = f.%s)",
		ident(f.stage), quote(k.Column), ident(k.Dimension), quote(k.Key), quote(k.Column))
	for _, value := range k.ignored {
		text += fmt.Sprintf(" and f.%s <> %s", quote(k.Column), literal(value))
	}
	return text
}

// infer gives a dimension the members that it lacks, and its history their
// first version, in the transaction that shows the rows with these keys. The
// dimension's own data overwrite both when they come.
func (l *load) infer(ctx context.Context, tx pgx.Tx, f *leaf, k link) error {
	tag, err := tx.Exec(ctx, fmt.Sprintf("insert into %s (%s, %s) select distinct f.%s, true %s on conflict do nothing",
		ident(k.Dimension), quote(k.Key), quote(inferredColumn), quote(k.Column), k.lacking(f)))
	if err != nil {
		return fmt.Errorf("infer members of %s: %w", k.Dimension, err)
	}
	l.w.log.InfoContext(ctx, "inferred members", "dimension", k.Dimension, "members", tag.RowsAffected(), "from", f.table.name+" "+f.label())
	d, err := readTable(ctx, tx.Conn(), k.Dimension)
	if err != nil || d.history == nil || !d.history.inferred {
		return err
	}
	h := d.history
	columns := quoteAll(h.shared)
	_, err = tx.Exec(ctx, fmt.Sprintf("insert into %s (%s, %s, %s) select %s, true, %s from %s d where d.%s and not exists (select from %s h where h.%s = d.%s)",
		ident(h.name), columns, quote(inferredColumn), quote(attributeHash), columns, h.hash([]string{k.Key}), ident(d.name), quote(inferredColumn),
		ident(h.name), quote(k.Key), quote(k.Key)))
	if err != nil {
		return fmt.Errorf("infer members of %s: %w", h.name, err)
	}
	return nil
}
