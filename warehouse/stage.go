package warehouse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// stageLeaf makes the leaf, ready to be attached. It is committed before its
// indexes are built, so that several connections can build them. The first
// builds begin before the sums are compared: a leaf that fails is dropped,
// indexes and all.
func (l *load) stageLeaf(ctx context.Context, f *leaf) error {
	f.report.index = new(atomic.Int64)
	fill := func(conn *pgx.Conn) error { return l.fillLeaf(ctx, conn, f) }
	var err error
	if s := f.slot; s != nil {
		f.slot = nil
		err = l.conns.lend(ctx, s.conn, fill)
	} else {
		err = l.conns.do(ctx, fill)
	}
	if err != nil {
		return err
	}
	l.tellAll(f, StepCopy)
	if err := l.conns.each(ctx, l.tasks(f)); err != nil {
		return err
	}
	l.tellAll(f, StepReconcile)
	if err := l.finishLeaf(ctx, f); err != nil {
		return err
	}
	l.tellAll(f, StepIndex)
	for _, s := range f.parts {
		s.report.Analyze, s.report.Reconcile, s.report.Index = f.report.analyze, f.report.reconcile, time.Duration(f.report.index.Load())
	}
	return nil
}

// tellAll reports a step of all parts of a leaf.
func (l *load) tellAll(f *leaf, step Step) {
	for _, s := range f.parts {
		l.tell(Event{Table: s.Table, Unit: s.Unit, Step: step, Bytes: s.report.Bytes, Done: true})
	}
}

// fillLeaf makes the leaf and fills it in one transaction, without a savepoint
// between: only then may COPY freeze the rows, and where wal_level is minimal
// write no log. Kept rows come first and the parts in their order.
func (l *load) fillLeaf(ctx context.Context, conn *pgx.Conn, f *leaf) error {
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, f.definition(l.stamps(f.table))); err != nil {
			return fmt.Errorf("create leaf %s: %w", f.stage, err)
		}
		if f.keeps && len(f.old) > 0 {
			if err := l.keepRows(ctx, conn, f); err != nil {
				return err
			}
		}
		for _, s := range f.parts {
			begun := time.Now()
			if err := l.copyRows(ctx, conn, s, ident(f.stage), "freeze"); err != nil {
				return err
			}
			s.report.Copy = time.Since(begun)
		}
		return nil
	})
}

// unstage drops a leaf that is not to be shown.
func (l *load) unstage(ctx context.Context, f *leaf) error {
	f.staged, f.missing, f.report = false, nil, leafReport{}
	return l.conns.do(ctx, func(conn *pgx.Conn) error {
		if _, err := conn.Exec(ctx, "drop table if exists "+ident(f.stage)); err != nil {
			return fmt.Errorf("drop leaf %s: %w", f.stage, err)
		}
		return nil
	})
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

// open opens the part's rows in the best format that it can give.
func (l *load) open(ctx context.Context, s *staged) (source io.ReadCloser, format string, err error) {
	if s.Binary != nil {
		source, err = s.Binary(ctx, s.table.targets(s.columns))
		if !errors.Is(err, errors.ErrUnsupported) {
			return source, "binary", err
		}
		l.w.log.DebugContext(ctx, "rows go as csv", "table", s.Table, "unit", s.Unit, "reason", err)
	}
	source, err = s.CSV(ctx, s.columns)
	return source, "csv", err
}

// copyRows streams the part's rows into target within the transaction that conn
// is in.
func (l *load) copyRows(ctx context.Context, conn *pgx.Conn, s *staged, target, options string) (err error) {
	source, format, err := l.open(ctx, s)
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
	command := fmt.Sprintf("copy %s (%s) from stdin with (format %s%s)", target, quoteAll(s.columns), format, options)
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
	fault := &CopyError{Table: s.Table, Unit: s.Unit, Column: refused.ColumnName}
	if at := copyPlace.FindStringSubmatch(refused.Where); at != nil {
		line, parseErr := strconv.ParseInt(at[1], 10, 64)
		if parseErr == nil {
			fault.Line = line
		}
		if at[2] != "" {
			fault.Column = at[2]
		}
	}
	fault.Err = err
	if len(s.Private) > 0 { // a model may call a private column otherwise
		fault.Err = discreet(refused)
	}
	return fault
}

// quotedValue is how PostgreSQL's messages show the value that they are about: in the
// quotes of the server's language, and the bytes of what is no text. Quotes in a value
// are not doubled, so all from the first to the last is taken for it.
var quotedValue = regexp.MustCompile(`(?s)["«»„“”].*["«»„“”]|\b0x[0-9a-f]{2}\b`)

// discreet is a refusal without the values in it.
func discreet(refused *pgconn.PgError) error {
	masked := *refused
	masked.Message, masked.Detail, masked.Where = quotedValue.ReplaceAllString(refused.Message, `"***"`), "", ""
	if refused.ConstraintName != "" {
		masked.Message += ", constraint " + refused.ConstraintName
	}
	return &masked
}

// tasks are what a filled leaf needs, the longest first: indexes as they are
// ranked, and the scans behind the first that are not partial.
func (l *load) tasks(f *leaf) (tasks []func(context.Context, *pgx.Conn) error) {
	var small []func(context.Context, *pgx.Conn) error
	if f.into == nil {
		for _, i := range f.indexes() {
			build := func(ctx context.Context, conn *pgx.Conn) error { return l.buildIndex(ctx, conn, f, i) }
			if i.rank < partialRank {
				tasks = append(tasks, build)
			} else {
				small = append(small, build)
			}
		}
	}
	tasks = append(tasks, func(ctx context.Context, conn *pgx.Conn) error {
		begun := time.Now()
		err := proveUnits(ctx, conn, f)
		f.report.reconcile = time.Since(begun)
		return err
	})
	if f.into == nil && !f.expressions() {
		tasks = append(tasks, func(ctx context.Context, conn *pgx.Conn) error { return l.analyzeLeaf(ctx, conn, f) })
	}
	return append(tasks, small...)
}

func (l *load) analyzeLeaf(ctx context.Context, conn *pgx.Conn, f *leaf) error {
	begun := time.Now()
	if _, err := conn.Exec(ctx, "analyze "+ident(f.stage)); err != nil {
		return fmt.Errorf("analyze %s: %w", f.stage, err)
	}
	f.report.analyze = time.Since(begun)
	return nil
}

// expressions tells whether an index is on an expression: statistics of such
// are taken with the leaf's, once the index is there.
func (f *leaf) expressions() bool {
	return slices.ContainsFunc(f.indexes(), func(i index) bool { return i.expression })
}
