package queries

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"ledgermill/engine/model"
	"ledgermill/engine/sqltext"
)

// Rejected is what the rejects of a selection, of one feed, have in common: what an
// object of them is like that is to be corrected and sent again.
type Rejected struct {
	Objects []string // that they were sent in, in order
	Fields  []string // names of the fields of their raw records, in order
	Masked  int64    // records with a private field, or their whole text, masked
	Private []string // the fields that are masked, of Fields
	Whole   int64    // of Masked: records whose fields cannot be told apart
}

// Header are the names of the columns of ExportRejects.
func (r Rejected) Header() []string {
	return append(append([]string{"_reject_id", "_reject_reasons"}, r.Fields...), "_reject_text")
}

// LookAtRejects finds what the rejects of a selection have in common. isPrivate tells
// the fields that rejects mask, and mask is what they show.
func LookAtRejects(ctx context.Context, l *Lake, p *model.Project, s RejectSelection, mask string, isPrivate func(field string) bool) (r Rejected, err error) {
	where := s.where(l, p)
	each := func(do func(text []*string), query string, args ...any) {
		if err != nil {
			return
		}
		var result *Result
		if result, err = Run(ctx, Options{Project: p, On: model.Lake, Lake: l, SQL: fmt.Sprintf(query, args...)}); err != nil {
			return
		}
		for result.Next() {
			do(result.Values())
		}
		err = errors.Join(result.Err(), result.Close())
	}
	each(func(v []*string) { r.Objects = append(r.Objects, *v[0]) }, "select distinct object from %s where %s order by object", RejectsTable, where)
	// What was sent of a correction that is itself refused is of the object that it came in.
	each(func(v []*string) { r.Fields = append(r.Fields, *v[0]) }, `select field
from (select distinct unnest(json_keys(raw)) as field from %s where json_valid(raw) and %s)
where not starts_with(field, '_reject_')
order by field`, RejectsTable, where)
	hidden := []string{"raw = " + sqltext.QuoteString(mask)}
	list := []string{"count(*) filter (where " + hidden[0] + ")"}
	var private []string
	for _, f := range r.Fields {
		if isPrivate(f) {
			private = append(private, f)
			hidden = append(hidden, fmt.Sprintf("coalesce(%s = %s, false)", rawField(f), sqltext.QuoteString(mask)))
			list = append(list, "count(*) filter (where "+hidden[len(hidden)-1]+")")
		}
	}
	list = append(list, "count(*) filter (where "+strings.Join(hidden, " or ")+")")
	each(func(v []*string) {
		counts := make([]int64, len(v))
		for i, text := range v {
			_, scanErr := fmt.Sscan(*text, &counts[i])
			err = errors.Join(err, scanErr)
		}
		r.Whole, r.Masked = counts[0], counts[len(counts)-1]
		for i, f := range private {
			if counts[i+1] > 0 {
				r.Private = append(r.Private, f)
			}
		}
	}, "select %s from %s where %s", strings.Join(list, ", "), RejectsTable, where)
	return r, err
}

// rawField is the text of a field of a raw record.
func rawField(name string) string {
	path := sqltext.QuoteString("/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name))
	return "case when json_valid(raw) then json_extract_string(raw, " + path + ") end"
}

// ExportRejects selects the rejects of one feed as an object that can be corrected
// and sent again: the fields as they were sent, behind the id that closes the reject.
func ExportRejects(ctx context.Context, l *Lake, p *model.Project, s RejectSelection, r Rejected) (*Result, error) {
	list := []string{"reject_id as _reject_id", "reasons as _reject_reasons"}
	for _, f := range r.Fields {
		list = append(list, rawField(f)+" as "+sqltext.QuoteName(f))
	}
	list = append(list, "case when not json_valid(raw) then raw end as _reject_text")
	return Run(ctx, Options{Project: p, On: model.Lake, Lake: l, SQL: fmt.Sprintf(`select %s
from %s
where %s
order by unit, object, record, byte_offset, reject_id`, strings.Join(list, ", "), RejectsTable, s.where(l, p))})
}
