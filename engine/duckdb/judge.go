package duckdb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"ledgermill/engine/contract"
	"ledgermill/engine/model"
	"ledgermill/engine/sqltext"
)

// Judge reads the DDL of contracts in an empty DuckDB. It is one connection, for
// one goroutine.
type Judge struct {
	scratch  *Binder
	unstable map[string]bool // functions, by name
}

var _ contract.Judge = (*Judge)(nil)

// unstableFunctions are those that DuckDB calls volatile or constant within a query
// only, and the macros that come down to them.
const unstableFunctions = `select distinct lower(function_name) from duckdb_functions()
where stability <> 'CONSISTENT' and function_name <> 'error'
  or function_type = 'macro' and regexp_matches(function_name, '^(ago$|current_|session_user$|user$|pg_|has_|inet_|get_block_size$)')
  or function_name in ('getvariable', 'current_setting', 'getenv', 'version')`

// NewJudge opens one. Close it.
func NewJudge(ctx context.Context) (*Judge, error) {
	scratch, err := NewBinder(ctx)
	if err != nil {
		return nil, err
	}
	j := &Judge{scratch: scratch, unstable: map[string]bool{}}
	rows, err := scratch.Rows(ctx, unstableFunctions)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("list functions: %w", err), j.Close())
	}
	for _, row := range rows {
		j.unstable[row[0]] = true
	}
	return j, nil
}

// Close frees the database.
func (j *Judge) Close() error { return j.scratch.Close() }

// The catalogue of the scratch database, one JSON text a table, in order of making.
const catalogue = `select to_json({
  name: t.table_name,
  comment: coalesce(t.comment, ''),
  columns: (select list({name: column_name, type: data_type, not_null: not is_nullable, def: coalesce(column_default, ''), comment: coalesce(comment, '')} order by column_index)
            from duckdb_columns() c where c.table_oid = t.table_oid and not c.internal),
  checks: coalesce((select list(expression order by constraint_index) from duckdb_constraints() k where k.table_oid = t.table_oid and constraint_type = 'CHECK'), []),
  key: coalesce((select first(constraint_column_names) from duckdb_constraints() k where k.table_oid = t.table_oid and constraint_type = 'PRIMARY KEY'), [])
}) from duckdb_tables() t where not t.internal order by t.table_oid`

// Tables runs the statements in a transaction that is rolled back.
func (j *Judge) Tables(ctx context.Context, statements ...string) (tables []contract.Table, err error) {
	if err := j.scratch.Exec(ctx, "begin"); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, j.scratch.Exec(context.WithoutCancel(ctx), "rollback")) }()
	for i, s := range statements {
		if err := j.scratch.Exec(ctx, s); err != nil {
			return nil, faultOf(err, i, 0)
		}
	}
	rows, err := j.scratch.Rows(ctx, catalogue)
	if err != nil {
		return nil, fmt.Errorf("read catalogue: %w", err)
	}
	for _, row := range rows {
		table, err := decodeTable(row[0])
		if err != nil {
			return nil, fmt.Errorf("read catalogue: %w", err)
		}
		tables = append(tables, table)
	}
	return tables, nil
}

func decodeTable(text string) (contract.Table, error) {
	var t struct {
		Name, Comment string
		Columns       []struct {
			Name, Type   string
			NotNull      bool `json:"not_null"`
			Def, Comment string
		}
		Checks, Key []string
	}
	if err := json.Unmarshal([]byte(text), &t); err != nil {
		return contract.Table{}, err
	}
	table := contract.Table{Name: t.Name, Comment: t.Comment, Checks: t.Checks, Key: t.Key}
	for _, c := range t.Columns {
		table.Columns = append(table.Columns, contract.TableColumn{Name: c.Name, Type: c.Type, NotNull: c.NotNull, Default: c.Def, Comment: c.Comment})
	}
	return table, nil
}

// faultOf turns what DuckDB says of a statement into the contract's words.
func faultOf(err error, statement, lead int) error {
	var bind *model.BindError
	if !errors.As(err, &bind) {
		return err
	}
	return &contract.Fault{Statement: statement, Off: max(bind.Off-lead, -1), Msg: bind.Msg, Remedy: bind.Remedy}
}

const selectLead = "select ("

