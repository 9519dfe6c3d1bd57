package lake

import (
	"fmt"
	"regexp"
	"strings"
)

// Pattern is the value of a contract's `objects` directive: which keys are a
// feed's, and what a key says of its records.
//
//   - any text without a slash
//     **                any text; as a whole segment also no segment at all
//     {a,b}             one of the texts, which may hold * but no braces
//     <column>          text without a slash, at least one character, as few as do
//     <column:%Y%m%d>   the same, but what the format can read goes before
//     <_name>           a column that nobody fills
//
// Keys that end in .control.json never match.
type Pattern struct {
	text     string
	prefix   string
	captures []Capture
	strict   *regexp.Regexp // formats bound their captures
	loose    *regexp.Regexp // they do not: a bad date is a fault of the object, not a reason to overlook it
}

// Capture is a part of a pattern with a name.
type Capture struct {
	Name   string
	Format string // strptime; "" for none
}

const controlSuffix = ".control.json"

// PatternError says what is wrong with a pattern, and where.
type PatternError struct {
	Pattern string
	Offset  int // bytes
	Fault   string
}

func (e *PatternError) Error() string {
	return fmt.Sprintf("pattern %q, character %d: %s", e.Pattern, e.Offset+1, e.Fault)
}

// CompilePattern reads a pattern. Its errors are *PatternError.
func CompilePattern(text string) (Pattern, error) {
	c := compiler{text: text}
	if err := c.compile(); err != nil {
		return Pattern{}, err
	}
	p := Pattern{text: text, captures: c.captures, prefix: c.prefix}
	var err error
	if p.strict, err = regexp.Compile(`(?s)\A` + c.strict.String() + `\z`); err == nil {
		p.loose, err = regexp.Compile(`(?s)\A` + c.loose.String() + `\z`)
	}
	if err != nil {
		return Pattern{}, &PatternError{Pattern: text, Fault: "is too long"}
	}
	return p, nil
}

// String returns the pattern as written.
func (p Pattern) String() string { return p.text }

// Prefix is the text that every matching key begins with: what to List.
func (p Pattern) Prefix() string { return p.prefix }

// Captures are the pattern's named parts, in order.
func (p Pattern) Captures() []Capture { return p.captures }

// Match reports whether a key is the feed's, and what its named parts are.
func (p Pattern) Match(key string) (captures map[string]string, ok bool) {
	if p.strict == nil || strings.HasSuffix(key, controlSuffix) {
		return nil, false
	}
	found := p.strict.FindStringSubmatch(key)
	if found == nil {
		found = p.loose.FindStringSubmatch(key)
	}
	if found == nil {
		return nil, false
	}
	captures = make(map[string]string, len(p.captures))
	for i, c := range p.captures {
		captures[c.Name] = found[i+1]
	}
	return captures, true
}
