package warehouse

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

// Wanted is a table as a dataset fills it.
type Wanted struct {
	Table, Dataset string
	File           string            // that says the dataset, for comments
	About          string            // of the dataset, "" for nothing
	BusinessDate   string            // column; "" for a whole dataset
	Key            []string          // grain
	Columns        []Column          // of the dataset, in order
	ColumnAbout    map[string]string // by column
}

// Change is what a migration does to one table.
type Change struct {
	Table      string   `json:"table"`
	Statements []string `json:"statements"`
}

// PendingError says that files of migrations are not applied yet: what a new one
// would change cannot be told.
type PendingError struct{ Files []string }

func (e *PendingError) Error() string {
	return "not applied yet: " + strings.Join(e.Files, ", ")
}

// Try returns the remedy.
func (e *PendingError) Try() string {
	return "review what they say, then: ledgermill warehouse migrate"
}

// ExitCode is that of usage.
func (*PendingError) ExitCode() int { return 2 }

// Evolve returns what migrations would have to change so that each table takes what
// its dataset has now: columns that are new, that are gone, and whose type has grown
// wider; and tables that are not there. All that files hold must be applied. It
// changes nothing.
func (w *Warehouse) Evolve(ctx context.Context, files fs.FS, wanted []Wanted) (changes []Change, err error) {
	pending, err := w.pending(ctx, files)
	if err != nil {
		return nil, explain(err)
	}
	if len(pending) > 0 {
		return nil, &PendingError{Files: pending}
	}
	err = w.with(ctx, func(conn *pgx.Conn) error {
		for _, one := range wanted {
			statements, err := one.evolve(ctx, conn)
			if err != nil {
				return err
			}
			if len(statements) > 0 {
				changes = append(changes, Change{Table: one.Table, Statements: statements})
			}
		}
		return nil
	})
	return changes, explain(err)
}

// pending are the files of migrations that are not applied, in their order.
func (w *Warehouse) pending(ctx context.Context, files fs.FS) (names []string, err error) {
	db := stdlib.OpenDB(*w.config.Copy())
	defer func() { err = errors.Join(err, db.Close()) }()
	provider, err := w.provider(db, files)
	if err != nil {
		return nil, err
	}
	empty, err := w.Empty(ctx)
	if err != nil {
		return nil, err
	}
	if empty { // where Status would make its table
		for _, source := range provider.ListSources() {
			names = append(names, source.Path)
		}
		return names, nil
	}
	all, err := provider.Status(ctx)
	if err != nil {
		return nil, fmt.Errorf("look for migrations: %w", err)
	}
	for _, m := range all {
		if m.State == goose.StatePending {
			names = append(names, m.Source.Path)
		}
	}
	return names, nil
}

func (one Wanted) evolve(ctx context.Context, conn *pgx.Conn) ([]string, error) {
	var there bool
	if err := conn.QueryRow(ctx, "select to_regclass($1) is not null", ident(one.Table)).Scan(&there); err != nil {
		return nil, fmt.Errorf("look for table %s: %w", one.Table, err)
	}
	if !there {
		return one.create(), nil
	}
	t, err := readTable(ctx, conn, one.Table)
	if err != nil {
		return nil, err
	}
	return one.alter(t), nil
}

// alter brings a table to the columns of its dataset.
func (one Wanted) alter(t *table) (statements []string) {
	head := "alter table " + legible(bankSchema, one.Table)
	for _, c := range one.Columns {
		at := slices.IndexFunc(t.columns, func(have tableColumn) bool { return have.Name == c.Name })
		switch {
		case at < 0:
			statements = append(statements, addColumn(one.Table, c))
			if about := one.ColumnAbout[c.Name]; about != "" {
				statements = append(statements, fmt.Sprintf("comment on column %s is %s;", legible(bankSchema, one.Table, c.Name), text(about)))
			}
		default:
			if holds, grows := wider(t.columns[at].Type, postgresType(c.Type)); grows {
				statements = append(statements, fmt.Sprintf("%s alter column %s type %s;", head, legible(c.Name), holds))
			}
		}
	}
	for _, name := range t.unfilled(one.Columns, one.BusinessDate == "") {
		statements = append(statements,
			fmt.Sprintf("-- %s makes no %s any more; what is loaded of it goes with the column, and the lake keeps it\n%s drop column %s;", one.File, name, head, legible(name)))
	}
	return statements
}

// addColumn is the statement that a column of a dataset needs. It may be null: rows that
// are loaded have none until their unit is loaded again.
func addColumn(table string, c Column) string {
	return fmt.Sprintf("alter table %s add column %s %s;", legible(bankSchema, table), legible(c.Name), postgresType(c.Type))
}

