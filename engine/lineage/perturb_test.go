package lineage_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"ledgermill/engine/duckdb"
)

// TestPerturbation asks the engine itself: when the values of one raw column change,
// no column of the output may change that the lineage does not say so of. It finds
// edges that are missing, on every statement of the suite.
func TestPerturbation(t *testing.T) {
	t.Parallel()
	binder := suiteBinder(t)
	changes, seen := 0, 0
	for _, s := range statements(t) {
		if strings.Contains(s.sql, "current_date") || strings.Contains(s.sql, "recursive") {
			continue // it changes by itself, or need not come to an end on any rows
		}
		found, err := resolved(t.Context(), binder, s.sql)
		if err != nil {
			t.Errorf("%s: %v", s.about, err)
			continue
		}
		for table, columns := range suiteTables() {
			for _, c := range columns {
				said := map[string]bool{}
				for _, source := range found.Rows {
					said["rows"] = said["rows"] || source.Dataset == table && source.Column.Column == c.Name
				}
				for _, d := range found.Columns {
					for _, source := range d.From {
						said[d.Name] = said[d.Name] || source.Dataset == table && source.Column.Column == c.Name
					}
				}
				for seed := 1; seed <= 3; seed++ {
					changed := moved(t, binder, s.sql, table, c.Name, seed)
					changes++
					seen += len(changed)
					for _, name := range changed {
						if !said[name] && !said["rows"] {
							t.Errorf("%s: %s changes with %s.%s, which the lineage does not say", s.about, name, table, c.Name)
						}
					}
				}
			}
		}
	}
	if seen < changes/10 {
		t.Errorf("of %d changes only %d columns moved: the rows of the test are too poor", changes, seen)
	}
}

// moved are the columns of the output that change with a column of a table. Values are
// compared as sets of rows: which row is which is not known.
func moved(t *testing.T, binder *duckdb.Binder, sql, table, column string, seed int) []string {
	t.Helper()
	before, names := output(t, binder, sql, "", "", seed)
	after, _ := output(t, binder, sql, table, column, seed)
	var changed []string
	for i, name := range names {
		if !slices.Equal(valuesOf(before, i), valuesOf(after, i)) {
			changed = append(changed, name)
		}
	}
	return changed
}

func valuesOf(rows [][]string, i int) []string {
	var all []string
	for _, row := range rows {
		all = append(all, row[i])
	}
	slices.Sort(all)
	return all
}

// output fills the tables from a seed, one column of one table from another one, and
// runs the statement in a transaction that is undone.
func output(t *testing.T, binder *duckdb.Binder, sql, table, column string, seed int) (rows [][]string, names []string) {
	t.Helper()
	ctx := t.Context()
	if err := binder.Exec(ctx, "begin"); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := binder.Exec(context.WithoutCancel(ctx), "rollback"); err != nil {
			t.Fatal(err)
		}
	}()
	for name, columns := range suiteTables() {
		var list []string
		for _, c := range columns {
			at := seed
			if name == table && c.Name == column {
				at += 100
			}
			number := fmt.Sprintf("cast(hash(i, '%s', '%s', %d) %% 5 as integer)", name, c.Name, at)
			switch c.Type {
			case "VARCHAR":
				number = "['x', 'root', 'y', 'xy', 'z'][" + number + " + 1]"
			case "DATE":
				number = "date '2024-12-30' + " + number
			case "INTEGER":
			case "DECIMAL(18,2)":
				number = "cast(" + number + " as decimal(18, 2))"
			default:
				number = "{'x': " + number + ", 'y': cast(" + number + " as varchar)}"
			}
			list = append(list, number)
		}
		if err := binder.Exec(ctx, fmt.Sprintf("insert into %s select %s from range(6) r(i)", name, strings.Join(list, ", "))); err != nil {
			t.Fatal(err)
		}
	}
	described, err := binder.Describe(ctx, sql)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range described {
		names = append(names, c.Name)
	}
	var list []string
	for i := range names {
		list = append(list, fmt.Sprintf("cast(c%d as varchar)", i))
	}
	var aliases []string
	for i := range names {
		aliases = append(aliases, fmt.Sprintf("c%d", i))
	}
	rows, err = binder.Rows(ctx, "select "+strings.Join(list, ", ")+" from ("+sql+"\n) as o("+strings.Join(aliases, ", ")+")")
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return rows, names
}
