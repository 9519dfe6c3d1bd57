package warehouse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/sync/errgroup"
)

// stagedComment marks a leaf that readers do not see yet. Only tables that
// carry it are ever dropped as orphans.
const stagedComment = "ledgermill: staged, not yet shown"

// likeParent is what a partition takes over from its parent. Indexes are not in
// it: they are built after the rows have come. Nor is identity: a partition
// has its parent's.
const likeParent = "including defaults including constraints including generated including storage including compression including statistics"

// stagePart makes the part's leaf, ready to be attached. The leaf is committed
// before its indexes are built, so that several connections can build them;
// scan and statistics come first, because a leaf that does not balance needs
// no index.
func (l *load) stagePart(ctx context.Context, s *staged) error {
	err := l.conns.do(ctx, func(conn *pgx.Conn) error { return l.copyLeaf(ctx, conn, s) })
	if err != nil {
		return err
	}
	l.tell(Event{Table: s.Table, Unit: s.Unit, Step: StepCopy, Bytes: s.report.Bytes, Done: true})
	// The first index is built as soon as the statistics are taken, while the sums
	// are still being compared: a leaf that fails is dropped, indexes and all.
	group, inner := errgroup.WithContext(ctx)
	group.Go(func() error {
		if err := l.proveLeaf(inner, s); err != nil {
			return err
		}
		l.tell(Event{Table: s.Table, Unit: s.Unit, Step: StepReconcile, Bytes: s.report.Bytes, Done: true})
		return nil
	})
	group.Go(func() error { return l.indexLeaf(inner, s) })
	if err := group.Wait(); err != nil {
		return err
	}
	l.tell(Event{Table: s.Table, Unit: s.Unit, Step: StepIndex, Bytes: s.report.Bytes, Done: true})
	return nil
}

// copyLeaf makes the leaf and fills it in one transaction, without a savepoint
// between: only then may COPY freeze the rows, and where wal_level is minimal
// write no log.
func (l *load) copyLeaf(ctx context.Context, conn *pgx.Conn, s *staged) error {
	begun := time.Now()
	err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, l.leafDefinition(s)); err != nil {
			return fmt.Errorf("create leaf %s: %w", s.stage, err)
		}
		return l.copyRows(ctx, conn, s, ident(s.stage), "freeze")
	})
	s.report.Copy = time.Since(begun)
	return err
}

func (l *load) leafDefinition(s *staged) string {
	var text strings.Builder
	leaf, key := ident(s.stage), quote(s.table.key)
	fmt.Fprintf(&text, "create table %s (like %s %s, constraint %s check (%s >= %s and %s < %s));\n",
		leaf, ident(s.Table), likeParent, quote(fit(s.leaf, "_bounds", "")),
		key, literal(dateText(s.From)), key, literal(dateText(s.To)))
	fmt.Fprintf(&text, "comment on table %s is %s;\n", leaf, literal(stagedComment))
	for _, d := range l.stamps(s.table) {
		fmt.Fprintf(&text, "alter table %s alter column %s set default %s;\n", leaf, quote(d.column), d.value)
	}
	return text.String()
}

// stamp is a value that the mill itself puts into each row of a run.
type stamp struct{ column, value string }

func (l *load) stamps(t *table) []stamp {
	var list []stamp
	if t.has(jobColumn) {
		list = append(list, stamp{jobColumn, literal(l.request.Run)})
	}
	if t.has(processedColumn) {
		list = append(list, stamp{processedColumn, "timestamp " + literal(l.begun.Format("2006-01-02 15:04:05.000000"))})
	}
	return list
}

// copyRows streams the part's CSV into target within the transaction that conn
// is in.
func (l *load) copyRows(ctx context.Context, conn *pgx.Conn, s *staged, target, options string) (err error) {
	source, err := s.CSV(ctx, s.columns)
	if err != nil {
		return &CopyError{Table: s.Table, Unit: s.Unit, Err: err}
	}
	stop := context.AfterFunc(ctx, func() {
		// A waiting Read is not woken by the context; its error is reported by Read.
		_ = source.Close()
	})
	defer stop()
	in := &stream{source: source, tell: func(bytes int64) {
		l.tell(Event{Table: s.Table, Unit: s.Unit, Step: StepCopy, Bytes: bytes})
	}}
	if options != "" {
		options = ", " + options
	}
	command := fmt.Sprintf("copy %s (%s) from stdin with (format csv%s)", target, quoteAll(s.columns), options)
	tag, copyErr := conn.PgConn().CopyFrom(ctx, in, command)
	closeErr := source.Close()
	s.report.Rows, s.report.Bytes = tag.RowsAffected(), in.bytes.Load()
	switch failed := in.failed.Load(); {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case failed != nil:
		return &CopyError{Table: s.Table, Unit: s.Unit, Err: *failed}
	case copyErr != nil:
		return copyFault(s, copyErr)
	case closeErr != nil:
		return &CopyError{Table: s.Table, Unit: s.Unit, Err: closeErr}
	}
	return nil
}

