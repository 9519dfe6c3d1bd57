package duckdb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"ledgermill/engine/contract"
	"ledgermill/engine/job"
	"ledgermill/engine/ledger"
	"ledgermill/engine/sqltext"
)

// conflictReason is why a record is rejected whose key another one has.
const conflictReason = contract.KeyConflicts

// Settle tells duplicates and key conflicts from accepted records in the given
// units, all of whose objects have landed, and returns their final accounts.
// From then on the landed records of these units are the accepted ones.
func (e *Engine) Settle(ctx context.Context, c *contract.Contract, units []job.Unit, directory string) (settled []job.Settled, err error) {
	s, err := e.session(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	l, err := e.landing(ctx, s, c)
	if err != nil {
		return nil, err
	}
	units = slices.DeleteFunc(slices.Clone(units), func(u job.Unit) bool { return l.settled[u] })
	cells, err := l.settle(ctx, s, job.Within(c, units))
	if err != nil {
		return nil, fmt.Errorf("settle %s: %w", c.Name, err)
	}
	for _, u := range units {
		l.settled[u] = true
		one := job.Settled{Unit: u, Cells: cells[u]}
		if one.Closes, err = l.closed(ctx, s, u); err != nil {
			return nil, fmt.Errorf("settle %s: %w", c.Name, err)
		}
		if ledger.Sum(one.Cells).RejectedTotal().Records > 0 {
			if one.Rejects, err = l.writeRejects(ctx, s, u, directory); err != nil {
				return nil, err
			}
		}
		settled = append(settled, one)
	}
	return settled, nil
}

func (l *landing) settle(ctx context.Context, s *session, where string) (map[job.Unit][]ledger.Cell, error) {
	// Rejected records first: they take no part in duplicates.
	refused := "refused_" + l.suffix()
	err := s.script(ctx,
		fmt.Sprintf("create or replace temp table %s as select * from %s where _reasons is not null and %s", refused, l.table, where),
		fmt.Sprintf("delete from %s where _reasons is not null and %s", l.table, where))
	if err != nil {
		return nil, err
	}
	tallies, err := l.tally(ctx, s, refused, "true", "split_part(_reasons, ',', 1)")
	if err != nil {
		return nil, err
	}
	if len(l.contract.Key) > 0 {
		removed, err := l.removeRepeats(ctx, s, where, refused)
		if err != nil {
			return nil, err
		}
		tallies = append(tallies, removed...)
	}
	accepted, err := l.tally(ctx, s, l.table, where, "''")
	if err != nil {
		return nil, err
	}
	var cells []ledger.Cell
	for _, t := range append(tallies, accepted...) {
		cells = append(cells, t.Account())
	}
	return job.CellsByUnit(l.contract, l.objects, cells), nil
}

func (l *landing) suffix() string { return strings.TrimPrefix(l.contract.Name, "raw_") }

// removeRepeats takes records with a repeated key out of the landing. Only keys
// that repeat are looked at closely: they are few, and the rest is ten times as
// dear (distinct on over everything).
func (l *landing) removeRepeats(ctx context.Context, s *session, where, refused string) ([]job.Classed, error) {
	keys := slices.Clone(l.contract.Key)
	if d := l.contract.BusinessDate; d != "" && !slices.Contains(keys, d) {
		keys = append(keys, d)
	}
	names := quoteNames(keys)
	var content []string
	for _, col := range l.contract.Columns {
		if col.Name != contract.ObjectColumn && col.Name != contract.RecordColumn {
			content = append(content, sqltext.QuoteName(col.Name))
		}
	}
	err := s.script(ctx,
		fmt.Sprintf("create or replace temp table repeated as select %s from %s where %s group by all having count(*) > 1", names, l.table, where),
		fmt.Sprintf("create or replace temp table suspects as select l.rowid as _row, l.*, %s as _rank from %s as l join repeated using (%s) where %s",
			l.rank("l._o"), l.table, names, where),
		"drop table repeated")
	if err != nil {
		return nil, err
	}
	err = s.script(ctx, fmt.Sprintf(`
create or replace temp table losers as
with copies as (
  select *,
    row_number() over (partition by %[1]s order by _rank, %[7]s_rounded, _row) as _copy,
    max(_rank)   over (partition by %[1]s)                      as _last
  from suspects
), contents as (
  select *,
    row_number() over (partition by %[2]s order by %[3]s) as _place,
    count(*)     over (partition by %[2]s)                as _contents
  from copies where _copy = 1
)
select _row, '%[4]s' as _class from copies where _copy > 1
union all
select _row, '%[5]s' from contents where %[6]s`,
		strings.Join(content, ", "), names, l.conflictOrder(content), job.DuplicateClass, conflictReason, l.losing(), l.numberOrder()))
	if err != nil {
		return nil, err
	}
	tallies, err := l.tally(ctx, s, "(select suspects.* replace (case when _class = '"+conflictReason+"' then _class end as _reasons), _class from suspects join losers using (_row))", "true", "_class")
	if err != nil {
		return nil, err
	}
	columns := quoteNames(append(l.contract.Names(), "_o"))
	return tallies, s.script(ctx,
		fmt.Sprintf("insert into %s (%s, _reasons, _raw, _rounded) select %s, '%s', %s, _rounded from suspects join losers using (_row) where _class = '%s'",
			refused, columns, columns, conflictReason, l.typedText(), conflictReason),
		fmt.Sprintf("delete from %s where rowid in (select _row from losers)", l.table),
		"drop table suspects", "drop table losers")
}

// rank is the place of the record's object in natural order of the keys.
func (l *landing) rank(object string) string {
	ranks := make([]string, len(l.objects))
	for i, o := range l.objects {
		ranks[i] = fmt.Sprint(o.Order)
	}
	return fmt.Sprintf("([%s])[%s + 1]", strings.Join(ranks, ", "), object)
}

// conflictOrder puts the record that is kept first: the latest by the directive's
// columns, then by its object, then by all columns, so that it is total.
func (l *landing) conflictOrder(content []string) string {
	var order []string
	for _, name := range l.contract.KeyConflict.Latest {
		order = append(order, sqltext.QuoteName(name)+" desc nulls last")
	}
	order = append(order, "_last desc")
	for _, q := range content {
		order = append(order, q+" desc nulls last")
	}
	return strings.Join(order, ", ")
}

// numberOrder puts the first of an object's equal records first, where their
// numbers are known; otherwise nothing that is kept tells them apart.
func (l *landing) numberOrder() string {
	if l.contract.FillsRecord {
		return contract.RecordColumn + ", "
	}
	return ""
}

func (l *landing) losing() string {
	if l.contract.KeyConflict.Refuse {
		return "_contents > 1"
	}
	return "_place > 1"
}

// typedText is a rejected record as it was read, private columns masked, for
// records whose raw text was not kept since nothing was wrong with them alone.
func (l *landing) typedText() string {
	var fields []string
	for _, name := range l.contract.Names() {
		value := "cast(" + sqltext.QuoteName(name) + " as varchar)"
		if slices.Contains(l.contract.Private, name) {
			value = maskedText(sqltext.QuoteName(name))
		}
		fields = append(fields, sqltext.QuoteName(name)+" := "+value)
	}
	return "cast(to_json(struct_pack(" + strings.Join(fields, ", ") + ")) as varchar)"
}
