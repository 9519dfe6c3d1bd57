package spark

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"ledgermill/engine/contract"
	"ledgermill/engine/job"
	"ledgermill/engine/ledger"
	"ledgermill/engine/sqltext"
)

// unitText is the name of the unit of a record.
func (f *feed) unitText() string {
	digits := map[contract.Partition]int{contract.Day: 10, contract.Month: 7, contract.Year: 4}[f.contract.Partition]
	if f.contract.BusinessDate == "" || digits == 0 {
		return sqltext.QuoteString(string(job.Whole))
	}
	return fmt.Sprintf("coalesce(substr(cast(%s as string), 1, %d), '%s')", sqltext.QuoteName(f.contract.BusinessDate), digits, ledger.NoDate)
}

// tally counts and sums records of a view by object, unit, class and control group.
// class is an SQL expression.
func (e *Engine) tally(ctx context.Context, f *feed, from view, class string) ([]job.Classed, error) {
	keys := []string{"_o", class + " as class", f.unitText() + " as unit"}
	grouped := []string{"_o", "class", "unit"}
	control := f.contract.Control
	if control == nil {
		control = &contract.Control{}
	}
	for i, name := range control.By {
		q := sqltext.QuoteName(name)
		keys = append(keys, fmt.Sprintf("coalesce(cast(%s as string), case when array_contains(split(_reasons, ','), %s) then '%s' else '' end) as by_%d",
			q, sqltext.QuoteString(contract.TypeReason(name)), ledger.Unreadable, i))
		grouped = append(grouped, fmt.Sprintf("by_%d", i))
	}
	figures := []string{"count(*)", "count(case when _rounded then 1 end)"}
	for i, a := range control.Aggregates {
		q := sqltext.QuoteName(a.Column)
		value := fmt.Sprintf("count(figure_%d)", i)
		if a.Func == "sum" {
			value = fmt.Sprintf("coalesce(sum(figure_%d), 0)", i)
			if col, _ := f.contract.Column(a.Column); col.Type.Base != contract.Decimal && col.Type.Base != contract.Double {
				q = "cast(" + q + " as decimal(38, 0))" // as many digits as a sum needs
			}
		}
		keys = append(keys, q+fmt.Sprintf(" as figure_%d", i))
		figures = append(figures, value, fmt.Sprintf("count(*) - count(figure_%d)", i))
	}
	var texts []string
	for _, column := range append(grouped, figures...) {
		texts = append(texts, "cast("+column+" as string)")
	}
	// Names by places: a column of the contract may have any.
	sql := fmt.Sprintf("select %s\nfrom (select %s, _rounded from %s)\ngroup by %s", strings.Join(texts, ", "), strings.Join(keys, ", "), from.Name,
		strings.Join(grouped, ", "))
	a, err := e.ask(ctx, request{What: "count " + f.contract.Name, Views: []view{from}, SQL: sql, Partition: []string{}})
	if err != nil {
		return nil, err
	}
	var all []job.Classed
	for _, row := range a.Rows {
		one, err := f.classed(row, control)
		if err != nil {
			return nil, fmt.Errorf("control totals: %w", err)
		}
		all = append(all, one)
	}
	return all, nil
}

// classed reads a row of a tally.
func (f *feed) classed(row []*string, control *contract.Control) (c job.Classed, err error) {
	values := make([]string, len(row))
	for i, v := range row {
		if v != nil {
			values[i] = *v
		}
	}
	var g ledger.Group
	next := func() string { v := values[0]; values = values[1:]; return v }
	whole := func() (n int64) {
		if err == nil {
			n, err = strconv.ParseInt(next(), 10, 64)
		}
		return n
	}
	o := f.objects[whole()]
	c.Class = job.Class(next())
	c.Cell = ledger.Cell{Object: o.Key, ETag: o.ETag, Unit: next()}
	for range control.By {
		g.By = append(g.By, next())
	}
	g.Records = whole()
	if rounded := whole(); c.Class == "" {
		c.Cell.Rounded = rounded
	}
	c.Tally.Records = g.Records
	for range control.Aggregates {
		sum, bad := decimal.NewFromString(next())
		if bad != nil {
			return c, bad
		}
		g.Sums, g.Unreadable = append(g.Sums, sum), append(g.Unreadable, whole())
	}
	if len(control.Aggregates) > 0 {
		c.Tally.Groups = []ledger.Group{g}
	}
	return c, err
}
