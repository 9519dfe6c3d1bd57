package spark

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"ledgermill/engine/contract"
	"ledgermill/engine/job"
	"ledgermill/engine/ledger"
	"ledgermill/engine/sqltext"
)

// The parts that the settled records of a unit lie in.
const (
	acceptedPart = "accepted"
	repeatedPart = "repeated"
	refusedPart  = "refused"
)

// Settle tells duplicates and key conflicts from accepted records in the given units,
// all of whose objects have landed, and returns their final accounts.
func (e *Engine) Settle(ctx context.Context, c *contract.Contract, units []job.Unit, directory string) ([]job.Settled, error) {
	f, err := e.feed(c)
	if err != nil {
		return nil, err
	}
	units = slices.DeleteFunc(slices.Clone(units), func(u job.Unit) bool { return f.settled[u] })
	cells, parts, err := e.settle(ctx, f, units)
	if err != nil {
		return nil, fmt.Errorf("settle %s: %w", c.Name, err)
	}
	closes, err := e.closes(ctx, f, parts)
	if err != nil {
		return nil, fmt.Errorf("settle %s: %w", c.Name, err)
	}
	var settled []job.Settled
	for _, u := range units {
		f.settled[u], f.accepted[u] = true, parts[acceptedPart][u]
		one := job.Settled{Unit: u, Cells: cells[u], Closes: closes[u]}
		if ledger.Sum(one.Cells).RejectedTotal().Records > 0 {
			r := job.Refused{Unit: u, Files: parts[refusedPart][u], Objects: f.objects, Texts: f.texts, Path: directory + "/" + u.Key("_rejects/"+c.Name)}
			if one.Rejects, err = e.local.Rejects(ctx, c, r); err != nil {
				return nil, err
			}
		}
		settled = append(settled, one)
	}
	return settled, e.adopt(ctx, f)
}

// adopt shows the accepted records to the tests.
func (e *Engine) adopt(ctx context.Context, f *feed) error {
	var accepted []string
	var units []job.Unit
	for u := range f.settled {
		units = append(units, u)
	}
	slices.Sort(units)
	for _, u := range units {
		accepted = append(accepted, f.accepted[u]...)
	}
	return e.local.Adopt(ctx, f.contract, accepted, units)
}

// byPart are files by part and unit.
type byPart map[string]map[job.Unit][]string

// settle writes the records of the units by what became of them, and counts them.
func (e *Engine) settle(ctx context.Context, f *feed, units []job.Unit) (map[job.Unit][]ledger.Cell, byPart, error) {
	var cells []ledger.Cell
	parts := byPart{acceptedPart: {}, refusedPart: {}, repeatedPart: {}}
	if paths := f.files(); paths != nil && len(units) > 0 {
		from := f.landedView(paths)
		written, err := e.write(ctx, request{What: "settle " + f.contract.Name, Views: []view{from}, SQL: f.settling(units),
			Partition: []string{"_part", "_unit"}}, f.contract.Name+"-settled")
		if err != nil {
			return nil, nil, err
		}
		for _, file := range written {
			part, unit := stepOf(file, "_part"), job.Unit(stepOf(file, "_unit"))
			parts[part][unit] = append(parts[part][unit], file)
		}
		counted := files("settled", written, append(f.landedColumns(), column{"_class", "VARCHAR"}), nil, "true")
		tallies, err := e.tally(ctx, f, counted, "_class")
		if err != nil {
			return nil, nil, err
		}
		for _, t := range tallies {
			cells = append(cells, t.Account())
		}
	}
	return job.CellsByUnit(f.contract, f.objects, cells), parts, nil
}

// settling selects the landed records of units with their class. Rejected records take
// no part in duplicates, and only keys that repeat are looked at closely.
func (f *feed) settling(units []job.Unit) string {
	plain := strings.Join(names(f.landedColumns()), ", ")
	where := job.Within(f.contract, units)
	refused := fmt.Sprintf("select %s, split_part(_reasons, ',', 1) as _class from landed where _reasons is not null and %s", plain, where)
	sound := fmt.Sprintf("select %s, '' as _class from landed where _reasons is null and %s", plain, where)
	if len(f.contract.Key) > 0 {
		sound = f.repeats(plain, where)
	}
	return fmt.Sprintf(`select /*+ rebalance(_part, _unit) */ * from (
select *, case when _class = '' then '%s' when _class = %s then '%s' else '%s' end as _part, %s as _unit
from (%s
union all
%s))`, acceptedPart, sqltext.QuoteString(string(job.DuplicateClass)), repeatedPart, refusedPart, f.unitText(), refused, sound)
}

