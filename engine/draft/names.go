package draft

import (
	_ "embed"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// The words are data, not code: another bank's language is a line of this file.
//
//go:embed names.txt
var namesText string

// vocabulary is what words of column names mean, by meaning.
type vocabulary map[string][]string

func words() vocabulary {
	v := vocabulary{}
	for line := range strings.Lines(namesText) {
		if meaning, list, ok := strings.Cut(strings.TrimSpace(line), ": "); ok && line[0] != '#' {
			v[meaning] = strings.Fields(list)
		}
	}
	return v
}

// any reports whether any word of a column's name, or all of it, has the meaning.
func (v vocabulary) any(meaning, name string) bool {
	return slices.Contains(v[meaning], name) || slices.ContainsFunc(strings.Split(name, "_"), func(w string) bool { return slices.Contains(v[meaning], w) })
}

// last reports whether the last word of a column's name has the meaning.
func (v vocabulary) last(meaning, name string) bool {
	parts := strings.Split(name, "_")
	return slices.Contains(v[meaning], parts[len(parts)-1])
}

// columnName is a plain SQL name. A reserved word gets a word behind it.
func (v vocabulary) columnName(header string) string {
	name := plainName(header)
	if slices.Contains(v["reserved"], name) {
		name += "_field"
	}
	return name
}

// plainName parts a text into words: "TransactionID" is transaction_id, "Montant HT"
// montant_ht.
func plainName(header string) string {
	var b strings.Builder
	runes := []rune(norm.NFKD.String(header))
	for i, r := range runes {
		switch {
		case unicode.Is(unicode.Mn, r), r == '\'':
			continue
		case unicode.IsUpper(r) && i > 0 && wordBegins(runes, i):
			b.WriteByte('_')
		case r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r):
			b.WriteByte('_')
			continue
		}
		b.WriteRune(unicode.ToLower(r))
	}
	name := strings.Join(strings.FieldsFunc(b.String(), func(r rune) bool { return r == '_' }), "_")
	if name == "" || name[0] >= '0' && name[0] <= '9' {
		name = strings.TrimSuffix("field_"+name, "_")
	}
	return name
}

// wordBegins: a capital after a small letter or digit, or before a small letter.
func wordBegins(runes []rune, i int) bool {
	before := runes[i-1]
	return unicode.IsLower(before) || unicode.IsDigit(before) || unicode.IsUpper(before) && i+1 < len(runes) && unicode.IsLower(runes[i+1])
}

// headerKey is what the mill compares header texts by.
func headerKey(name string) string {
	name = strings.ToLower(norm.NFKC.String(name))
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t_-.", r) {
			return -1
		}
		return r
	}, norm.NFKC.String(name))
}
