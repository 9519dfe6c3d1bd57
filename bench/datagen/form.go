package datagen

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	_ "github.com/duckdb/duckdb-go/v2" // writes Parquet
)

// The forms of Options.As, without compression. The rows of a seed are the same in
// each. The defects are too, but for records that cannot be parted into columns:
//
//	csv      all of them
//	ndjson   a stray quote makes a line that is no JSON, and text that is not UTF-8
//	         stays; a field too many or too few is none, since a key that is not
//	         there is an empty field
//	parquet  none: its columns are text, so that the other defects fit in
const (
	formCSV     = "csv"
	formNDJSON  = "ndjson"
	formParquet = "parquet"
)

// forms are the values of Options.As.
func forms() []string { return []string{"csv", "csv.gz", "ndjson", "ndjson.gz", "parquet"} }

func formOf(as string) string { return strings.TrimSuffix(as, ".gz") }

// quoteReason is why a record with a stray quote is refused.
func quoteReason(form string) string {
	if form == formNDJSON {
		return "json"
	}
	return "quote"
}

// without are the kinds that a form cannot carry.
func without(form string) []string {
	switch form {
	case formNDJSON:
		return []string{"extra_field", "missing_field"}
	case formParquet:
		return []string{"extra_field", "missing_field", "stray_quote", "invalid_utf8"}
	}
	return nil
}

// defectsIn are the kinds of defects that a form carries.
func defectsIn(form string) []defect {
	return slices.DeleteFunc(defects(), func(d defect) bool { return slices.Contains(without(form), d.kind) })
}

// appendSound writes a sound record: as JSON with numbers and booleans where a
// program would have them.
func (d *day) appendSound(r *row) {
	if d.form != formNDJSON {
		d.buffer = append(d.writer.append(d.buffer, r), '\n')
		return
	}
	d.buffer = append(d.buffer, '{')
	for i, field := range d.writer.fields(r) {
		d.buffer = append(d.buffer, d.keys[i]...)
		text := unquoteField(field)
		switch {
		case text == "":
			d.buffer = append(d.buffer, "null"...)
		case i == colAmount && jsonNumber.MatchString(text), i == colProcessing && jsonNumber.MatchString(text), i == colFraudulent:
			d.buffer = append(d.buffer, text...)
		default:
			d.buffer = appendText(d.buffer, text)
		}
	}
	d.buffer = append(d.buffer, "}\n"...)
}

// appendSent writes what is sent in place of a row: as JSON all of it text.
func (d *day) appendSent(fields []string, o outcome) {
	if d.form != formNDJSON {
		d.buffer = joinFields(d.buffer, fields)
		return
	}
	broken := o.reason == quoteReason(d.form) || o.reason == "encoding"
	d.buffer = append(d.buffer, '{')
	for i, field := range fields {
		d.buffer = append(d.buffer, d.keys[i]...)
		switch text := unquoteField(field); {
		case text == "":
			d.buffer = append(d.buffer, "null"...)
		case broken && i == colMerchantName:
			d.buffer = append(append(append(d.buffer, '"'), field...), '"')
		default:
			d.buffer = appendText(d.buffer, text)
		}
	}
	d.buffer = append(d.buffer, "}\n"...)
}

var jsonNumber = regexp.MustCompile(`\A-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?\z`)

// memberKeys are the keys of a record's members, each with what stands before it.
func memberKeys() []string {
	keys := columnNames()
	for i, name := range keys {
		keys[i] = `,"` + name + `":`
	}
	keys[0] = keys[0][1:]
	return keys
}

// appendText writes a JSON string.
func appendText(out []byte, text string) []byte {
	out = append(out, '"')
	for i := range len(text) {
		switch c := text[i]; {
		case c == '"' || c == '\\':
			out = append(out, '\\', c)
		case c < ' ':
			out = fmt.Appendf(out, `\u%04x`, c)
		default:
			out = append(out, c)
		}
	}
	return append(out, '"')
}

// unquoteField takes the quotes off the CSV text of a field, if they are sound.
func unquoteField(field string) string {
	if len(field) < 2 || field[0] != '"' || field[len(field)-1] != '"' {
		return field
	}
	return strings.ReplaceAll(field[1:len(field)-1], `""`, `"`)
}

// writeParquet has fill write CSV and writes it as Parquet, every column text. One
// thread keeps the bytes the same.
func writeParquet(ctx context.Context, out io.Writer, fill func(io.Writer) error) (err error) {
	dir, err := os.MkdirTemp("", "datagen-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	text, packed := filepath.Join(dir, "day.csv"), filepath.Join(dir, "day.parquet")
	file, err := os.Create(text)
	if err != nil {
		return err
	}
	if err := errors.Join(fill(file), file.Close()); err != nil {
		return err
	}
	db, err := sql.Open("duckdb", "?threads=1")
	if err != nil {
		return fmt.Errorf("open duckdb: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	columns := make([]string, len(columnNames()))
	for i, name := range columnNames() {
		columns[i] = "'" + name + "': 'VARCHAR'"
	}
	statement := fmt.Sprintf("copy (from read_csv('%s', auto_detect = false, header = true, delim = ',', quote = '\"', escape = '\"', new_line = '\\n', columns = {%s})) to '%s' (format parquet)",
		text, strings.Join(columns, ", "), packed)
	if _, err := db.ExecContext(ctx, statement); err != nil {
		return fmt.Errorf("write parquet: %w", err)
	}
	made, err := os.Open(packed)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, made)
	return errors.Join(err, made.Close())
}