// repeats selects the sound records with their class: the first of equal ones, and of
// those with the same key the one that is kept, are accepted.
func (f *feed) repeats(plain, where string) string {
	keys := slices.Clone(f.contract.Key)
	if d := f.contract.BusinessDate; d != "" && !slices.Contains(keys, d) {
		keys = append(keys, d)
	}
	var key, content []string
	for _, k := range keys {
		key = append(key, sqltext.QuoteName(k))
	}
	for _, col := range f.contract.Columns {
		if col.Name != contract.ObjectColumn && col.Name != contract.RecordColumn {
			content = append(content, sqltext.QuoteName(col.Name))
		}
	}
	number := ""
	if f.contract.FillsRecord {
		number = contract.RecordColumn + ", "
	}
	losing := "_place > 1"
	if f.contract.KeyConflict.Refuse {
		losing = "_contents > 1"
	}
	var masked []string
	for _, c := range f.landedColumns() {
		q := sqltext.QuoteName(c.name)
		if c.name == "_reasons" {
			q = fmt.Sprintf("case when _class = '%s' then _class end as _reasons", contract.KeyConflicts)
		}
		masked = append(masked, q)
	}
	k, all := strings.Join(key, ", "), strings.Join(content, ", ")
	counted := fmt.Sprintf("select %s, count(*) over (partition by %s) as _keys from landed where _reasons is null and %s", plain, k, where)
	copies := fmt.Sprintf(`select *, row_number() over (partition by %[1]s order by _rank, %[2]s_rounded, _closes) as _copy,
  max(_rank) over (partition by %[1]s) as _last
from (select *, %[3]s as _rank from (%[4]s) where _keys > 1)`, all, number, f.rank(), counted)
	contents := fmt.Sprintf(`select *, row_number() over (partition by %[1]s, _copy = 1 order by %[2]s) as _place,
  count(*) over (partition by %[1]s, _copy = 1) as _contents
from (%[3]s)`, k, f.conflictOrder(content), copies)
	classed := fmt.Sprintf("select *, case when _copy > 1 then %s when %s then '%s' else '' end as _class from (%s)",
		sqltext.QuoteString(string(job.DuplicateClass)), losing, contract.KeyConflicts, contents)
	return fmt.Sprintf("select %s, '' as _class from (%s) where _keys = 1\nunion all\nselect %s, _class from (%s)",
		plain, counted, strings.Join(masked, ", "), classed)
}

// rank is the place of the record's object in natural order of the keys.
func (f *feed) rank() string {
	ranks := make([]string, len(f.objects))
	for i, o := range f.objects {
		ranks[i] = fmt.Sprint(o.Order)
	}
	return "element_at(array(" + strings.Join(ranks, ", ") + "), _o + 1)"
}

// conflictOrder puts the record that is kept first: the latest by the directive's
// columns, then by its object, then by all columns, so that it is total.
func (f *feed) conflictOrder(content []string) string {
	var order []string
	for _, name := range f.contract.KeyConflict.Latest {
		order = append(order, sqltext.QuoteName(name)+" desc nulls last")
	}
	order = append(order, "_last desc")
	for _, q := range content {
		order = append(order, q+" desc nulls last")
	}
	return strings.Join(order, ", ")
}

// closes are the ids of rejects that accepted records were fixed of, by unit.
func (e *Engine) closes(ctx context.Context, f *feed, parts byPart) (map[job.Unit][]string, error) {
	fixes := slices.ContainsFunc(f.objects, func(o job.Object) bool {
		return slices.ContainsFunc(o.Mapping.Raw, func(r contract.RawColumn) bool { return r.Header == contract.RejectColumn })
	})
	var accepted []string
	for _, paths := range parts[acceptedPart] {
		accepted = append(accepted, paths...)
	}
	if !fixes || accepted == nil {
		return nil, nil
	}
	slices.Sort(accepted)
	from := files("accepted", accepted, f.landedColumns(), nil, "coalesce(_closes, '') <> ''")
	a, err := e.ask(ctx, request{What: "closed rejects of " + f.contract.Name, Views: []view{from}, Partition: []string{},
		SQL: "select distinct " + f.unitText() + ", _closes from accepted order by 1, 2"})
	if err != nil {
		return nil, err
	}
	closes := map[job.Unit][]string{}
	for _, row := range a.Rows {
		u := job.Unit(*row[0])
		closes[u] = append(closes[u], *row[1])
	}
	return closes, nil
}
