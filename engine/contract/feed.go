package contract

import (
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"ledgermill/engine/sqltext"
)

// Directives that hold for the whole feed.

func (d *directives) about(line sqltext.Directive) {
	if line.Column != "" {
		d.contract.ColumnAbout[line.Column] = joinAbout(d.aboutSeen, line.Column, d.contract.ColumnAbout[line.Column], line.Value)
		return
	}
	d.contract.About = joinAbout(d.aboutSeen, "", d.contract.About, line.Value)
}

// joinAbout adds a line to those before it; the first takes the place of a COMMENT ON.
func joinAbout(seen map[string]bool, name, before, line string) string {
	if !seen[name] {
		seen[name] = true
		return line
	}
	return before + "\n" + line
}

func (d *directives) businessDate(line sqltext.Directive) {
	if !d.single(line) {
		return
	}
	name := strings.ToLower(line.Value)
	if !d.isColumn(name, line.At) {
		return
	}
	col, _ := d.contract.Column(name)
	switch {
	case col.Type == Type{}: // the table itself is at fault
	case col.Type.Base != Date:
		d.fault(line.At, "the business date is a column of type date, and "+name+" is "+col.Type.String(),
			"add a column of type date and `-- read <column>: cast(... as date)`")
	case !col.NotNull:
		d.fault(line.At, "the business date is `not null`: a record without it belongs to no unit", "write `"+name+" date not null`")
	}
	d.contract.BusinessDate = name
	if d.contract.Partition == Whole {
		d.contract.Partition = Day
	}
}

func (d *directives) partition(line sqltext.Directive) {
	if !d.single(line) {
		return
	}
	p := Partition(line.Value)
	if !slices.Contains([]Partition{Day, Month, Year}, p) {
		d.fault(line.At, fmt.Sprintf("a partition is day, month or year, not %q", line.Value), "")
		return
	}
	d.contract.Partition, d.partitioned = p, line.Pos
}

func (d *directives) keyConflict(line sqltext.Directive) {
	if !d.single(line) {
		return
	}
	d.conflict = line.Pos
	if line.Value == "refuse" {
		d.contract.KeyConflict = KeyConflict{Refuse: true}
		return
	}
	rest, ok := strings.CutPrefix(line.Value, "latest by ")
	if !ok {
		d.fault(line.At, fmt.Sprintf("`key conflict` is `refuse` or `latest by <columns>`, not %q", line.Value), "")
		return
	}
	line.At.Col += len("latest by ")
	line.Value = rest
	d.contract.KeyConflict = KeyConflict{Latest: d.columnsOf(line)}
}

func (d *directives) private(line sqltext.Directive) {
	for _, name := range d.columnsOf(line) {
		if !slices.Contains(d.contract.Private, name) {
			d.contract.Private = append(d.contract.Private, name)
		}
	}
}

var aggregateText = regexp.MustCompile(`(?i)\A(sum|count)\s*\(\s*("?[A-Za-z_*][A-Za-z0-9_]*"?|\*)\s*\)\z`)

// control reads `[required,] sum(amount), count(event_id) by currency`.
func (d *directives) control(line sqltext.Directive) {
	if !d.single(line) {
		return
	}
	control := &Control{}
	d.contract.Control = control
	if at := strings.Index(line.Value+" ", " by "); at >= 0 {
		by := line
		by.Value, by.At = line.Value[min(at+4, len(line.Value)):], within(line, at+4)
		if control.By = d.columnsOf(by); by.Value == "" {
			d.fault(line.At, "`by` without a column", "")
		}
		line.Value = line.Value[:at]
	}
	for i, it := range items(line, ",") {
		m := aggregateText.FindStringSubmatch(it.text)
		switch {
		case i == 0 && it.text == "required":
			control.Required = true
		case m == nil:
			d.fault(it.pos, fmt.Sprintf("%q is not sum(column) or count(column)", it.text), "write `-- control: [required,] sum(column) by column`")
		case m[2] == "*":
			d.fault(it.pos, "records are always counted", "leave "+it.text+" out")
		default:
			d.aggregate(control, it, strings.ToLower(m[1]), strings.ToLower(strings.Trim(m[2], `"`)))
		}
	}
}

func (d *directives) aggregate(control *Control, it item, function, name string) {
	if !d.isColumn(name, it.pos) {
		return
	}
	col, _ := d.contract.Column(name)
	switch {
	case function == "count", col.Type == (Type{}): // a table with a fault may have no types
	case col.Type.Base == Double:
		d.fault(it.pos, "sum("+name+") is of a double: sums of doubles depend on their order", "give money a decimal: `"+name+" decimal(18, 2)`")
		return
	case col.Type.Base != Decimal && !col.Type.isWhole():
		d.fault(it.pos, "sum("+name+") is of a "+col.Type.String(), "a control sum is of decimals or integers")
		return
	}
	control.Aggregates = append(control.Aggregates, Aggregate{Func: function, Column: name})
}

var limitText = regexp.MustCompile(`\A(?:([A-Za-z_][A-Za-z0-9_]*)\s+)?([0-9]+(?:\.[0-9]+)?)\s*(%)?\z`)

// rejectLimit reads `0.1 %, currency_known 0`: the total first, then by reason.
func (d *directives) rejectLimit(line sqltext.Directive) {
	for _, it := range items(line, ",") {
		m := limitText.FindStringSubmatch(it.text)
		if m == nil {
			d.fault(it.pos, fmt.Sprintf("%q is not a count or a percentage, with or without a reason", it.text), "write `-- reject limit: 0.1 %, <reason> 0`")
			continue
		}
		limit := Limit{Reason: m[1], Pos: it.pos, IsPercent: m[3] != ""}
		switch reasons := d.contract.Reasons(); {
		case limit.Reason != "" && !slices.Contains(reasons, limit.Reason):
			if d.contract.Columns != nil {
				d.fault(it.pos, fmt.Sprintf("%s has no reason %q%s", d.contract.Name, limit.Reason, sqltext.DidYouMean(limit.Reason, reasons)), "")
			}
			continue
		case slices.ContainsFunc(d.contract.Limits, func(l Limit) bool { return l.Reason == limit.Reason }):
			d.fault(it.pos, "a second limit for the same", "")
			continue
		case limit.Reason == "" && len(d.contract.Limits) > 0:
			d.fault(it.pos, "the limit of all records together comes first", "")
			continue
		}
		if !d.amount(&limit, m[2], it.pos) {
			continue
		}
		d.contract.Limits = append(d.contract.Limits, limit)
	}
}

func (d *directives) amount(limit *Limit, text string, pos sqltext.Pos) bool {
	if limit.IsPercent {
		limit.Percent = text
		if r, ok := new(big.Rat).SetString(text); !ok || r.Cmp(big.NewRat(100, 1)) > 0 {
			d.fault(pos, text+" % is more than all", "")
			return false
		}
		return true
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		d.fault(pos, text+" is not a whole number of records", "write "+text+" % for a share")
		return false
	}
	limit.Count = n
	return true
}
