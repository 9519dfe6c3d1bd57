package warehouse

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// lockTimeout bounds how long a waiting swap may keep new readers waiting
	// behind it.
	lockTimeout = "50ms"
	// swapPause is the longest pause between two tries of a swap.
	swapPause = 250 * time.Millisecond
)

// swap shows all leaves of the batch at once.
func (l *load) swap(ctx context.Context, b *batch) error {
	l.swapping.Lock()
	defer l.swapping.Unlock()
	var attach, replace []*leaf
	units := map[string]bool{}
	var parts []*staged
	for _, f := range b.leaves {
		if f.into != nil {
			replace = append(replace, f)
		} else {
			attach = append(attach, f)
		}
		for _, s := range f.parts {
			units[s.Unit], parts = true, append(parts, s)
		}
	}
	begun := time.Now()
	retries, err := l.swapLeaves(ctx, b, attach, replace)
	took := time.Since(begun)
	if err == nil {
		err = l.dropReplaced(ctx, attach)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.report.Retries += retries
	l.report.Swap += took
	if err != nil {
		return err
	}
	for _, s := range parts {
		s.report.Leaf = s.leaf.shown()
	}
	l.note(len(units), len(b.leaves), parts)
	for _, s := range parts {
		l.tell(Event{Table: s.Table, Unit: s.Unit, Step: StepSwap, Bytes: s.report.Bytes, Done: true})
	}
	return nil
}

// swapLeaves replaces rows first, which keeps no reader waiting, and takes
// locks that do at the end, trying these alone again.
func (l *load) swapLeaves(ctx context.Context, b *batch, attach, replace []*leaf) (retries int, err error) {
	statements := lockStatements(attach) + l.swapStatements(attach)
	if len(replace) == 0 {
		// The server commits without waiting for this process to be scheduled, or for the
		// network, while readers wait. What is left to commit is an empty transaction.
		statements += "commit;\nbegin;\n"
	}
	show := func(tx pgx.Tx) error {
		for _, f := range attach {
			if err := l.recordLeaf(ctx, tx, f); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, statements)
		return swapFault(b, err)
	}
	if len(replace) == 0 {
		return l.untilDeadline(ctx, l.main, b.name, heldNames(attach), show)
	}
	err = pgx.BeginFunc(ctx, l.main, func(tx pgx.Tx) error {
		for _, f := range replace {
			if err := l.replaceRows(ctx, tx, f); err != nil {
				return err
			}
		}
		retries, err = l.untilDeadline(ctx, tx, b.name, heldNames(attach), show)
		return err
	})
	return retries, err
}

// replaceRows puts a day's rows into the leaf of a compacted month. The leaf's
// defaults are those of another run, so the mill's own columns are said.
func (l *load) replaceRows(ctx context.Context, tx pgx.Tx, f *leaf) error {
	s, key := f.parts[0], quote(f.table.key)
	if _, err := tx.Exec(ctx, fmt.Sprintf("delete from %s where %s >= %s and %s < %s",
		ident(f.into.name), key, literal(dateText(f.from)), key, literal(dateText(f.to)))); err != nil {
		return fmt.Errorf("replace %s unit %s: %w", s.Table, s.Unit, err)
	}
	columns, values := quoteAll(s.columns), quoteAll(s.columns)
	for _, d := range l.stamps(f.table) {
		columns, values = columns+", "+quote(d.column), values+", "+d.value
	}
	tag, err := tx.Exec(ctx, fmt.Sprintf("insert into %s (%s) select %s from %s", ident(f.into.name), columns, values, ident(f.stage)))
	if err != nil {
		var refused *pgconn.PgError
		if errors.As(err, &refused) && strings.HasPrefix(refused.Code, "23") {
			return &CopyError{Table: s.Table, Unit: s.Unit, Err: err}
		}
		return fmt.Errorf("replace %s unit %s: %w", s.Table, s.Unit, err)
	}
	if tag.RowsAffected() != s.Rows {
		return s.mismatch("", "rows", fmt.Sprint(s.Rows), fmt.Sprint(tag.RowsAffected()))
	}
	if err := l.recordLeaf(ctx, tx, f); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "drop table "+ident(f.stage)); err != nil {
		return fmt.Errorf("drop leaf %s: %w", f.stage, err)
	}
	return nil
}

