package warehouse

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
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

// swap shows all leaves of the unit at once.
func (l *load) swap(ctx context.Context, u *unit) error {
	l.swapping.Lock()
	defer l.swapping.Unlock()
	begun := time.Now()
	statements := l.swapStatements(u)
	retries, err := l.untilDeadline(ctx, u.name, heldNames(u), func(tx pgx.Tx) error {
		for _, s := range u.parts {
			if err := l.record(ctx, tx, s); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, statements)
		return swapFault(u, err)
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	l.report.Retries += retries
	l.report.Swap += time.Since(begun)
	if err != nil {
		return err
	}
	for _, s := range u.parts {
		s.report.Leaf = s.leaf
	}
	l.note(u)
	for _, s := range u.parts {
		l.tell(Event{Table: s.Table, Unit: s.Unit, Step: StepSwap, Bytes: s.report.Bytes, Done: true})
	}
	return nil
}

// swapStatements does in one round trip what keeps readers waiting.
func (l *load) swapStatements(u *unit) string {
	var text strings.Builder
	for _, s := range u.parts {
		parent := ident(s.spot.parent.name)
		if old := s.spot.old; old != nil {
			fmt.Fprintf(&text, "alter table %s detach partition %s;\ndrop table %s;\n", parent, ident(old.name), ident(old.name))
		}
		fmt.Fprintf(&text, "alter table %s rename to %s;\n", ident(s.stage), quote(s.leaf))
		for _, i := range s.table.indexes {
			fmt.Fprintf(&text, "alter index %s rename to %s;\n",
				ident(indexName(s.leaf, s.Table, i.name, l.tag)), quote(indexName(s.leaf, s.Table, i.name, "")))
		}
		fmt.Fprintf(&text, "comment on table %s is %s;\n", ident(s.leaf), literal("Unit "+s.Unit+" of "+s.Dataset+"."))
		fmt.Fprintf(&text, "alter table %s attach partition %s for values from (%s) to (%s);\n",
			parent, ident(s.leaf), literal(dateText(s.From)), literal(dateText(s.To)))
	}
	return text.String()
}

// heldNames are the tables whose readers a swap waits for.
func heldNames(u *unit) []string {
	var names []string
	for _, s := range u.parts {
		names = append(names, ident(s.spot.parent.name))
		if s.spot.old != nil {
			names = append(names, ident(s.spot.old.name))
		}
	}
	return names
}

// swapFault explains a leaf that something of the user's hangs on: it is never
// dropped along.
func swapFault(u *unit, err error) error {
	var refused *pgconn.PgError
	if errors.As(err, &refused) && refused.Code == dependentObjects {
		return &LayoutError{Table: u.parts[0].Table, Reason: "a leaf of unit " + u.name + " cannot be replaced: " + refused.Message + " (" + refused.Detail + ")",
			Remedy: "make the view or key depend on the table instead of its partition, then: ledgermill load"}
	}
	return err
}

// SQLSTATEs that decide.
const (
	lockNotAvailable = "55P03"
	deadlockDetected = "40P01"
	dependentObjects = "2BP01"
)

// untilDeadline runs change in a short transaction that gives up waiting for
// locks at once and is tried again, at random distances, until the deadline.
func (l *load) untilDeadline(ctx context.Context, unit string, names []string, change func(pgx.Tx) error) (retries int, err error) {
	begun := time.Now()
	for ; ; retries++ {
		err := pgx.BeginFunc(ctx, l.main, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, "set local lock_timeout = '"+lockTimeout+"'"); err != nil {
				return err
			}
			return change(tx)
		})
		var refused *pgconn.PgError
		if err == nil || !errors.As(err, &refused) || refused.Code != lockNotAvailable && refused.Code != deadlockDetected {
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
	if !s.whole() {
		leaf, from, to = &s.leaf, &s.From, &s.To
	}
	_, err := tx.Exec(ctx, `
		insert into ledgermill.loads as l (table_name, unit, leaf, from_date, to_date, fingerprint, content_hash, definition, rows, sums, run_id, loaded_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, now() at time zone 'utc')
		on conflict (table_name, unit) do update set
		  leaf = excluded.leaf, from_date = excluded.from_date, to_date = excluded.to_date, fingerprint = excluded.fingerprint,
		  content_hash = excluded.content_hash, definition = excluded.definition, rows = excluded.rows, sums = excluded.sums,
		  run_id = excluded.run_id, loaded_at = excluded.loaded_at`,
		s.Table, s.Unit, leaf, from, to, s.Fingerprint, s.ContentHash, s.table.definition(s.Part), s.Rows, s.sums, l.request.Run)
	if err != nil {
		return fmt.Errorf("record %s unit %s: %w", s.Table, s.Unit, err)
	}
	return nil
}