// stream counts what the producer sends and keeps its error, of which
// PostgreSQL only ever sees the text. It may be read a little longer than
// CopyFrom runs.
type stream struct {
	source io.Reader
	tell   func(bytes int64)
	bytes  atomic.Int64
	failed atomic.Pointer[error]
	told   int64
}

// tellEvery is how many bytes lie between two events.
const tellEvery = 1 << 20

func (s *stream) Read(p []byte) (int, error) {
	n, err := s.source.Read(p)
	if sum := s.bytes.Add(int64(n)); sum-s.told >= tellEvery {
		s.told = sum
		s.tell(sum)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		s.failed.Store(&err)
	}
	return n, err
}

// copyPlace is how PostgreSQL says where in a COPY it was.
var copyPlace = regexp.MustCompile(`^COPY .*?, line ([0-9]+)(?:, column ([^:,]+))?`)

// copyFault turns a refusal of the data into a CopyError; anything else, such
// as a full disk, is no fault of the unit.
func copyFault(s *staged, err error) error {
	var refused *pgconn.PgError
	if !errors.As(err, &refused) || !strings.HasPrefix(refused.Code, "22") && !strings.HasPrefix(refused.Code, "23") {
		return fmt.Errorf("copy into %s unit %s: %w", s.Table, s.Unit, err)
	}
	fault := &CopyError{Table: s.Table, Unit: s.Unit, Column: refused.ColumnName, Err: err}
	if at := copyPlace.FindStringSubmatch(refused.Where); at != nil {
		line, parseErr := strconv.ParseInt(at[1], 10, 64)
		if parseErr == nil {
			fault.Line = line
		}
		if at[2] != "" {
			fault.Column = at[2]
		}
	}
	return fault
}

// proveLeaf reconciles the leaf and takes its statistics at the same time.
func (l *load) proveLeaf(ctx context.Context, s *staged) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		return l.conns.do(ctx, func(conn *pgx.Conn) error {
			begun := time.Now()
			found, err := reconcile(ctx, conn, s, ident(s.stage), "")
			s.report.Reconcile, s.sums = time.Since(begun), found
			return err
		})
	})
	if !s.table.expressions() {
		group.Go(func() error { return l.analyzeLeaf(ctx, s) })
	}
	return group.Wait()
}

func (l *load) analyzeLeaf(ctx context.Context, s *staged) error {
	return l.conns.do(ctx, func(conn *pgx.Conn) error {
		begun := time.Now()
		if _, err := conn.Exec(ctx, "analyze "+ident(s.stage)); err != nil {
			return fmt.Errorf("analyze %s: %w", s.stage, err)
		}
		s.report.Analyze = time.Since(begun)
		return nil
	})
}

// expressions tells whether an index is on an expression: statistics of such
// are taken with the leaf's, once the index is there.
func (t *table) expressions() bool {
	for _, i := range t.indexes {
		if i.expression {
			return true
		}
	}
	return false
}

// indexLeaf builds the parent's indexes on the leaf, so that attaching adopts
// them.
func (l *load) indexLeaf(ctx context.Context, s *staged) error {
	begun := time.Now()
	group, inner := errgroup.WithContext(ctx)
	for _, i := range s.table.indexes {
		group.Go(func() error {
			return l.conns.do(inner, func(conn *pgx.Conn) error { return l.buildIndex(inner, conn, s, i) })
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if err := l.addConstraints(ctx, s); err != nil {
		return err
	}
	s.report.Index = time.Since(begun)
	if s.table.expressions() {
		return l.analyzeLeaf(ctx, s)
	}
	return nil
}

func (l *load) buildIndex(ctx context.Context, conn *pgx.Conn, s *staged, i index) error {
	unique := ""
	if i.unique {
		unique = "unique "
	}
	name := indexName(s.leaf, s.Table, i.name, l.tag)
	if _, err := conn.Exec(ctx, fmt.Sprintf("create %sindex %s on %s %s", unique, quote(name), ident(s.stage), i.tail)); err != nil {
		var refused *pgconn.PgError
		if errors.As(err, &refused) && strings.HasPrefix(refused.Code, "23") {
			return &CopyError{Table: s.Table, Unit: s.Unit, Err: fmt.Errorf("index %s: %w", i.name, err)}
		}
		return fmt.Errorf("create index %s of %s: %w", i.name, s.stage, err)
	}
	return nil
}

// addConstraints makes unique indexes into the constraints that they back in
// the parent. It locks the leaf against the builds, so it comes after them.
func (l *load) addConstraints(ctx context.Context, s *staged) error {
	var text strings.Builder
	for _, i := range s.table.indexes {
		kind := map[string]string{"p": "primary key", "u": "unique"}[i.constraint]
		if kind == "" {
			continue
		}
		name := quote(indexName(s.leaf, s.Table, i.name, l.tag))
		fmt.Fprintf(&text, "alter table %s add constraint %s %s using index %s;\n", ident(s.stage), name, kind, name)
	}
	if text.Len() == 0 {
		return nil
	}
	return l.conns.do(ctx, func(conn *pgx.Conn) error {
		if _, err := conn.Exec(ctx, text.String()); err != nil {
			return fmt.Errorf("add constraints of %s: %w", s.stage, err)
		}
		return nil
	})
}
