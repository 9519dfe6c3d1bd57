package duckdb

import (
	"context"
	"fmt"
	"slices"

	"ledgermill/engine/contract"
	"ledgermill/engine/job"
)

// closes is the id that a record gives of the reject which it was fixed of.
func closes(o job.Object) string {
	i := slices.IndexFunc(o.Mapping.Raw, isRejectID)
	if i < 0 {
		return "cast(null as varchar)"
	}
	return fmt.Sprintf("regexp_extract(%s, '^[0-9a-f]{16}$')", rawName(i))
}

func isRejectID(r contract.RawColumn) bool { return r.Header == contract.RejectColumn }

// closed are the ids of rejects that the accepted records of a unit close.
func (l *landing) closed(ctx context.Context, s *session, u job.Unit) ([]string, error) {
	if !slices.ContainsFunc(l.objects, func(o job.Object) bool { return slices.ContainsFunc(o.Mapping.Raw, isRejectID) }) {
		return nil, nil
	}
	var ids []string
	var id string
	query := fmt.Sprintf("select distinct _closes from %s where coalesce(_closes, '') <> '' and %s order by _closes", l.table, job.Within(l.contract, []job.Unit{u}))
	err := s.rows(ctx, query, []any{&id}, func() error {
		ids = append(ids, id)
		return nil
	})
	return ids, err
}
