package layout

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Answer is what one run of a statement gave.
type Answer struct {
	Took time.Duration // from the statement's sending to its last row
	Rows int64
	Hash string // of the rows in their order, SHA-256 in hexadecimal
}

// Run runs one statement on a layout. It is planned once before the clock starts,
// so that no layout pays for what its transaction has changed in the catalogue.
func (t *Tables) Run(ctx context.Context, l Layout, sql string) (a Answer, err error) {
	err = t.within(ctx, l, func(conn *pgx.Conn) error {
		if _, err := conn.Exec(ctx, "explain "+sql); err != nil {
			return err
		}
		began := time.Now()
		results, err := conn.PgConn().Exec(ctx, sql).ReadAll()
		a.Took = time.Since(began)
		if err != nil {
			return err
		}
		if len(results) != 1 {
			return fmt.Errorf("%d statements instead of one", len(results))
		}
		a.Rows, a.Hash = int64(len(results[0].Rows)), hash(results[0].Rows)
		return nil
	})
	if err != nil {
		return a, fmt.Errorf("run on layout %s: %w", l, err)
	}
	return a, nil
}

// hash is one for each sequence of rows: cells have their length before them, null
// has one that no cell has.
func hash(rows [][][]byte) string {
	sum := sha256.New()
	var length [8]byte
	for _, row := range rows {
		for _, cell := range row {
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
