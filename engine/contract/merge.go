package contract

import (
	"maps"
	"slices"

	"ledgermill/engine/sqltext"
)

// sections puts each scope over the base: what a section says replaces what stands
// above the first `objects`.
func (d *directives) sections() []Section {
	list := make([]Section, len(d.scopes))
	for i := range d.scopes {
		list[i] = over(&d.base, &d.scopes[i])
	}
	return list
}

// over merges a section's lines with those of the base. Of the base it takes only
// what still has a meaning: where the section fills a column by its key, its first
// record or a constant, there is no header name, format or null text of it; and an
// alias of the section means that the column is in the header after all.
func over(base, own *scope) Section {
	m := own.section
	if _, said := own.says("csv", ""); !said && m.Pattern.is("csv") {
		m.CSV = base.section.CSV
	}
	if m.First == nil && m.Pattern.is("csv") {
		m.First = base.section.First
	}
	if m.Last == nil && m.Pattern.is("csv") {
		m.Last = base.section.Last
	}
	inKey := func(name string) bool { return slices.Contains(m.Pattern.Columns, name) }
	m.Constants = replaced(base.section.Constants, m.Constants, func(name string) bool {
		_, aliased := own.section.Aliases[name]
		return aliased || inKey(name) || own.section.frameFills(name)
	})
	fixed := func(name string) bool { _, constant := m.Constants[name]; return constant || inKey(name) }
	filled := func(name string) bool { return fixed(name) || m.frameFills(name) }
	m.Aliases = replaced(base.section.Aliases, m.Aliases, filled)
	m.Formats = replaced(base.section.Formats, m.Formats, fixed)
	m.Nulls = replaced(base.section.Nulls, m.Nulls, fixed)
	if _, said := own.says("optional", ""); !said {
		m.Optional = replaced(base.section.Optional, nil, filled)
	}
	m.Reads = replaced(base.section.Reads, nil, func(name string) bool {
		return filled(name) || slices.ContainsFunc(base.section.Reads[name].Uses, filled)
	})
	return m
}

// replaced is the base without what is dropped, and under it what a section says.
func replaced[V any](base, own map[string]V, drop func(string) bool) map[string]V {
	merged := map[string]V{}
	for name, v := range base {
		if !drop(name) {
			merged[name] = v
		}
	}
	maps.Copy(merged, own)
	return merged
}

// idle faults lines above the first `objects` that no section heeds.
func (d *directives) idle() {
	heeded := func(word, column string) bool {
		return slices.ContainsFunc(d.scopes, func(own scope) bool { return heeds(over(&d.base, &own), &own, word, column) })
	}
	for _, line := range d.base.lines {
		columns := []string{line.Column}
		if line.Word == "optional" {
			columns = sortedKeys(d.base.section.Optional)
		}
		for _, column := range columns {
			switch {
			case len(d.scopes) == 0 || column == "" || !d.base.keeps(line.Word, column) || heeded(line.Word, column):
			case line.Word == "read":
				d.idleRead(line)
			default:
				d.fault(line.Pos, "`"+line.Word+"` says nothing of "+column+" here: every section has a line of its own, or fills it otherwise", "leave it out")
			}
		}
	}
}

// idleRead says why no section can make a column by its `read`.
func (d *directives) idleRead(line sqltext.Directive) {
	s := over(&d.base, &d.scopes[0])
	for _, use := range d.base.section.Reads[line.Column].Uses {
		if d.contract.from(s, use) != 0 && d.contract.from(s, line.Column) == 0 {
			d.fault(line.Pos, "read "+line.Column+": "+use+" is not a raw column", "a `read` is over the fields of a record")
			return
		}
	}
	d.fault(line.Pos, "`read "+line.Column+"` has nothing to do: `constant`, the key or the first record fills it", "")
}

// keeps reports whether the scope has taken something from the word's lines.
func (s *scope) keeps(word, column string) bool {
	return heeds(s.section, &scope{}, word, column)
}

// heeds reports whether a section uses what the base says by the word: it has it, and
// not from a line of its own.
func heeds(s Section, own *scope, word, column string) bool {
	if _, said := own.says(word, column); said {
		return false
	}
	if _, said := own.says("optional", ""); said && word == "optional" {
		return false
	}
	has := true
	switch word {
	case "alias":
		_, has = s.Aliases[column]
	case "format":
		_, has = s.Formats[column]
	case "null":
		_, has = s.Nulls[column]
	case "constant":
		_, has = s.Constants[column]
	case "read":
		_, has = s.Reads[column]
	case "optional":
		has = s.Optional[column]
	}
	return has
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
