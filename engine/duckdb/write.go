package duckdb

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/shopspring/decimal"

	"ledgermill/engine/job"
	"ledgermill/engine/ledger"
	"ledgermill/engine/model"
	"ledgermill/engine/sqltext"
)

// RowGroup is the number of rows of a row group: DuckDB's own size, large enough
// for readers and small enough to prune by.
const RowGroup = 122_880

// writing is one file to write.
type writing struct {
	query string
	order string // total, so that the same rows are the same bytes
	path  string
	stamp string // fingerprint for the file's metadata; "" for none
}

// write writes a query's rows as one Snappy Parquet file, by one plain COPY:
// PARTITION_BY makes tiny row groups and cannot be undone when it fails.
func (s *session) write(ctx context.Context, w writing) (*job.File, error) {
	if err := os.MkdirAll(filepath.Dir(w.path), 0o755); err != nil {
		return nil, fmt.Errorf("write %s: %w", w.path, err)
	}
	metadata := ""
	if w.stamp != "" {
		metadata = ", kv_metadata {ledgermill_fingerprint: " + sqltext.QuoteString(w.stamp) + "}"
	}
	const lead = "copy (select * from (\n"
	statement := fmt.Sprintf("%s%s\n) order by %s) to %s (format parquet, compression snappy, row_group_size %d, return_stats%s)",
		lead, w.query, w.order, sqltext.QuoteString(w.path), RowGroup, metadata)
	file := &job.File{Path: w.path}
	var name, partitions, columns any
	var footer any
	err := s.rows(ctx, statement, []any{&name, &file.Rows, &file.Bytes, &footer, &columns, &partitions}, func() error { return nil })
	if err != nil {
		err = placed(err, statement)
		var bind *model.BindError
		if errors.As(err, &bind) {
			bind.Off = max(-1, bind.Off-len(lead))
		}
		return nil, err
	}
	return file, nil
}

// parquet reads files and nothing of their paths: of year=2025 DuckDB would make a
// column that the file does not have.
func parquet(paths ...string) string {
	quoted := make([]string, len(paths))
	for i, p := range paths {
		quoted[i] = sqltext.QuoteString(escapeGlob(p))
	}
	return "read_parquet([" + strings.Join(quoted, ", ") + "], hive_partitioning = false)"
}

// verify reopens a file and takes its totals from what can be read back, not from
// what was meant to be written.
func (s *session) verify(ctx context.Context, file *job.File, control *controlSQL) error {
	source := parquet(file.Path)
	columns, err := s.describe(ctx, source)
	if err != nil {
		return fmt.Errorf("verify %s: %w", file.Path, err)
	}
	file.Columns = columns
	var rows int64
	file.Totals, rows, err = s.totals(ctx, source, columns)
	if err != nil {
		return fmt.Errorf("verify %s: %w", file.Path, err)
	}
	if rows != file.Rows {
		return fmt.Errorf("verify %s: %d rows were written and %d can be read", file.Path, file.Rows, rows)
	}
	if control != nil {
		if file.Control, err = control.tally(ctx, s, source); err != nil {
			return fmt.Errorf("verify %s: %w", file.Path, err)
		}
	}
	file.Content, err = contentHash(file.Path, columns)
	return err
}

func (s *session) describe(ctx context.Context, source string) ([]ledger.Column, error) {
	var columns []ledger.Column
	var name, kind string
	var null, key, def, extra any
	err := s.rows(ctx, "describe select * from "+source, []any{&name, &kind, &null, &key, &def, &extra}, func() error {
		columns = append(columns, ledger.Column{Name: name, Type: kind})
		return nil
	})
	return columns, err
}

// exact reports whether a sum over the type is exact whatever the order of rows.
func exact(kind string) bool {
	switch kind {
	case "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT":
		return true
	}
	return strings.HasPrefix(kind, "DECIMAL")
}

func (s *session) totals(ctx context.Context, source string, columns []ledger.Column) ([]ledger.Total, int64, error) {
	list := []string{"count(*)"}
	totals := make([]ledger.Total, len(columns))
	sums := make([]*string, len(columns))
	var rows int64
	dest := []any{&rows}
	for i, c := range columns {
		q := sqltext.QuoteName(c.Name)
		totals[i].Column = c.Name
		list = append(list, "count("+q+")")
		dest = append(dest, &totals[i].NonNull)
		if exact(c.Type) {
			list = append(list, "cast(sum("+q+") as varchar)")
			dest = append(dest, &sums[i])
		}
	}
	err := s.rows(ctx, "select "+strings.Join(list, ", ")+" from "+source, dest, func() error { return nil })
	for i, text := range sums {
		if err != nil || !exact(columns[i].Type) {
			continue
		}
		var d decimal.Decimal
		if text != nil {
			if d, err = decimal.NewFromString(*text); err != nil {
				return nil, 0, err
			}
		}
		totals[i].Sum = &d
	}
	return totals, rows, err
}

// contentHash hashes the columns' names and types and the bytes of all pages:
// what a Parquet file holds but for its footer, where the fingerprint stands. The
// writer is deterministic, so equal rows in equal order have equal hashes.
func contentHash(path string, columns []ledger.Column) (_ string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	tail := make([]byte, 8)
	if _, err := f.ReadAt(tail, info.Size()-8); err != nil {
		return "", fmt.Errorf("read footer of %s: %w", path, err)
	}
	footer := int64(binary.LittleEndian.Uint32(tail))
	if !bytes.Equal(tail[4:], []byte("PAR1")) || footer+8 > info.Size() {
		return "", fmt.Errorf("read footer of %s: not a Parquet file", path)
	}
	h := sha256.New()
	for _, c := range columns {
		fmt.Fprintf(h, "%d:%s %s,", len(c.Name), c.Name, c.Type)
	}
	if _, err := io.Copy(h, io.LimitReader(f, info.Size()-8-footer)); err != nil {
		return "", fmt.Errorf("hash %s: %w", path, err)
	}
	return hex.EncodeToString(h.Sum(nil))[:32], nil
}
