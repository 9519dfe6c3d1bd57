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
	Shapes  []string // of the objects, each once: "csv", "json", "parquet"
	formats map[string]Format
	strict  *regexp.Regexp // formats bound their parts
	lax     *regexp.Regexp // they do not: a date that is none is a fault to show, and no reason to overlook an object
	samples []string       // keys that match, with texts that only wildcards take
}

// MatchKey meets an object's key, relative to the input, with the section's pattern
// alone; where there are several sections, SectionOf chooses. fills are the texts of
// its <column> parts: what their formats can read goes before what they cannot.
// Control files never match.
func (s Section) MatchKey(key string) (fills map[string]string, ok bool) {
	if fills, ok := s.Pattern.match(key, s.Pattern.strict); ok {
		return fills, true
	}
	return s.Pattern.match(key, s.Pattern.lax)
}

// SectionOf finds the section of an object's key: the first whose pattern fits, else
// the first that fits but for a text that the format of its part cannot read: its
// column rejects the object's records. ok is false where the object is not of this
// feed.
func (c *Contract) SectionOf(key string) (index int, fills map[string]string, ok bool) {
	for i, s := range c.Sections {
		if fills, ok := s.Pattern.match(key, s.Pattern.strict); ok {
			return i, fills, true
		}
	}
	for i, s := range c.Sections {
		if fills, ok := s.Pattern.match(key, s.Pattern.lax); ok {
			return i, fills, true
		}
	}
	return 0, nil, false
}

func (p Pattern) match(key string, regex *regexp.Regexp) (fills map[string]string, ok bool) {
	if regex == nil || strings.HasSuffix(key, ".control.json") {
		return nil, false
	}
	match := regex.FindStringSubmatch(key)
	if match == nil {
		return nil, false
	}
	fills = map[string]string{}
	for i, name := range p.Columns {
		fills[name] = match[i+1]
	}
	return fills, true
}

// is reports whether objects of the shape can match.
func (p Pattern) is(shape string) bool { return slices.Contains(p.Shapes, shape) }

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
	if err := g.compile(); err != nil {
		return Pattern{}, err
	}
	tails := g.tails()
	if len(tails) > maxChoices {
		return Pattern{}, fmt.Errorf("its braces make more than %d patterns", maxChoices)
	}
	for _, tail := range tails {
		shape := Shape(tail)
		switch {
		case strings.ContainsAny(tail[strings.LastIndexByte(tail, '/')+1:], "*>") && !strings.Contains(tail, "."):
			return Pattern{}, errors.New("the pattern ends without an extension; the format of an object is its extension")
		case shape == "":
			return Pattern{}, fmt.Errorf("%q has no known extension: .csv .txt .dat, .ndjson .jsonl .json, .parquet, each also with .gz or .zst", tail)
		case !p.is(shape):
			p.Shapes = append(p.Shapes, shape)
		}
	}
	var err error
	if p.strict, err = regexp.Compile(`\A(?s:` + g.strict.String() + `)\z`); err == nil {
		p.lax, err = regexp.Compile(`\A(?s:` + g.lax.String() + `)\z`)
	}
	if err != nil {
		return Pattern{}, errors.New("the pattern is too long")
	}
	p.samples = slices.DeleteFunc(samples(tails), func(key string) bool { return !p.strict.MatchString(key) })
	return p, nil
}

type glob struct {
	text        string
	pattern     *Pattern
	seen        map[string]bool
	strict, lax strings.Builder
}

func (g *glob) both(regex string) {
	g.strict.WriteString(regex)
	g.lax.WriteString(regex)
}

func (g *glob) compile() error {
	braces := false
	for i := 0; i < len(g.text); i++ {
		switch c := g.text[i]; {
		case strings.HasPrefix(g.text[i:], "**/") && (i == 0 || g.text[i-1] == '/'):
			g.both("(?:.*/)?") // any directories, or none
			i += 2
		case strings.HasPrefix(g.text[i:], "**"):
			g.both(".*")
			i++
		case c == '*':
			g.both("[^/]*")
		case c == '?' || c == '[' || c == ']':
			return fmt.Errorf("%q is not part of a pattern; * stands for any characters but /", c)
		case c == '{' && braces:
			return errors.New("braces do not nest")
		case c == '{':
			braces = true
			g.both("(?:")
		case c == '}' && braces:
			braces = false
			g.both(")")
		case c == ',' && braces:
			g.both("|")
		case c == '<' && braces:
			return errors.New("no < stands in braces; write a section for each")
		case c == '<':
			end := strings.IndexByte(g.text[i:], '>')
			if end < 0 {
				return errors.New("> is missing")
			}
			if err := g.capture(g.text[i+1 : i+end]); err != nil {
				return err
			}
			i += end
		case c == '}' || c == '>':
			return fmt.Errorf("%q without its beginning", c)
		default:
			g.both(regexp.QuoteMeta(g.text[i : i+1]))
		}
	}
	if braces {
		return errors.New("} is missing")
	}
	return nil
}

// capture compiles <column>, <column:%Y%m%d> or <_name>. The format of a <_name> is
// always held to: no column would show what it cannot read.
func (g *glob) capture(inner string) error {
	name, format, formatted := strings.Cut(inner, ":")
	if !captureName.MatchString(name) || strings.ContainsAny(format, "{},") {
		return fmt.Errorf("<%s> is not <column>, <column:%%format> or <_name>", inner)
	}
	if g.seen[name] {
		return fmt.Errorf("<%s> stands twice", name)
	}
	g.seen[name] = true
	const any = `[^/]+`
	regex := any
	if formatted {
		m, err := compileMoment(format)
		if err != nil {
			return fmt.Errorf("<%s>: %w", inner, err)
		}
		regex = withoutGroups(m.regex)
		g.pattern.formats[name] = Format{Patterns: []string{format}}
	}
	if name[0] == '_' {
		g.both("(?:" + regex + ")")
		return nil
	}
	g.pattern.Columns = append(g.pattern.Columns, name)
	g.strict.WriteString("(" + regex + ")")
	g.lax.WriteString("(" + any + ")")
	return nil
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
