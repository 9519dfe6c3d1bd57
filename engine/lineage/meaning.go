package lineage

import (
	"strings"

	"ledgermill/engine/sqltext"
)

// comments are the comments behind code on its line that stand beside a column: the
// last name on the line, or in the DDL of a contract the first. A line that names no
// column has nobody to be about.
func comments(file, src string, ddl bool, isColumn func(string) bool) map[string]string {
	tokens, err := sqltext.Lex(file, src)
	if err != nil {
		return nil // a checked file is lexed: what cannot be is of an engine's own making
	}
	found := map[string]string{}
	first, last := "", ""
	line := 0
	for _, t := range tokens {
		if t.Pos.Line != line {
			line, first, last = t.Pos.Line, "", ""
		}
		switch {
		case t.Kind == sqltext.Comment:
			name := last
			if ddl {
				name = first
			}
			if text := strings.TrimSpace(strings.TrimPrefix(t.Text, "--")); strings.HasPrefix(t.Text, "--") && name != "" && isColumn(name) && found[name] == "" {
				found[name] = text
			}
		case t.Name() != "":
			last = t.Name()
			if first == "" {
				first = last
			}
		case !t.Is(","):
			last = "" // `a + 1 -- text` is about an expression without a name
		}
	}
	return found
}

// inherited is the meaning of the one column that a column is, unchanged.
func (b *builder) inherited(c DatasetColumn) string {
	var from *DatasetColumn
	for _, s := range c.From {
		if !s.How.Direct() {
			continue
		}
		d := b.graph.Dataset(s.Dataset)
		if d == nil || s.How != Identity || from != nil {
			return ""
		}
		from = d.Column(s.Column.Column)
	}
	if from == nil {
		return ""
	}
	return from.About
}
