package contract

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Pattern is an `objects` glob, compiled: a key relative to the input matches it or
// not, and fills columns where it does.
type Pattern struct {
	Columns []string // that the key fills, in order
	formats map[string]Format
	regex   *regexp.Regexp
}

// MatchKey meets an object's key, relative to the input, with the section's pattern.
// fills are the texts of its <column> parts. Control files never match.
func (s Section) MatchKey(key string) (fills map[string]string, ok bool) {
	if s.Pattern.regex == nil || strings.HasSuffix(key, ".control.json") {
		return nil, false
	}
	match := s.Pattern.regex.FindStringSubmatch(key)
	if match == nil {
		return nil, false
	}
	fills = map[string]string{}
	for i, name := range s.Pattern.Columns {
		fills[name] = match[i+1]
	}
	return fills, true
}

// Shape is what an object holds by the extension of its key, below .gz and .zst:
// "csv", "json", "parquet", or "".
func Shape(key string) string {
	key = strings.TrimSuffix(strings.TrimSuffix(key, ".gz"), ".zst")
	switch key[strings.LastIndexByte(key, '.')+1:] {
	case "csv", "txt", "dat":
		return "csv"
	case "ndjson", "jsonl", "json":
		return "json"
	case "parquet":
		return "parquet"
	}
	return ""
}

var captureName = regexp.MustCompile(`\A[a-z_][a-z0-9_]*\z`)

// compilePattern reads a glob: * and <name> stop at a slash, ** does not, {a,b}
// does not nest.
func compilePattern(text string) (Pattern, error) {
	if text == "" || text[0] == '/' || slices.Contains(strings.Split(text, "/"), "..") {
		return Pattern{}, errors.New("the pattern is relative to the input and stays below it")
	}
	p := Pattern{formats: map[string]Format{}}
	g := glob{text: text, pattern: &p, seen: map[string]bool{}}
	regex, err := g.compile()
	if err != nil {
		return Pattern{}, err
	}
	for _, tail := range g.tails() {
		switch shape := Shape(tail); {
		case strings.ContainsAny(tail[strings.LastIndexByte(tail, '/')+1:], "*>") && !strings.Contains(tail, "."):
			return Pattern{}, errors.New("the pattern ends without an extension; the format of an object is its extension")
		case shape == "":
			return Pattern{}, fmt.Errorf("%q has no known extension: .csv .txt .dat, .ndjson .jsonl .json, .parquet, each also with .gz or .zst", tail)
		case shape != "csv":
			return Pattern{}, fmt.Errorf("this version reads CSV, and %q is %s", tail, shape)
		}
	}
	p.regex, err = regexp.Compile(`\A(?s:` + regex + `)\z`)
	return p, err
}

type glob struct {
	text    string
	pattern *Pattern
	seen    map[string]bool
}

func (g *glob) compile() (string, error) {
	var b strings.Builder
	braces := false
	for i := 0; i < len(g.text); i++ {
		switch c := g.text[i]; {
		case strings.HasPrefix(g.text[i:], "**/") && (i == 0 || g.text[i-1] == '/'):
			b.WriteString("(?:.*/)?") // any directories, or none
			i += 2
		case strings.HasPrefix(g.text[i:], "**"):
			b.WriteString(".*")
			i++
		case c == '*':
			b.WriteString("[^/]*")
		case c == '?' || c == '[' || c == ']':
			return "", fmt.Errorf("%q is not part of a pattern; * stands for any characters but /", c)
		case c == '{' && braces:
			return "", errors.New("braces do not nest")
		case c == '{':
			braces = true
			b.WriteString("(?:")
		case c == '}' && braces:
			braces = false
			b.WriteString(")")
		case c == ',' && braces:
			b.WriteString("|")
		case c == '<':
			end := strings.IndexByte(g.text[i:], '>')
			if end < 0 {
				return "", errors.New("> is missing")
			}
			capture, err := g.capture(g.text[i+1 : i+end])
			if err != nil {
				return "", err
			}
			b.WriteString(capture)
			i += end
		case c == '}' || c == '>':
			return "", fmt.Errorf("%q without its beginning", c)
		default:
			b.WriteString(regexp.QuoteMeta(g.text[i : i+1]))
		}
	}
	if braces {
		return "", errors.New("} is missing")
	}
	return b.String(), nil
}

// capture compiles <column>, <column:%Y%m%d> or <_name>.
func (g *glob) capture(inner string) (string, error) {
	name, format, formatted := strings.Cut(inner, ":")
	if !captureName.MatchString(name) {
		return "", fmt.Errorf("<%s> is not <column>, <column:%%format> or <_name>", inner)
	}
	if g.seen[name] {
		return "", fmt.Errorf("<%s> stands twice", name)
	}
	g.seen[name] = true
	regex := `[^/]+`
	if formatted {
		m, err := compileMoment(format)
		if err != nil {
			return "", fmt.Errorf("<%s>: %w", inner, err)
		}
		regex = withoutGroups(m.regex)
		g.pattern.formats[name] = Format{Patterns: []string{format}}
	}
	if name[0] == '_' {
		return "(?:" + regex + ")", nil
	}
	g.pattern.Columns = append(g.pattern.Columns, name)
	return "(" + regex + ")", nil
}

// withoutGroups makes the groups of a pattern count no longer among the columns.
func withoutGroups(regex string) string {
	var b strings.Builder
	for i := 0; i < len(regex); i++ {
		b.WriteByte(regex[i])
		switch {
		case regex[i] == '\\' && i+1 < len(regex):
			i++
			b.WriteByte(regex[i])
		case regex[i] == '(' && !strings.HasPrefix(regex[i:], "(?:"):
			b.WriteString("?:")
		}
	}
	return b.String()
}

// tails are the pattern's text with each choice of its braces.
func (g *glob) tails() []string {
	texts := []string{""}
	for rest := g.text; rest != ""; {
		before, braced, found := strings.Cut(rest, "{")
		choices := []string{""}
		if found {
			var inner string
			inner, rest, _ = strings.Cut(braced, "}")
			choices = strings.Split(inner, ",")
		} else {
			rest = ""
		}
		var longer []string
		for _, t := range texts {
			for _, c := range choices {
				longer = append(longer, t+before+c)
			}
		}
		texts = longer
	}
	return texts
}
