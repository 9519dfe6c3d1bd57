package duckdb

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"ledgermill/engine/contract"
	"ledgermill/engine/job"
	"ledgermill/engine/records"
	"ledgermill/engine/sqltext"
)

// recordBytes is what a record takes in the text of an object that is read in its
// store: its fields, the delimiters between them, the quotes round those that need
// them, and the line end. The sum over all records and the header is the object's
// size if, and only if, DuckDB has seen all of it and the text is written in this
// one plain way: a byte that is lost on the way, an empty line, a quote too many
// make a difference, and none of them can make up for another, since each leaves
// bytes over. What could, is null: a record whose values hold a quote, a line break
// or a NUL, or one that is longer than a record may be.
func recordBytes(o job.Object) string {
	if o.InPlace == nil || o.InPlace.Lines {
		return "null"
	}
	csv := o.Section.CSV
	var fields, quotes []string
	for i := range o.Mapping.Raw {
		fields = append(fields, rawName(i))
		quotes = append(quotes, fmt.Sprintf("cast(coalesce(contains(%s, %s), false) as integer)", rawName(i), sqltext.QuoteString(csv.Delimiter)))
	}
	text := "concat(" + strings.Join(fields, ", ") + ")"
	strange := []string{"contains(" + text + ", chr(0))", "contains(" + text + ", chr(10))", "contains(" + text + ", chr(13))"}
	if csv.Quote != "" {
		strange = append(strange, "contains("+text+", "+sqltext.QuoteString(csv.Quote)+")")
	}
	fixed := len(fields) - 1
	quoted := fmt.Sprintf("case when contains(%s, %s) then 2 * (%s) else 0 end", text, sqltext.QuoteString(csv.Delimiter), strings.Join(quotes, " + "))
	if o.InPlace.Quoted {
		fixed, quoted = 3*len(fields)-1, "0"
	}
	length := fmt.Sprintf("strlen(%s) + %d + %s", text, fixed, quoted)
	return fmt.Sprintf("case when %s or %s > %d then null else cast(%s + %d as integer) end",
		strings.Join(strange, " or "), length, records.MaxRecord, length, lineEnd(o))
}

// lineEnd is the length of the object's line ends.
func lineEnd(o job.Object) int64 {
	if o.NewLine == "" {
		return int64(len("\r\n"))
	}
	return 1
}

// doubt finds the objects of a failed group at fault. Where the way to the store is,
// all of them are: to try each would only take longer.
func (l *landing) doubt(ctx context.Context, s *session, g objectGroup, cause error, doubts map[int]error) error {
	var space *job.SpaceError
	if ctx.Err() != nil || errors.As(cause, &space) {
		return fmt.Errorf("read %d objects of %s: %w", len(g.objects), l.contract.Name, cause)
	}
	// readAndCheck may have come half way.
	if _, err := s.exec(ctx, fmt.Sprintf("delete from %s where _o between %d and %d", l.table, g.first[0], g.first[len(g.first)-1])); err != nil {
		return fmt.Errorf("read %d objects of %s: %w", len(g.objects), l.contract.Name, errors.Join(err, cause))
	}
	if len(g.objects) == 1 || !raised(cause) && !unreadable(cause) {
		for _, place := range g.first {
			doubts[place] = oneLine(cause)
		}
		return nil
	}
	for i := range g.objects {
		if err := l.read(ctx, s, objectGroup{objects: g.objects[i : i+1], first: g.first[i : i+1]}, doubts); err != nil {
			return err
		}
	}
	return nil
}

// prove compares the bytes of the records that were landed with the size of their
// object, for those from first on that were read in their store.
func (l *landing) prove(ctx context.Context, s *session, first int, doubts map[int]error) error {
	var places []string
	for i, o := range l.objects[first:] {
		if o.InPlace != nil && doubts[first+i] == nil {
			places = append(places, fmt.Sprint(first+i))
		}
	}
	if places == nil {
		return nil
	}
	type sum struct{ records, told, bytes int64 }
	sums := map[int]sum{}
	var place int
	var one sum
	query := fmt.Sprintf("select _o, count(*), count(_bytes), coalesce(cast(sum(_bytes) as bigint), 0) from %s where _o in (%s) group by _o",
		l.table, strings.Join(places, ", "))
	err := s.rows(ctx, query, []any{&place, &one.records, &one.told, &one.bytes}, func() error {
		sums[place] = one
		return nil
	})
	if err != nil {
		return fmt.Errorf("prove %s: %w", l.contract.Name, err)
	}
	for i, o := range l.objects[first:] {
		if o.InPlace == nil || doubts[first+i] != nil {
			continue
		}
		found := sums[first+i]
		want := o.InPlace.Size - o.InPlace.Header
		if o.InPlace.Open && found.records > 0 {
			want += lineEnd(o)
		}
		switch {
		case found.told < found.records:
			doubts[first+i] = &openCount{found.records, fmt.Sprintf("%d records hold a quote, a line break or a NUL, or are too long", found.records-found.told)}
		case found.bytes != want:
			doubts[first+i] = &openCount{found.records, fmt.Sprintf("its %d records make %d bytes, and it has %d", found.records, found.bytes, want)}
		}
	}
	return l.recount(ctx, s, doubts)
}

// proven withdraws the objects that did not prove themselves and says which.
func (l *landing) proven(ctx context.Context, s *session, first int, doubts map[int]error) (*job.UnprovenError, error) {
	if err := l.prove(ctx, s, first, doubts); err != nil || len(doubts) == 0 {
		return nil, err
	}
	unproven := &job.UnprovenError{Objects: map[string]error{}}
	places := slices.Sorted(maps.Keys(doubts))
	for _, place := range places {
		unproven.Objects[l.objects[place].Key] = doubts[place]
	}
	return unproven, l.withdraw(ctx, s, places)
}

// Withdraw takes back what was landed of objects of a feed and is not parked yet.
func (e *Engine) Withdraw(ctx context.Context, c *contract.Contract, objects []string) (err error) {
	l := e.landings[c.Name]
	if l == nil {
		return nil
	}
	var places []int
	for i, o := range l.objects {
		if o.Key != "" && slices.Contains(objects, o.Key) {
			places = append(places, i)
		}
	}
	s, err := e.session(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	return l.withdraw(ctx, s, places)
}

func (l *landing) withdraw(ctx context.Context, s *session, places []int) error {
	if len(places) == 0 {
		return nil
	}
	var list []string
	for _, place := range places {
		l.objects[place] = job.Object{}
		list = append(list, fmt.Sprint(place))
	}
	if _, err := s.exec(ctx, fmt.Sprintf("delete from %s where _o in (%s)", l.table, strings.Join(list, ", "))); err != nil {
		return fmt.Errorf("withdraw %d objects of %s: %w", len(places), l.contract.Name, err)
	}
	return nil
}
