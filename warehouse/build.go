package warehouse

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// finishLeaf is what waits for all indexes.
func (l *load) finishLeaf(ctx context.Context, f *leaf) error {
	if err := l.findMissing(ctx, f); err != nil || f.into != nil {
		return err
	}
	if err := l.addConstraints(ctx, f); err != nil {
		return err
	}
	if !f.expressions() {
		return nil
	}
	return l.conns.do(ctx, func(conn *pgx.Conn) error { return l.analyzeLeaf(ctx, conn, f) })
}

// buildIndex builds one of the parent's indexes on the leaf, so that attaching
// adopts it, or one that somebody made on the old leaf.
func (l *load) buildIndex(ctx context.Context, conn *pgx.Conn, f *leaf, i index) error {
	unique := ""
	if i.unique {
		unique = "unique "
	}
	begun, name := time.Now(), indexName(f.name, f.table.name, i.name, l.tag)
	if _, err := conn.Exec(ctx, fmt.Sprintf("create %sindex %s on %s %s", unique, quote(name), ident(f.stage), i.tail)); err != nil {
		var refused *pgconn.PgError
		if errors.As(err, &refused) && strings.HasPrefix(refused.Code, "23") {
			return &CopyError{Table: f.table.name, Unit: f.label(), Err: fmt.Errorf("index %s: %w", i.name, err)}
		}
		return fmt.Errorf("create index %s of %s: %w", i.name, f.stage, err)
	}
	f.report.index.Add(int64(time.Since(begun)))
	return nil
}

// addConstraints makes unique indexes into the constraints that they back in
// the parent. It locks the leaf against the builds, so it comes after them.
func (l *load) addConstraints(ctx context.Context, f *leaf) error {
	var text strings.Builder
	for _, i := range f.table.indexes {
		kind := map[string]string{"p": "primary key", "u": "unique"}[i.constraint]
		if kind == "" {
			continue
		}
		name := quote(indexName(f.name, f.table.name, i.name, l.tag))
		fmt.Fprintf(&text, "alter table %s add constraint %s %s using index %s;\n", ident(f.stage), name, kind, name)
	}
	if text.Len() == 0 {
		return nil
	}
	return l.conns.do(ctx, func(conn *pgx.Conn) error {
		if _, err := conn.Exec(ctx, text.String()); err != nil {
			return fmt.Errorf("add constraints of %s: %w", f.stage, err)
		}
		return nil
	})
}