// Expression takes apart what json_serialize_sql makes of `select (sql)`.
func (j *Judge) Expression(ctx context.Context, sql string) (contract.Expression, error) {
	tree, err := j.scratch.Parse(ctx, selectLead+sql+"\n)")
	if err != nil {
		err = faultOf(err, 0, len(selectLead))
		if fault := (*contract.Fault)(nil); errors.As(err, &fault) && fault.Off >= len(sql) {
			fault.Off = unopened(sql)
		}
		return contract.Expression{}, err
	}
	var parsed struct {
		Statements []struct {
			Node map[string]any `json:"node"`
		} `json:"statements"`
	}
	if err := json.Unmarshal(tree, &parsed); err != nil {
		return contract.Expression{}, fmt.Errorf("read expression: %w", err)
	}
	walk := expressionWalk{judge: j}
	if len(parsed.Statements) != 1 {
		return contract.Expression{}, &contract.Fault{Off: -1, Msg: "more than one statement"}
	}
	list, _ := parsed.Statements[0].Node["select_list"].([]any)
	from, _ := parsed.Statements[0].Node["from_table"].(map[string]any)
	if len(list) != 1 || from["type"] != nil && from["type"] != "EMPTY" {
		return contract.Expression{}, &contract.Fault{Off: -1, Msg: "more than one expression"}
	}
	walk.visit(list[0])
	return walk.found, nil
}

// unopened is where an expression closes a bracket that it has not opened; what stands
// round it in a statement would close another one instead. -1: nowhere.
func unopened(sql string) int {
	tokens, err := sqltext.Lex("", sql)
	if err != nil {
		return -1
	}
	open := 0
	for _, t := range tokens {
		switch {
		case t.Is("("):
			open++
		case t.Is(")") && open == 0:
			return t.Off
		case t.Is(")"):
			open--
		}
	}
	return -1
}

type expressionWalk struct {
	judge *Judge
	found contract.Expression
}

func addOnce(list *[]string, item string) {
	if !slices.Contains(*list, item) {
		*list = append(*list, item)
	}
}

func (w *expressionWalk) visit(node any) {
	switch n := node.(type) {
	case []any:
		for _, child := range n {
			w.visit(child)
		}
	case map[string]any:
		class, _ := n["class"].(string)
		switch class {
		case "COLUMN_REF":
			w.column(n)
		case "FUNCTION":
			if name, _ := n["function_name"].(string); w.judge.unstable[strings.ToLower(name)] {
				addOnce(&w.found.Unstable, name)
			}
		case "SUBQUERY", "WINDOW", "STAR", "LAMBDA", "PARAMETER", "POSITIONAL_REFERENCE":
			addOnce(&w.found.Refused, "a "+strings.ToLower(strings.ReplaceAll(class, "_", " ")))
		}
		for _, key := range slices.Sorted(maps.Keys(n)) {
			w.visit(n[key])
		}
	}
}

func (w *expressionWalk) column(n map[string]any) {
	names, _ := n["column_names"].([]any)
	if len(names) != 1 {
		addOnce(&w.found.Refused, "a qualified name")
		return
	}
	name, _ := names[0].(string)
	// SQL writes these functions without brackets, and DuckDB's tree calls them columns.
	if slices.Contains([]string{"current_date", "current_time", "current_timestamp", "localtime", "localtimestamp"}, strings.ToLower(name)) {
		addOnce(&w.found.Unstable, name)
		return
	}
	addOnce(&w.found.Columns, name)
}

// TypeOf binds the expression over a table of varchar columns.
func (j *Judge) TypeOf(ctx context.Context, sql string, columns []string) (kind string, err error) {
	var list []string
	for _, c := range columns {
		list = append(list, "cast(null as varchar) as "+sqltext.QuoteName(c))
	}
	if len(list) == 0 {
		list = append(list, "1 as one")
	}
	described, err := j.scratch.Describe(ctx, selectLead+sql+"\n) from (select "+strings.Join(list, ", ")+")")
	if err != nil {
		return "", faultOf(err, 0, len(selectLead))
	}
	if len(described) != 1 {
		return "", &contract.Fault{Off: -1, Msg: "more than one expression"}
	}
	return described[0].Type, nil
}
