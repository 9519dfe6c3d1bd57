package warehouse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
)

// keepRows copies what stays of the old leaves into the new one, in the order
// of their dates and without their values becoming Go values: one connection's
// COPY TO is the other's COPY FROM. An insert could not freeze the rows.
func (l *load) keepRows(ctx context.Context, conn *pgx.Conn, f *leaf) (err error) {
	reader, err := l.connect(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, reader.Close(context.WithoutCancel(ctx))) }()
	columns := f.table.stored()
	for _, old := range slices.SortedFunc(slices.Values(f.old), func(a, b *node) int { return a.from.Compare(b.from) }) {
		if of := func(u Loaded) bool { return u.Leaf == old.name }; slices.ContainsFunc(f.was, of) && !slices.ContainsFunc(f.kept(), of) {
			continue // all of it is replaced
		}
		out := fmt.Sprintf("copy (select %s from %s%s%s) to stdout with (format binary)", columns, ident(old.name), f.replaced(), f.order)
		in := fmt.Sprintf("copy %s (%s) from stdin with (format binary, freeze)", ident(f.stage), columns)
		rows, err := pipe(ctx, reader, out, conn, in)
		if err != nil {
			return fmt.Errorf("copy leaf %s into %s: %w", old.name, f.stage, err)
		}
		f.report.rows += rows
	}
	return nil
}

// stored are the columns that COPY carries.
func (t *table) stored() string {
	var names []string
	for _, c := range t.columns {
		if !c.Computed {
			names = append(names, c.Name)
		}
	}
	return quoteAll(names)
}

// replaced leaves out the dates that the leaf's parts bring.
func (f *leaf) replaced() string {
	var dates []string
	for _, s := range f.parts {
		dates = append(dates, "date "+literal(dateText(s.From)))
	}
	if len(dates) == 0 {
		return ""
	}
	return " where " + quote(f.table.key) + " not in (" + strings.Join(dates, ", ") + ")"
}

// pipe lets one server process read what another writes. A writer that fails
// fails the reader too: an end of stream alone is taken for success.
func pipe(ctx context.Context, from *pgx.Conn, out string, to *pgx.Conn, in string) (rows int64, err error) {
	reader, writer := io.Pipe()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		_, err := from.PgConn().CopyTo(ctx, writer, out)
		_ = writer.CloseWithError(err) // never fails
		return err
	})
	group.Go(func() error {
		tag, err := to.PgConn().CopyFrom(ctx, reader, in)
		rows = tag.RowsAffected()
		_ = reader.CloseWithError(errors.Join(err, io.ErrClosedPipe)) // never fails
		return err
	})
	return rows, group.Wait()
}