// create makes a table for a dataset: by its date where it has one, else merged by key.
func (one Wanted) create() []string {
	var lines []string
	for _, c := range one.Columns {
		line := "  " + legible(c.Name) + " " + postgresType(c.Type)
		if c.Name == one.BusinessDate || slices.Contains(one.Key, c.Name) {
			line += " not null"
		}
		lines = append(lines, line)
	}
	tail := ""
	key := slices.Clone(one.Key)
	if one.BusinessDate != "" {
		for _, name := range calendar() {
			lines = append(lines, "  "+name+" smallint")
		}
		tail = " partition by range (" + legible(one.BusinessDate) + ")"
		if len(key) > 0 && !slices.Contains(key, one.BusinessDate) {
			key = append(key, one.BusinessDate)
		}
	} else {
		lines = append(lines, "  "+closedColumn+" timestamp")
	}
	if len(key) > 0 {
		for i, name := range key {
			key[i] = legible(name)
		}
		lines = append(lines, "  primary key ("+strings.Join(key, ", ")+")")
	}
	statements := []string{"create table " + legible(bankSchema, one.Table) + " (\n" + strings.Join(lines, ",\n") + "\n)" + tail + ";"}
	if one.About != "" {
		statements = append(statements, fmt.Sprintf("comment on table %s is %s;", legible(bankSchema, one.Table), text(one.About)))
	}
	for _, c := range one.Columns {
		if about := one.ColumnAbout[c.Name]; about != "" {
			statements = append(statements, fmt.Sprintf("comment on column %s is %s;", legible(bankSchema, one.Table, c.Name), text(about)))
		}
	}
	return statements
}

// reserved are the words that PostgreSQL takes for names in quotes alone.
const reserved = ` all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both case cast char
 character check coalesce collate collation column concurrently constraint create cross current_catalog current_date current_role
 current_schema current_time current_timestamp current_user dec decimal default deferrable desc distinct do else end except exists extract
 false fetch float for foreign freeze from full grant greatest group grouping having ilike in initially inner inout int integer intersect
 interval into is isnull join lateral leading least left like limit localtime localtimestamp national natural nchar none normalize not
 notnull null nullif numeric offset on only or order out outer overlaps overlay placing position precision primary real references
 returning right row select session_user setof similar smallint some substring symmetric system_user table tablesample then time timestamp
 to trailing treat trim true union unique user using values varchar variadic verbose when where window with `

var plainName = regexp.MustCompile(`^[a-z_][a-z0-9_]*$`)

// legible is a name for people to read, in quotes only where PostgreSQL needs them.
func legible(parts ...string) string {
	for i, part := range parts {
		if !plainName.MatchString(part) || slices.Contains(strings.Fields(reserved), part) {
			parts[i] = quote(part)
		}
	}
	return strings.Join(parts, ".")
}

// text is a literal of SQL.
func text(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// postgresType is the type that holds every value of a type of DuckDB.
func postgresType(duck string) string {
	switch upper := strings.ToUpper(duck); {
	case upper == "TINYINT" || upper == "UTINYINT":
		return "smallint"
	case upper == "USMALLINT":
		return "integer"
	case upper == "UINTEGER":
		return "bigint"
	case upper == "HUGEINT", upper == "UBIGINT", upper == "UHUGEINT":
		return "numeric"
	case upper == "DOUBLE":
		return "double precision"
	case upper == "FLOAT":
		return "real"
	case upper == "VARCHAR":
		return "text"
	case upper == "TIMESTAMP WITH TIME ZONE":
		return "timestamptz"
	case strings.HasPrefix(upper, "TIMESTAMP"):
		return "timestamp"
	case strings.HasPrefix(upper, "DECIMAL"):
		return "numeric" + strings.TrimPrefix(upper, "DECIMAL")
	case upper == "BOOLEAN", upper == "SMALLINT", upper == "INTEGER", upper == "BIGINT", upper == "DATE", upper == "TIME", upper == "UUID", upper == "INTERVAL":
		return strings.ToLower(upper)
	}
	return "text"
}

var numericType = regexp.MustCompile(`^numeric\(([0-9]+), ?([0-9]+)\)$`)

// wider is the type that holds the values of two types of PostgreSQL, and whether the
// first one has to grow for it: whole numbers and decimals; other types are what
// somebody has chosen.
func wider(have, want string) (holds string, grows bool) {
	whole := []string{"smallint", "integer", "bigint"}
	if a, b := slices.Index(whole, have), slices.Index(whole, want); a >= 0 && b >= 0 {
		return whole[max(a, b)], b > a
	}
	a, b := numericType.FindStringSubmatch(have), numericType.FindStringSubmatch(want)
	if a == nil || b == nil {
		return have, false
	}
	digits := func(text string) int {
		n, _ := strconv.Atoi(text) // digits alone
		return n
	}
	scale, wanted := digits(a[2]), digits(b[2])
	before, behind := digits(a[1])-scale, digits(b[1])-wanted
	// Of each side of the point the greater one: what is stored keeps all its digits.
	return fmt.Sprintf("numeric(%d,%d)", max(before, behind)+max(scale, wanted), max(scale, wanted)), wanted > scale || behind > before
}