// shown is the leaf that readers find the rows in.
func (f *leaf) shown() string {
	if f.into != nil {
		return f.into.name
	}
	return f.name
}

// recordLeaf writes what the leaf holds, and gives dimensions what they lack.
func (l *load) recordLeaf(ctx context.Context, tx pgx.Tx, f *leaf) error {
	for _, m := range f.missing {
		if err := l.infer(ctx, tx, f, m); err != nil {
			return err
		}
	}
	for _, s := range f.parts {
		if err := l.record(ctx, tx, s); err != nil {
			return err
		}
	}
	var units []string
	for _, u := range f.kept() {
		units = append(units, u.Unit)
	}
	if len(units) == 0 {
		return nil
	}
	if _, err := tx.Exec(ctx, "update ledgermill.loads set leaf = $1 where table_name = $2 and unit = any ($3)", f.name, f.table.name, units); err != nil {
		return fmt.Errorf("record leaf %s: %w", f.name, err)
	}
	return nil
}

// swapStatements does in one round trip what keeps readers waiting.
func (l *load) swapStatements(leaves []*leaf) string {
	var text strings.Builder
	for _, f := range leaves {
		parent := ident(f.parent.name)
		for _, old := range f.old {
			fmt.Fprintf(&text, "alter table %s detach partition %s;\n", parent, ident(old.name))
			if f.dropsLater() {
				fmt.Fprintf(&text, "comment on table %s is %s;\n", ident(old.name), literal(stagedComment))
			} else {
				fmt.Fprintf(&text, "drop table %s;\n", ident(old.name))
			}
		}
		fmt.Fprintf(&text, "alter table %s rename to %s;\n", ident(f.stage), quote(f.name))
		for _, i := range f.indexes() {
			name := indexName(f.name, f.table.name, i.name, "")
			if i.own {
				name = i.name
				if f.dropsLater() {
					fmt.Fprintf(&text, "alter index %s rename to %s;\n", ident(name), quote(fit(name, "_old", l.tag)))
				}
			}
			fmt.Fprintf(&text, "alter index %s rename to %s;\n", ident(indexName(f.name, f.table.name, i.name, l.tag)), quote(name))
		}
		fmt.Fprintf(&text, "comment on table %s is %s;\n", ident(f.name), literal(f.comment()))
		fmt.Fprintf(&text, "alter table %s attach partition %s for values from (%s) to (%s);\n",
			parent, ident(f.name), literal(dateText(f.from)), literal(dateText(f.to)))
	}
	return text.String()
}

// lockStatements take all locks before the first change. lock_timeout bounds the
// wait for each lock, so that readers of the tables locked first would wait for all
// the others too; statement_timeout bounds the sum.
func lockStatements(leaves []*leaf) string {
	var names []string
	for _, name := range heldNames(leaves) {
		names = append(names, "only "+name)
	}
	if names == nil {
		return ""
	}
	return fmt.Sprintf("set local statement_timeout = '%s';\nlock table %s in access exclusive mode;\nset local statement_timeout = 0;\n",
		lockTimeout, strings.Join(names, ", "))
}

// heldNames are the tables whose readers a swap waits for.
func heldNames(leaves []*leaf) []string {
	var names []string
	for _, f := range leaves {
		names = append(names, ident(f.parent.name))
		for _, old := range f.old {
			names = append(names, ident(old.name))
		}
	}
	return names
}

// swapFault explains a leaf that something of the user's hangs on: it is never
// dropped along.
func swapFault(b *batch, err error) error {
	var refused *pgconn.PgError
	if errors.As(err, &refused) && refused.Code == dependentObjects {
		return &LayoutError{Table: b.leaves[0].table.name, Reason: "a leaf of unit " + b.name + " cannot be replaced: " + refused.Message + " (" + refused.Detail + ")",
			Remedy: "make the view or key depend on the table instead of its partition, then: ledgermill load"}
	}
	return err
}

