package spark

import (
	"cmp"
	"slices"
	"strings"

	"ledgermill/engine/sqltext"
)

// edit replaces the bytes from off to end of a text.
type edit struct {
	off, end int
	text     string
}

func edited(text string, edits []edit) string {
	slices.SortFunc(edits, func(a, b edit) int { return cmp.Compare(a.off, b.off) })
	var b strings.Builder
	at := 0
	for _, e := range edits {
		b.WriteString(text[at:e.off] + e.text)
		at = e.end
	}
	return b.String() + text[at:]
}

// callEnd is the token that closes the bracket which opens at a token.
func callEnd(tokens []sqltext.Token, open int) int {
	depth := 0
	for i := open; i < len(tokens); i++ {
		switch {
		case tokens[i].Is("("):
			depth++
		case tokens[i].Is(")"):
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return len(tokens) - 1
}

// rendered is a statement in Spark's spelling.
type rendered struct {
	sql   string
	edits []edit // of the source
}

// render spells a statement of portable SQL for Spark: a varchar without a length,
// which Spark takes in no cast, is a string, and a text has backslashes for what it
// doubles.
func render(sql string) rendered {
	tokens, err := sqltext.Lex("", sql)
	if err != nil {
		return rendered{sql: sql} // Spark says what is wrong with it
	}
	var edits []edit
	for i, t := range tokens {
		next := sqltext.Token{}
		if i+1 < len(tokens) {
			next = tokens[i+1]
		}
		switch {
		case t.Is("varchar") && !next.Is("(") && i > 0 && (tokens[i-1].Is("as") || tokens[i-1].Is("::")):
			edits = append(edits, edit{t.Off, t.End, "string"})
		case t.Kind == sqltext.String && i > 0 && (tokens[i-1].Is("like") || tokens[i-1].Is("ilike")) && !next.Is("escape") && strings.Contains(t.Text, `\`):
			edits = append(edits, edit{t.Off, t.End, quote(strings.ReplaceAll(t.Value(), `\`, `\\`))}) // it escapes nothing
		case t.Kind == sqltext.String && strings.ContainsAny(t.Text[1:len(t.Text)-1], `'\$`):
			edits = append(edits, edit{t.Off, t.End, quote(t.Value())})
		}
	}
	return rendered{edited(sql, edits), edits}
}

// renderViews are views whose statements are spelled for Spark.
func renderViews(views []view) []view {
	all := append([]view{}, views...)
	for i := range all {
		all[i].SQL = render(all[i].SQL).sql
	}
	return all
}

// quote is a text as Spark reads it.
func quote(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(text) + "'"
}

// source is the offset in the source of an offset in what was rendered.
func (r rendered) source(off int) int {
	moved := 0
	for _, e := range r.edits {
		begin := e.off + moved
		switch {
		case off < begin:
			return off - moved
		case off < begin+len(e.text):
			return e.off
		}
		moved += len(e.text) - (e.end - e.off)
	}
	return off - moved
}

// place is the offset in the source that Spark's error names: by characters of UTF-16
// from its beginning, or by a line and a column; -1 where it names none.
func (f fault) place(r rendered) int {
	off := 0
	switch {
	case f.Start >= 0:
		units := 0
		for at, char := range r.sql {
			if units >= f.Start {
				return r.source(at)
			}
			units++
			if char > 0xffff {
				units++
			}
		}
		return -1
	case f.Line == 0:
		return -1
	}
	for line := 1; line < f.Line; line++ {
		end := strings.IndexByte(r.sql[off:], '\n')
		if end < 0 {
			return -1
		}
		off += end + 1
	}
	if off += f.Column - 1; off > len(r.sql) {
		return -1
	}
	return r.source(off)
}
