package layout

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Answer is what one run of a statement gave.
type Answer struct {
	Took time.Duration // from the statement's sending to its last row
	Rows int64
	Hash string // of the rows in their order, SHA-256 in hexadecimal
}

// Statement is a statement on a layout, which may be run more than once.
type Statement struct {
	tables *Tables
	tx     pgx.Tx // sees the layout
	layout Layout
	sql    string
}

// Statement gets a statement ready to run. It is planned once, so that no layout pays
// for what its transaction has changed in the catalogue. The tables are in use until
// it is closed.
func (t *Tables) Statement(ctx context.Context, l Layout, sql string) (*Statement, error) {
	tx, err := t.enter(ctx, l)
	if err != nil {
		return nil, err
	}
	s := &Statement{tables: t, tx: tx, layout: l, sql: sql}
	if _, err := tx.Exec(ctx, "explain "+sql); err != nil {
		return nil, errors.Join(s.failed(err), s.Close(ctx))
	}
	return s, nil
}

// Run runs the statement.
func (s *Statement) Run(ctx context.Context) (a Answer, err error) {
	began := time.Now()
	results, err := s.tx.Conn().PgConn().Exec(ctx, s.sql).ReadAll()
	a.Took = time.Since(began)
	if err != nil {
		return a, s.failed(err)
	}
	if len(results) != 1 {
		return a, s.failed(fmt.Errorf("%d statements instead of one", len(results)))
	}
	a.Rows, a.Hash = int64(len(results[0].Rows)), hash(results[0])
	return a, nil
}

func (s *Statement) failed(err error) error { return fmt.Errorf("run on layout %s: %w", s.layout, err) }

// Close frees the tables.
func (s *Statement) Close(ctx context.Context) error {
	return s.tx.Rollback(context.WithoutCancel(ctx))
}

// Run runs one statement on a layout once.
func (t *Tables) Run(ctx context.Context, l Layout, sql string) (a Answer, err error) {
	s, err := t.Statement(ctx, l, sql)
	if err != nil {
		return a, err
	}
	defer func() { err = errors.Join(err, s.Close(ctx)) }()
	return s.Run(ctx)
}

// ofLoad is how the names of columns begin that say when and by which load a row
// came: they are no part of an answer, which would be another one after each load.
const ofLoad = "etl_"

// hash is one for each sequence of rows: cells have their length before them, null
// has one that no cell has.
func hash(answer *pgconn.Result) string {
	sum := sha256.New()
	var length [8]byte
	for _, row := range answer.Rows {
		for i, cell := range row {
			if strings.HasPrefix(answer.FieldDescriptions[i].Name, ofLoad) {
				continue
			}
			n := int64(-1)
			if cell != nil {
				n = int64(len(cell))
			}
			binary.BigEndian.PutUint64(length[:], uint64(n))
			sum.Write(length[:])
			sum.Write(cell)
		}
		sum.Write([]byte{'\n'})
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// DifferentError is a layout that answers otherwise than another: no time counts.
type DifferentError struct {
	Case  string
	Wrong Layout
	Right Layout // which was asked first
	Got   Answer
	Want  Answer
}

func (e *DifferentError) Error() string {
	return fmt.Sprintf("%s: layout %s answers with %d rows, hash %.12s, and layout %s with %d rows, hash %.12s",
		e.Case, e.Wrong, e.Got.Rows, e.Got.Hash, e.Right, e.Want.Rows, e.Want.Hash)
}
