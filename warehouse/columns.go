package warehouse

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Columns that the mill fills itself, in any table that has them. They take no
// part in reconciliation.
const (
	jobColumn       = "etl_job_id"
	processedColumn = "etl_processed_timestamp"
	// closedColumn tells when a key was first missing from its dataset.
	closedColumn = "closed_at"
)

// calendar are the columns that live in the path of a lake file; the producer
// adds them where the table has them.
func calendar() []string { return []string{"year", "month", "day"} }

func (t *table) has(column string) bool {
	return slices.ContainsFunc(t.columns, func(c tableColumn) bool { return c.Name == column })
}

// match returns the columns to ask the producer for.
func (t *table) match(p Part) ([]string, error) {
	fault := &ColumnsError{Table: t.name, Dataset: p.Dataset}
	var wanted []string
	for _, c := range p.Columns {
		wanted = append(wanted, c.Name)
		if !t.has(c.Name) {
			fault.NotInTable = append(fault.NotInTable, c.Name)
			fault.Migration = append(fault.Migration, addColumn(t.name, c))
		}
		if nested(c.Type) {
			fault.Nested = append(fault.Nested, c.Name+" ("+c.Type+")")
		}
	}
	for _, name := range calendar() {
		if !p.whole() && t.has(name) && !slices.Contains(wanted, name) {
			wanted = append(wanted, name)
		}
	}
	fault.NotInLake = t.unfilled(p.Columns, p.whole())
	if len(fault.NotInTable)+len(fault.NotInLake)+len(fault.Nested) > 0 {
		return nil, fault
	}
	return wanted, nil
}

// unfilled are the columns of the table that neither a dataset of these columns, nor its
// date, nor the mill would fill.
func (t *table) unfilled(columns []Column, whole bool) (names []string) {
	for _, c := range t.columns {
		own := c.Name == jobColumn || c.Name == processedColumn || whole && (c.Name == closedColumn || c.Name == inferredColumn) ||
			!whole && slices.Contains(calendar(), c.Name)
		if !own && !c.Computed && !slices.ContainsFunc(columns, func(have Column) bool { return have.Name == c.Name }) {
			names = append(names, c.Name)
		}
	}
	return names
}

// targets are columns of the table with their types.
func (t *table) targets(names []string) []Target {
	list := make([]Target, len(names))
	for i, name := range names {
		list[i].Name = name
		if at := slices.IndexFunc(t.columns, func(c tableColumn) bool { return c.Name == name }); at >= 0 {
			list[i].Type = t.columns[at].Type
		}
	}
	return list
}

// nested tells types whose CSV form PostgreSQL does not read.
func nested(duck string) bool {
	duck = strings.ToUpper(duck)
	return strings.HasSuffix(duck, "]") || duck == "BLOB" ||
		strings.HasPrefix(duck, "STRUCT(") || strings.HasPrefix(duck, "MAP(") || strings.HasPrefix(duck, "UNION(")
}

// definition hashes what, besides the content, decides what a load makes: the
// columns on both sides. Indexes are not in it: PostgreSQL builds a new one on
// the leaves that are there.
func (t *table) definition(p Part) string {
	h := sha256.New()
	for _, c := range t.columns {
		writeField(h, "table", c.Name, c.Type)
	}
	for _, c := range p.Columns {
		writeField(h, "lake", c.Name, c.Type)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

func writeField(w io.Writer, words ...string) {
	// A hash's Write never fails.
	_, _ = fmt.Fprintf(w, "%q\n", words)
}

// layout checks that the part can go into the table at all.
func (t *table) layout(p Part) error {
	switch {
	case p.whole() && t.key != "":
		return &LayoutError{Table: t.name, Reason: "is partitioned, but dataset " + p.Dataset + " is published whole",
			Remedy: "declare the table in sql/warehouse without partition by"}
	case p.whole() && !t.uniqueOn(p.Key):
		return &LayoutError{Table: t.name, Reason: fmt.Sprintf("has no primary key on %s, by which dataset %s is merged", strings.Join(p.Key, ", "), p.Dataset),
			Remedy: fmt.Sprintf("declare the grain in sql/models/%s.sql and in sql/warehouse: primary key (%s)", p.Dataset, strings.Join(p.Key, ", "))}
	case !p.whole() && t.key == "":
		return &LayoutError{Table: t.name, Reason: "is not partitioned, but dataset " + p.Dataset + " has units by date",
			Remedy: fmt.Sprintf("declare it in sql/warehouse: partition by range (%s)", p.BusinessDate)}
	case !p.whole() && t.key != p.BusinessDate:
		return &LayoutError{Table: t.name, Reason: fmt.Sprintf("is partitioned by %s, the business date of dataset %s is %s", t.key, p.Dataset, p.BusinessDate),
			Remedy: fmt.Sprintf("declare it in sql/warehouse: partition by range (%s)", p.BusinessDate)}
	}
	return nil
}

func (t *table) uniqueOn(key []string) bool {
	wanted := slices.Sorted(slices.Values(key))
	return len(wanted) > 0 && slices.ContainsFunc(t.unique, func(u []string) bool { return slices.Equal(slices.Sorted(slices.Values(u)), wanted) })
}
