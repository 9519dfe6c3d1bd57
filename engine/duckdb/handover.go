package duckdb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"ledgermill/engine/contract"
	"ledgermill/engine/job"
	"ledgermill/engine/ledger"
	"ledgermill/engine/model"
	"ledgermill/engine/sqltext"
)

// What another engine leaves to this one: the strict reading of raw objects into
// text, and the one file of a unit, whose bytes do not tell which engine made its rows.

// Texts copies the records of objects as text into Parquet files in an existing
// directory, or below a URI. first is the place of the first object. An object that cannot be read is
// a *job.ObjectError.
func (e *Engine) Texts(ctx context.Context, c *contract.Contract, objects []job.Object, first int, directory string) (texts []job.Text, err error) {
	s, err := e.session(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	for i, g := range groupObjects(objects, first) {
		text := job.Text{Path: fmt.Sprintf("%s/text-%06d-%04d.parquet", directory, first, i), Object: g.objects[0], Places: g.first}
		_, err := s.exec(ctx, textCopy(c, g, text.Path))
		if err != nil && len(g.objects) > 1 && ctx.Err() == nil {
			for j := range g.objects { // which of them it is
				one := objectGroup{objects: g.objects[j : j+1], first: g.first[j : j+1]}
				if _, oneErr := s.exec(ctx, textCopy(c, one, text.Path)); oneErr != nil {
					return nil, textError(c, one, oneErr)
				}
			}
		}
		if err != nil {
			return nil, textError(c, g, err)
		}
		texts = append(texts, text)
	}
	return texts, nil
}

func textError(c *contract.Contract, g objectGroup, err error) error {
	if len(g.objects) == 1 && (raised(err) || unreadable(err)) {
		return &job.ObjectError{Object: g.objects[0].Key, Err: err}
	}
	return fmt.Errorf("read %d objects of %s: %w", len(g.objects), c.Name, err)
}

// Landed reads objects as Land does, and leaves their records in a Parquet file. first
// is the place of the first object.
func (e *Engine) Landed(ctx context.Context, c *contract.Contract, objects []job.Object, first int, path string) (err error) {
	s, err := e.session(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	l := &landing{contract: c, table: sqltext.QuoteName("handed over " + c.Name), objects: objects}
	if err := s.script(ctx, "drop table if exists "+l.table, createLanding(c, l.table)); err != nil {
		return fmt.Errorf("land %s: %w", c.Name, err)
	}
	for _, g := range groupObjects(objects, first) {
		if err := l.read(ctx, s, g, nil); err != nil {
			return err
		}
	}
	return s.script(ctx, fmt.Sprintf("copy (select * exclude (_bytes), cast(null as varchar[]) as _fields from %s) to %s (format parquet, compression snappy, row_group_size %d)",
		l.table, sqltext.QuoteString(path), RowGroup), "drop table "+l.table)
}

// textCopy is the statement that writes a group's text.
func textCopy(c *contract.Contract, g objectGroup, path string) string {
	o := g.objects[0]
	inner := []string{sqltext.QuoteName(fileColumn)}
	outer := []string{place(g), closes(o) + " as _closes"}
	for i, r := range o.Mapping.Raw {
		inner = append(inner, sqltext.QuoteName(r.Name)+" as "+rawName(i))
		outer = append(outer, rawName(i)+" as "+job.TextField(i))
	}
	if o.Numbered {
		inner = append(inner, sqltext.QuoteName(job.NumberColumn)+" as _n")
		outer = append(outer, "_n")
	}
	for i, cell := range c.Cells(o.Section, o.Mapping, o.Fills, Dialect{}) {
		if cell.From != contract.FromRead {
			continue
		}
		rounded := cell.Rounded
		if rounded == "" {
			rounded = "false"
		}
		inner = append(inner, cell.Typed+" as "+job.ReadField(i), cell.Empty+" as "+job.EmptyField(i), rounded+" as "+job.RoundedField(i))
		outer = append(outer, job.ReadField(i), job.EmptyField(i), job.RoundedField(i))
	}
	bad := "false"
	if conditions := unsound(o); conditions != nil {
		bad = conditions[0]
	}
	outer = append(outer, bad+" as _unsound")
	return fmt.Sprintf("copy (select %s\nfrom (select %s from %s)) to %s (format parquet, compression snappy, row_group_size %d)",
		strings.Join(outer, ", "), strings.Join(inner, ", "), source(g), sqltext.QuoteString(path), RowGroup)
}

// Adopt makes the accepted records of settled units, in Parquet files of the
// contract's columns, those that models, tests and audits read.
func (e *Engine) Adopt(ctx context.Context, c *contract.Contract, files []string, settled []job.Unit) (err error) {
	s, err := e.session(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if err := e.forget(ctx, s, c.Name); err != nil {
		return err
	}
	l := &landing{contract: c, table: landingTable(c.Name), settled: map[job.Unit]bool{}, adopted: true}
	for _, u := range settled {
		l.settled[u] = true
	}
	_, err = s.exec(ctx, fmt.Sprintf("create view %s as select *, cast(null as varchar) as _reasons from %s", l.table, typedRows(c, files)))
	if err != nil {
		return fmt.Errorf("adopt %s: %w", c.Name, err)
	}
	e.landings[c.Name] = l
	return nil
}

// typedRows are the contract's columns in files that may be none.
func typedRows(c *contract.Contract, files []string) string {
	var list []string
	for _, col := range c.Columns {
		value := sqltext.QuoteName(col.Name)
		if files == nil {
			value = "null"
		}
		list = append(list, fmt.Sprintf("cast(%s as %s) as %s", value, col.Type, sqltext.QuoteName(col.Name)))
	}
	if files == nil {
		return "(select " + strings.Join(list, ", ") + " where false)"
	}
	return "(select " + strings.Join(list, ", ") + " from " + parquet(files...) + ")"
}

// Rejects writes the file of rejects that another engine has found; nil for none.
func (e *Engine) Rejects(ctx context.Context, c *contract.Contract, r job.Refused) (file *job.File, err error) {
	s, err := e.session(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	l := &landing{contract: c, objects: r.Objects}
	var structural []job.Object
	where := job.Within(c, []job.Unit{r.Unit})
	switch {
	case r.Unit == ledger.NoDate:
		structural = []job.Object{r.Objects[r.Place]}
		where = fmt.Sprintf("_o = %d and %s is null and _reasons is not null", r.Place, sqltext.QuoteName(c.BusinessDate))
	case c.BusinessDate == "":
		structural = r.Objects
	}
	rows := "select * from rejects where false"
	if r.Files != nil {
		rows = fmt.Sprintf("select %s from (select * exclude (_fields, _raw), %s as _raw from %s where %s)",
			l.rejectOf(), l.sent(r.Texts), parquet(r.Files...), where)
	}
	return l.rejectFile(ctx, s, rows, structural, r.Unit, r.Path)
}

// sent is the record as it was sent, private columns masked: its raw fields, or where
// these were not kept the typed ones.
func (l *landing) sent(texts []job.Text) string {
	var b strings.Builder
	b.WriteString("case when _raw is not null then _raw when _fields is null then " + l.typedText())
	for _, t := range texts {
		var places, fields []string
		for _, p := range t.Places {
			places = append(places, fmt.Sprint(p))
		}
		private := l.contract.PrivateFields(t.Object.Section, t.Object.Mapping)
		for i, r := range t.Object.Mapping.Raw {
			value := fmt.Sprintf("_fields[%d]", i+1)
			if slices.Contains(private, i) {
				value = maskedText(value)
			}
			fields = append(fields, sqltext.QuoteString(r.Header)+", "+value)
		}
		text := "'{}'"
		if fields != nil {
			text = "cast(json_object(" + strings.Join(fields, ", ") + ") as varchar)"
		}
		b.WriteString("\nwhen _o in (" + strings.Join(places, ", ") + ") then " + text)
	}
	return b.String() + " end"
}

// Write makes the one file of a unit from rows that another engine has evaluated, and
// verifies it. The same rows are the same bytes whichever engine they come from.
func (e *Engine) Write(ctx context.Context, t job.Task, parts []string) (file job.File, err error) {
	m, err := e.making(ctx, t.Unit, t.Previous, t.Inputs)
	if err != nil {
		return file, err
	}
	defer func() { err = errors.Join(err, m.session.close()) }()
	query, err := m.adoptRows(ctx, t.Model, parts)
	if err != nil {
		return file, err
	}
	made, err := m.file(ctx, t, query)
	if err != nil {
		return file, err
	}
	return *made, nil
}

// adoptRows selects the rows of a model from files of another engine, whose types may
// be narrower than those that the model has here, and nothing else.
func (m *making) adoptRows(ctx context.Context, one *model.Model, parts []string) (string, error) {
	var found []ledger.Column
	if parts != nil {
		var err error
		if found, err = m.session.describe(ctx, parquet(parts...)); err != nil {
			return "", err
		}
		if len(found) != len(one.Columns) {
			return "", fmt.Errorf("%d columns came of a statement that has %d", len(found), len(one.Columns))
		}
	}
	var list []string
	for i, c := range one.Columns {
		value := "null"
		if found != nil {
			value = sqltext.QuoteName(found[i].Name)
			if !strings.EqualFold(found[i].Name, c.Name) || !widens(found[i].Type, c.Type) {
				return "", &TypeDifference{Column: c.Name, Type: c.Type, Other: found[i]}
			}
		}
		list = append(list, fmt.Sprintf("cast(%s as %s) as %s", value, c.Type, sqltext.QuoteName(c.Name)))
	}
	if found == nil {
		return "select " + strings.Join(list, ", ") + " where false", nil
	}
	return "select " + strings.Join(list, ", ") + " from " + parquet(parts...), nil
}

// TypeDifference says that a column has not the type in another engine that it has
// here.
type TypeDifference struct {
	Column, Type string
	Other        ledger.Column
}

func (e *TypeDifference) Error() string {
	return fmt.Sprintf("column %s is %s in DuckDB, and %s %s in Spark", e.Column, e.Type, e.Other.Name, e.Other.Type)
}

// Try returns the remedy.
func (e *TypeDifference) Try() string {
	return fmt.Sprintf("cast it to what it should be: cast(... as %s) as %s", strings.ToLower(e.Type), e.Column)
}

// widens reports whether every value of the one type is the same value in the other.
func widens(from, to string) bool {
	whole := []string{"TINYINT", "SMALLINT", "INTEGER", "BIGINT"}
	at, target := slices.Index(whole, from), slices.Index(whole, to)
	var p, s, wide, scale int
	switch {
	case from == to:
		return true
	case at >= 0 && target >= 0:
		return at <= target
	}
	return decimalOf(from, &p, &s) && decimalOf(to, &wide, &scale) && s == scale && p <= wide
}

func decimalOf(kind string, precision, scale *int) bool {
	n, err := fmt.Sscanf(kind, "DECIMAL(%d,%d)", precision, scale)
	return n == 2 && err == nil
}

// forget drops what is landed of a feed, and what was parked.
func (e *Engine) forget(ctx context.Context, s *session, feed string) (err error) {
	l := e.landings[feed]
	if l == nil {
		return nil
	}
	delete(e.landings, feed)
	for _, p := range l.parked {
		err = errors.Join(err, os.Remove(p.path))
	}
	if err != nil {
		return fmt.Errorf("release %s: %w", feed, err)
	}
	kind := map[bool]string{true: "view", false: "table"}[l.adopted]
	_, err = s.exec(ctx, "drop "+kind+" if exists "+landingTable(feed))
	return err
}
