package warehouse

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

// removeOthers removes the units within the request's scope that are loaded and that
// the lake no longer publishes, each in a transaction of its own.
func (l *load) removeOthers(ctx context.Context) error {
	published := map[[2]string]bool{}
	for _, p := range l.request.Published {
		published[[2]string{p.Table, p.Unit}] = true
	}
	list, err := readLoads(ctx, l.main)
	if err != nil {
		return err
	}
	for _, one := range list {
		if published[[2]string{one.Table, one.Unit}] || !l.request.Within.covers(one) ||
			l.request.Removed != nil && !slices.Contains(l.request.Removed, Removed{one.Unit, one.ContentHash}) {
			continue
		}
		if err := l.removeUnit(ctx, one); err != nil {
			return err
		}
		l.report.Removed++
		l.w.log.InfoContext(ctx, "removed a unit that the lake does not have", "table", one.Table, "unit", one.Unit, "rows", one.Rows)
	}
	return nil
}

// removeUnit drops the unit's leaf, or deletes its rows where the leaf holds other
// units too. The keys of a whole dataset are closed, as those that it loses one by
// one.
func (l *load) removeUnit(ctx context.Context, one Loaded) error {
	t, err := readTable(ctx, l.main, one.Table)
	if err != nil {
		return err
	}
	statement := "delete from " + ident(one.Table)
	if live := t.live(); live != "" {
		statement += " where " + live
	}
	if t.has(closedColumn) {
		statement = fmt.Sprintf("update %s set %s = now() at time zone 'utc' where %s", ident(one.Table), quote(closedColumn), t.live())
	}
	names := []string{ident(one.Table)}
	if one.From != nil {
		key := quote(t.key)
		statement = fmt.Sprintf("delete from %s where %s >= %s and %s < %s", ident(one.Table), key, literal(dateText(*one.From)), key, literal(dateText(*one.To)))
		place, err := t.locate(*one.From, *one.To)
		var layout *LayoutError
		if err != nil && !errors.As(err, &layout) {
			return err
		}
		if err == nil && place.old != nil {
			statement = fmt.Sprintf("alter table %s detach partition %s;\ndrop table %s", ident(place.parent.name), ident(place.old.name), ident(place.old.name))
			names = append(names, ident(place.parent.name), ident(place.old.name))
		}
	}
	_, err = l.untilDeadline(ctx, l.main, one.Unit, names, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "delete from ledgermill.loads where table_name = $1 and unit = $2", one.Table, one.Unit); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, statement)
		return swapFault(&batch{name: one.Unit, leaves: []*leaf{{table: t}}}, err)
	})
	return err
}
