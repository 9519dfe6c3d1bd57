package duckdb

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"ledgermill/engine/contract"
	"ledgermill/engine/job"
	"ledgermill/engine/records"
	"ledgermill/engine/sqltext"
)

// openCount is the doubt in an object whose values alone do not tell how it is
// written.
type openCount struct {
	records int64
	why     string
}

func (e *openCount) Error() string { return e.why }

// recount reads objects whose values leave a doubt once more, line by line and
// without a thought for their fields. The doubt is gone if the lines make up the
// whole object, as many of them hold something as there are records and a header,
// and every line with a quote in it is well-formed by itself: then no record is more
// than a line or less, and none was taken for what it is not. Whatever goes wrong
// leaves the doubt.
func (l *landing) recount(ctx context.Context, s *session, doubts map[int]error) error {
	groups := map[string][]int{}
	for place, doubt := range doubts {
		if _, open := doubt.(*openCount); open {
			o := l.objects[place]
			key := fmt.Sprintf("%+v %s %d", o.Section.CSV, o.NewLine, len(o.Mapping.Raw))
			groups[key] = append(groups[key], place)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(groups)) {
		places := groups[key]
		slices.Sort(places)
		good, err := l.wellFormed(ctx, s, places, doubts)
		for i := 0; unreadable(err) && len(places) > 1 && i < len(places); i++ { // one of them spoils it for all
			one, _ := l.wellFormed(ctx, s, places[i:i+1], doubts)
			good = append(good, one...)
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		for _, place := range good {
			delete(doubts, place)
		}
	}
	return nil
}

// wellFormed are those of the objects that are in order, line by line.
func (l *landing) wellFormed(ctx context.Context, s *session, places []int, doubts map[int]error) ([]int, error) {
	var paths []string
	at := map[string]int{}
	for _, place := range places {
		paths = append(paths, sqltext.QuoteString(escapeGlob(l.objects[place].Path)))
		at[l.objects[place].Path] = place
	}
	o := l.objects[places[0]]
	source := fmt.Sprintf("read_csv([%s], auto_detect = false, header = false, delim = '', quote = '', escape = '', columns = {line: 'VARCHAR'}, "+
		"strict_mode = true, null_padding = false, hive_partitioning = false, max_line_size = %d, filename = 'file'", strings.Join(paths, ", "), records.MaxRecord+2) +
		readerOptions(job.Object{NewLine: o.NewLine}) + ")"
	query := fmt.Sprintf("select file, count(line), cast(sum(coalesce(strlen(line), 0) + %d) as bigint), count(*) filter (where %s) from %s group by file",
		lineEnd(o), malformed(o.Section.CSV, len(o.Mapping.Raw)), source)
	var file string
	var lines, bytes, bad int64
	var good []int
	err := s.rows(ctx, query, []any{&file, &lines, &bytes, &bad}, func() error {
		place, known := at[file]
		if !known {
			return nil
		}
		o := l.objects[place]
		want, size := doubts[place].(*openCount).records, o.InPlace.Size
		if !o.Section.CSV.NoHeader {
			want++
		}
		if o.InPlace.Open {
			size += lineEnd(o)
		}
		if bad == 0 && lines == want && bytes == size {
			good = append(good, place)
		}
		return nil
	})
	if err != nil {
		s.log.DebugContext(ctx, "objects cannot be read line by line", "objects", len(places), "error", oneLine(err))
		return nil, err
	}
	return good, nil
}

// malformed is the condition that a line is not a record of so many fields by itself.
// DuckDB takes one for a record that has an empty field too many at its end.
func malformed(csv contract.CSV, fields int) string {
	bare := "line"
	condition := fmt.Sprintf("contains(line, chr(13)) or strlen(line) > %d", records.MaxRecord)
	if csv.Quote != "" {
		q, d := regexp.QuoteMeta(csv.Quote), regexp.QuoteMeta(csv.Delimiter)
		quoted := fmt.Sprintf("%[1]s(?:[^%[2]s]|%[1]s%[1]s)*%[1]s", q, classOf(csv.Quote))
		field := fmt.Sprintf("(?:%s|[^%s%s]*)", quoted, classOf(csv.Quote), classOf(csv.Delimiter))
		has := fmt.Sprintf("contains(line, %s)", sqltext.QuoteString(csv.Quote))
		condition += fmt.Sprintf(" or case when %s then not regexp_full_match(line, %s, 's') else false end",
			has, sqltext.QuoteString(field+"(?:"+d+field+")*"))
		bare = fmt.Sprintf("case when %s then regexp_replace(line, %s, '', 'gs') else line end", has, sqltext.QuoteString(quoted))
	}
	if csv.Delimiter == "" {
		return condition
	}
	return condition + fmt.Sprintf(" or strlen(%[1]s) - strlen(replace(%[1]s, %[2]s, '')) <> %[3]d", bare, sqltext.QuoteString(csv.Delimiter), fields-1)
}

// classOf is a character within the brackets of a class.
func classOf(c string) string {
	if c == "" {
		return ""
	}
	return fmt.Sprintf(`\x{%x}`, []rune(c)[0])
}