// SQLSTATEs that decide.
const (
	lockNotAvailable = "55P03"
	deadlockDetected = "40P01"
	queryCanceled    = "57014" // by statement_timeout
	dependentObjects = "2BP01"
	duplicateTable   = "42P07"
)

// beginner is a connection, or a transaction that has begun.
type beginner interface {
	Begin(ctx context.Context) (pgx.Tx, error)
}

// untilDeadline runs change in a short transaction that gives up waiting for
// locks at once and is tried again, at random distances, until the deadline.
//
// In a transaction that has begun, each try is a savepoint: giving up gives its
// locks back and keeps what went before.
func (l *load) untilDeadline(ctx context.Context, db beginner, unit string, names []string, change func(pgx.Tx) error) (retries int, err error) {
	begun := time.Now()
	for ; ; retries++ {
		err := pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, "set local lock_timeout = '"+lockTimeout+"'"); err != nil {
				return err
			}
			return change(tx)
		})
		var refused *pgconn.PgError
		if err == nil || !errors.As(err, &refused) || !slices.Contains([]string{lockNotAvailable, deadlockDetected, queryCanceled}, refused.Code) {
			if err != nil && !holds(err) {
				err = fmt.Errorf("swap unit %s: %w", unit, err)
			}
			return retries, err
		}
		pause := swapPause/5 + rand.N(swapPause*4/5)
		if time.Since(begun)+pause > l.w.options.SwapDeadline {
			blockers, err := l.blockers(ctx, names)
			return retries, errors.Join(&SwapDeadlineError{Unit: unit, Waited: time.Since(begun), Blockers: blockers}, err)
		}
		l.w.log.DebugContext(ctx, "swap waits for readers", "unit", unit, "try", retries+1)
		select {
		case <-ctx.Done():
			return retries, context.Cause(ctx)
		case <-time.After(pause):
		}
	}
}

// blockers names the sessions that hold locks on the tables.
func (l *load) blockers(ctx context.Context, names []string) ([]string, error) {
	rows, err := l.main.Query(ctx, `
		select distinct format('pid %s (%s, %s, %s for %s)', a.pid, a.usename, coalesce(nullif(a.application_name, ''), 'no name'), a.state,
		                       date_trunc('second', now() - coalesce(a.xact_start, a.query_start)))
		from pg_locks l join pg_stat_activity a on a.pid = l.pid
		where l.locktype = 'relation' and l.granted and a.pid <> pg_backend_pid()
		  and l.relation in (select to_regclass(n)::oid from unnest($1::text[]) n)
		order by 1`, names)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// record writes that the part is loaded, in the transaction that shows it.
func (l *load) record(ctx context.Context, tx pgx.Tx, s *staged) error {
	var leaf *string
	var from, to *time.Time
	if s.leaf != nil {
		name := s.leaf.shown()
		leaf, from, to = &name, &s.From, &s.To
	}
	_, err := tx.Exec(ctx, `
		insert into ledgermill.loads as l (table_name, unit, leaf, from_date, to_date, fingerprint, content_hash, definition, rows, sums, run_id, controls, loaded_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, now() at time zone 'utc')
		on conflict (table_name, unit) do update set
		  leaf = excluded.leaf, from_date = excluded.from_date, to_date = excluded.to_date, fingerprint = excluded.fingerprint,
		  content_hash = excluded.content_hash, definition = excluded.definition, rows = excluded.rows, sums = excluded.sums,
		  run_id = excluded.run_id, controls = excluded.controls, loaded_at = excluded.loaded_at`,
		s.Table, s.Unit, leaf, from, to, s.Fingerprint, s.ContentHash, s.table.definition(s.Part), s.Rows, s.sums, l.request.Run, noNil(s.controls))
	if err != nil {
		return fmt.Errorf("record %s unit %s: %w", s.Table, s.Unit, err)
	}
	return nil
}
