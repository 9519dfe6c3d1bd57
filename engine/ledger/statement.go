package ledger

import (
	"cmp"
	"slices"
)

// Statement is the text of what makes a dataset, as somebody wrote it, so that a
// later edit can be shown beside it.
type Statement struct {
	Dataset string `json:"dataset"`
	SQL     string `json:"sql"` // hash, as units name it
	Text    string `json:"text"`
}

// FirstSemantics is the number of the engine's semantics of units that name none.
const FirstSemantics = "1"

// MadeUnder is the number of the engine's semantics that the unit was made under.
func (u UnitRecord) MadeUnder() string { return cmp.Or(u.Semantics, FirstSemantics) }

// Statement returns the text behind a hash of a dataset, if the ledger has kept it.
func (s *State) Statement(dataset, sql string) (text string, ok bool) {
	text, ok = s.Statements[dataset][sql]
	return text, ok
}

// foldStatements adds texts, and drops those that no unit and no kept version of the
// datasets was made by.
func (s *State) foldStatements(fresh []Statement) {
	if len(fresh) == 0 {
		return
	}
	if s.Statements == nil {
		s.Statements = map[string]map[string]string{}
	}
	used := map[string][]string{}
	for _, f := range fresh {
		if used[f.Dataset] == nil {
			used[f.Dataset] = s.made(f.Dataset)
		}
		put(s.Statements, f.Dataset, f.SQL, f.Text)
	}
	for dataset, hashes := range used {
		for hash := range s.Statements[dataset] {
			if !slices.Contains(hashes, hash) {
				delete(s.Statements[dataset], hash)
			}
		}
	}
}

// made are the hashes of the statements that a dataset's units were made by.
func (s *State) made(dataset string) []string {
	var hashes []string
	add := func(hash string) {
		if !slices.Contains(hashes, hash) {
			hashes = append(hashes, hash)
		}
	}
	for _, u := range s.Units[dataset] {
		add(u.SQL)
		for _, old := range u.Kept {
			add(old.SQL)
		}
	}
	return hashes
}
