package sqltext

import (
	"strings"
)

// Canonical is the token stream of src as one line: comments and white space are
// dropped and unquoted words lower-cased, so that layout and documentation change
// nothing. A fingerprint hashes it. Text that cannot be lexed is returned as it is.
func Canonical(src string) string {
	tokens, err := Lex("", src)
	if err != nil {
		return src
	}
	var b strings.Builder
	for _, t := range tokens {
		if t.Kind == Comment {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		if t.Kind == Word {
			b.WriteString(strings.ToLower(t.Text))
		} else {
			b.WriteString(t.Text)
		}
	}
	return strings.TrimRight(b.String(), " ;")
}

// Code returns the tokens without the comments.
func Code(tokens []Token) []Token {
	var code []Token
	for _, t := range tokens {
		if t.Kind != Comment {
			code = append(code, t)
		}
	}
	return code
}

// Statements parts tokens (comments left out) at the semicolons; empty statements
// are dropped.
func Statements(tokens []Token) [][]Token {
	var all [][]Token
	var one []Token
	for _, t := range Code(tokens) {
		if t.Is(";") {
			if len(one) > 0 {
				all = append(all, one)
			}
			one = nil
			continue
		}
		one = append(one, t)
	}
	if len(one) > 0 {
		all = append(all, one)
	}
	return all
}

// Source is the text that the tokens cover, comments between them included.
func Source(src string, tokens []Token) string {
	if len(tokens) == 0 {
		return ""
	}
	return src[tokens[0].Off:tokens[len(tokens)-1].End]
}

// QuoteName writes name as an SQL identifier.
func QuoteName(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// QuoteString writes text as an SQL string.
func QuoteString(text string) string { return `'` + strings.ReplaceAll(text, `'`, `''`) + `'` }

// Nearest returns the candidate that word was probably meant to be, or "".
func Nearest(word string, candidates []string) string {
	best, least := "", len(word)/3+2
	for _, c := range candidates {
		if d := distance(strings.ToLower(word), strings.ToLower(c)); d < least {
			best, least = c, d
		}
	}
	return best
}

// DidYouMean is `, did you mean "x"?` for the nearest candidate, or "".
func DidYouMean(word string, candidates []string) string {
	if near := Nearest(word, candidates); near != "" {
		return `, did you mean "` + near + `"?`
	}
	return ""
}

// distance is the number of letters to insert, delete, replace or swap.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	prev2, prev := []int(nil), make([]int, len(y)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row := make([]int, len(y)+1)
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(row[j-1]+1, prev[j]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], prev2[j-2]+1)
			}
		}
		prev2, prev = prev, row
	}
	return prev[len(y)]
}
