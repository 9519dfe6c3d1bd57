package model

import (
	"slices"

	"ledgermill/engine/sqltext"
)

// BoundPos is the place of byte off of the file's one statement once values are bound.
func BoundPos(src string, values map[string]string, off int) (string, sqltext.Pos, error) {
	s, faults := readSource("f.sql", src, nil)
	if err := faults.Err(); err != nil {
		return "", sqltext.Pos{}, err
	}
	st, err := s.one("a file", values)
	return st.text, st.pos(off), err
}

// ParseTest and the lists of names for the tests outside.
var (
	ParseTest         = parseTest
	ImpureFunctions   = impureFunctions
	OrderedAggregates = orderedAggregates
)

// ReadModelHeader reads the directives of a model without a project, and says how many
// faults it has.
func ReadModelHeader(src string) (faults int) {
	s, found := readSource("m.sql", src, modelWords())
	h := readHeader(s.directives)
	return len(found) + len(h.faults)
}

// OwnWords are the directives of models that no contract has alone.
func OwnWords() []string {
	var all []string
	for _, w := range modelWords() {
		if !slices.Contains(contractWords, w.Name) {
			all = append(all, w.Name)
		}
	}
	return all
}
