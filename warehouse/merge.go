package warehouse

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// mergeTable receives a whole dataset before it is merged; it lives in the
// session and as long as the transaction.
const mergeTable = "ledgermill_merge"

// merge makes a table's live rows those of a whole dataset, by key, in one
// transaction: rows that differ are written, keys that are gone are closed, or
// deleted where the table has no column closed_at.
func (l *load) merge(ctx context.Context, b *batch) error {
	s := b.whole
	err := l.conns.do(ctx, func(conn *pgx.Conn) error {
		return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error { return l.mergeIn(ctx, conn, tx, s) })
	})
	if err != nil {
		return err
	}
	if err := l.analyzeMerged(ctx, s); err != nil {
		return err
	}
	l.tell(Event{Table: s.Table, Unit: s.Unit, Step: StepMerge, Bytes: s.report.Bytes, Done: true})
	l.mu.Lock()
	defer l.mu.Unlock()
	l.note(1, 0, []*staged{s})
	return nil
}

// analyzeMerged takes statistics where much has changed: queries of the next
// minute must not wait for autovacuum to notice.
func (l *load) analyzeMerged(ctx context.Context, s *staged) error {
	if float64(s.report.Changed+s.report.Closed) <= staleShare*float64(s.Rows) {
		return nil
	}
	names := []string{s.Table}
	if s.table.history != nil {
		names = append(names, s.table.history.name)
	}
	return l.everywhere(ctx, names, "analyze ")
}

func (l *load) mergeIn(ctx context.Context, conn *pgx.Conn, tx pgx.Tx, s *staged) error {
	begun := time.Now()
	_, err := tx.Exec(ctx, fmt.Sprintf("create temp table %s on commit drop as select %s from %s with no data",
		mergeTable, quoteAll(s.columns), ident(s.Table)))
	if err != nil {
		return fmt.Errorf("create merge table of %s: %w", s.Table, err)
	}
	if err := l.copyRows(ctx, conn, s, mergeTable, "freeze"); err != nil {
		return err
	}
	s.report.Copy = time.Since(begun)
	if _, err := tx.Exec(ctx, "analyze "+mergeTable); err != nil {
		return fmt.Errorf("analyze merge table of %s: %w", s.Table, err)
	}
	changed, err := tx.Exec(ctx, l.upsertStatement(s))
	if err != nil {
		return mergeFault(s, err)
	}
	closed, err := tx.Exec(ctx, l.closeStatement(s))
	if err != nil {
		return mergeFault(s, err)
	}
	s.report.Changed, s.report.Closed = changed.RowsAffected(), closed.RowsAffected()
	scan := time.Now()
	if s.sums, err = reconcile(ctx, conn, s, ident(s.Table), s.table.live()); err != nil {
		return err
	}
	s.report.Reconcile = time.Since(scan)
	if s.table.history != nil {
		if err := l.keepHistory(ctx, tx, s); err != nil {
			return err
		}
	}
	return l.record(ctx, tx, s)
}

// live is the condition of rows that the dataset has, "" for all rows.
func (t *table) live() string {
	var conditions []string
	if t.has(closedColumn) {
		conditions = append(conditions, quote(closedColumn)+" is null")
	}
	if t.has(inferredColumn) {
		conditions = append(conditions, "not "+quote(inferredColumn))
	}
	return strings.Join(conditions, " and ")
}

// upsertStatement writes rows that are new or differ. A closed key that comes
// again is opened.
func (l *load) upsertStatement(s *staged) string {
	columns, values := quoteAll(s.columns), quoteAll(s.columns)
	var sets, old, fresh []string
	for _, name := range s.columns {
		if slices.Contains(s.Key, name) {
			continue
		}
		sets = append(sets, fmt.Sprintf("%s = excluded.%s", quote(name), quote(name)))
		old = append(old, "t."+quote(name))
		fresh = append(fresh, "excluded."+quote(name))
	}
	for _, d := range l.stamps(s.table) {
		columns += ", " + quote(d.column)
		values += ", " + d.value
		sets = append(sets, quote(d.column)+" = "+d.value)
	}
	var differs []string
	if len(old) > 0 {
		differs = append(differs, fmt.Sprintf("row(%s) is distinct from row(%s)", strings.Join(old, ", "), strings.Join(fresh, ", ")))
	}
	if s.table.has(closedColumn) {
		sets = append(sets, quote(closedColumn)+" = null")
		differs = append(differs, "t."+quote(closedColumn)+" is not null")
	}
	if s.table.has(inferredColumn) {
		sets = append(sets, quote(inferredColumn)+" = false")
		differs = append(differs, "t."+quote(inferredColumn))
	}
	action := "nothing"
	if len(differs) > 0 {
		action = fmt.Sprintf("update set %s where %s", strings.Join(sets, ", "), strings.Join(differs, " or "))
	}
	return fmt.Sprintf("insert into %s as t (%s) select %s from %s on conflict (%s) do %s",
		ident(s.Table), columns, values, mergeTable, quoteAll(s.Key), action)
}

func (l *load) closeStatement(s *staged) string {
	var same []string
	for _, name := range s.Key {
		same = append(same, fmt.Sprintf("m.%s = t.%s", quote(name), quote(name)))
	}
	gone := fmt.Sprintf("not exists (select from %s m where %s)", mergeTable, strings.Join(same, " and "))
	if s.table.has(inferredColumn) {
		gone += " and not t." + quote(inferredColumn)
	}
	if s.table.has(closedColumn) {
		closed := quote(closedColumn)
		return fmt.Sprintf("update %s t set %s = now() at time zone 'utc' where t.%s is null and %s", ident(s.Table), closed, closed, gone)
	}
	return fmt.Sprintf("delete from %s t where %s", ident(s.Table), gone)
}

// mergeFault turns a refusal of the data into a CopyError. Code 21000 is a key
// that the dataset has twice.
func mergeFault(s *staged, err error) error {
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		switch {
		case refused.Code == "21000":
			return &CopyError{Table: s.Table, Unit: s.Unit, Err: fmt.Errorf("a key (%s) occurs twice: %w", strings.Join(s.Key, ", "), err)}
		case strings.HasPrefix(refused.Code, "22"), strings.HasPrefix(refused.Code, "23"):
			return &CopyError{Table: s.Table, Unit: s.Unit, Column: refused.ColumnName, Err: err}
		}
	}
	return fmt.Errorf("merge %s: %w", s.Table, err)
}
