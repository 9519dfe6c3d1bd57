package pipeline

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

func (p *Pipeline) dataset(t Table) string { return filepath.Join(p.Lake, t.Dataset) }

func (p *Pipeline) extension() string {
	if p.Parquet {
		return ".parquet"
	}
	return ".csv"
}

// file is where the rows of a table are stored, of one date where they are divided.
func (p *Pipeline) file(t Table, date time.Time) string {
	if !p.Partitioned {
		return filepath.Join(p.dataset(t), "data"+p.extension())
	}
	year, month, day := date.Date()
	return filepath.Join(p.dataset(t), fmt.Sprintf("year=%d", year), fmt.Sprintf("month=%d", month), fmt.Sprintf("day=%d", day), "data"+p.extension())
}

// storeRows writes what was made row by row.
func (p *Pipeline) storeRows(ctx context.Context, results []result) error {
	for _, t := range Tables() {
		if err := os.MkdirAll(p.dataset(t), 0o755); err != nil {
			return fmt.Errorf("store %s: %w", t.Dataset, err)
		}
		groups := [][]result{results}
		if p.Partitioned {
			groups = groups[:0]
			for _, r := range results {
				groups = append(groups, []result{r})
			}
		}
		for _, group := range groups {
			if len(group) == 0 {
				continue
			}
			if err := p.storeFile(ctx, t, p.file(t, group[0].date), group); err != nil {
				return fmt.Errorf("store %s: %w", t.Dataset, err)
			}
		}
	}
	return nil
}

// storeFile writes a file: CSV as it is, Parquet by way of DuckDB.
func (p *Pipeline) storeFile(ctx context.Context, t Table, path string, results []result) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if p.Parquet {
		return p.convert(ctx, t, path, func(w io.Writer) error { return writeRows(w, t, results) })
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(writeRows(f, t, results), f.Close())
}

func writeRows(to io.Writer, t Table, results []result) error {
	w := bufio.NewWriterSize(to, 1<<18)
	var line []byte
	for i := range results {
		switch t.Name {
		case facts:
			for j := range results[i].facts {
				line = results[i].facts[j].appendRow(line[:0])
				w.Write(line) // Flush returns the error
			}
		case customers:
			for j := range results[i].customers {
				line = results[i].customers[j].appendRow(line[:0])
				w.Write(line)
			}
		case merchants:
			for j := range results[i].merchants {
				line = results[i].merchants[j].appendRow(line[:0])
				w.Write(line)
			}
		}
	}
	return w.Flush()
}

// convert has DuckDB make Parquet of CSV rows that come through a pipe.
func (p *Pipeline) convert(ctx context.Context, t Table, path string, write func(io.Writer) error) (err error) {
	db, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	pipe := filepath.Join(p.Work, "rows.fifo")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(pipe)) }()
	wrote := make(chan error, 1)
	go func() {
		f, err := os.OpenFile(pipe, os.O_WRONLY, 0) // waits for the reader
		if err == nil {
			err = errors.Join(write(f), f.Close())
		}
		wrote <- err
	}()
	_, err = db.ExecContext(ctx, fmt.Sprintf("copy (select * from %s) to '%s' (format parquet, compression snappy)", readStored(pipe, t), path))
	if err != nil {
		// The writer may still wait for a reader, which is gone.
		end, opened := os.OpenFile(pipe, os.O_RDONLY|syscall.O_NONBLOCK, 0)
		if opened != nil {
			return errors.Join(err, opened)
		}
		err = errors.Join(err, end.Close())
	}
	return errors.Join(err, <-wrote)
}

// readStored reads stored CSV in DuckDB: nothing is null, and "" the empty text.
func readStored(paths string, t Table) string {
	list := make([]string, 0, len(t.stored()))
	for _, c := range t.stored() {
		list = append(list, fmt.Sprintf("'%s': '%s'", c.Name, c.Type))
	}
	return fmt.Sprintf(`read_csv('%s', auto_detect = false, header = false, delim = ',', quote = '"', escape = '"', nullstr = '', allow_quoted_nulls = false, columns = {%s})`,
		paths, strings.Join(list, ", "))
}

// Stored is the table of stored rows as DuckDB reads them, whatever the switches.
func (p *Pipeline) Stored(t Table) string {
	pattern := p.dataset(t) + "/**/*" + p.extension()
	if p.Parquet {
		return fmt.Sprintf("read_parquet('%s', hive_partitioning = false)", pattern)
	}
	return readStored(pattern, t)
}
