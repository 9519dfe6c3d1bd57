package lake

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// captureName is a column's name as contracts write it, perhaps after `_`.
var captureName = regexp.MustCompile(`\A_?[A-Za-z][A-Za-z0-9_]*\z`)

// anything is what a capture takes where no format bounds it.
const anything = `([^/]+?)`

// formatShape is an expression for the texts that a directive of a format can read.
func formatShape(directive byte) (shape string, ok bool) {
	switch directive {
	case 'Y':
		return `\d{4}`, true
	case 'y':
		return `\d{2}`, true
	case 'm', 'd', 'H', 'I', 'M', 'S':
		return `\d{1,2}`, true
	case 'f':
		return `\d{1,6}`, true
	case 'p':
		return `[AaPp][Mm]`, true
	case 'b':
		return `[A-Za-z]{3}`, true
	case 'z':
		return `(?:Z|[+-]\d{2}(?::?\d{2})?)`, true
	case '%':
		return `%`, true
	}
	return "", false
}

type compiler struct {
	text          string
	at            int
	prefix        string
	open          bool // the prefix is complete
	captures      []Capture
	strict, loose strings.Builder
}

func (c *compiler) fault(at int, text string) error {
	return &PatternError{Pattern: c.text, Offset: at, Fault: text}
}

func (c *compiler) compile() error {
	if err := c.check(); err != nil {
		return err
	}
	for c.at < len(c.text) {
		var err error
		switch c.text[c.at] {
		case '*':
			err = c.star()
		case '{':
			err = c.braces()
		case '<':
			err = c.capture()
		case '}', '>':
			err = c.fault(c.at, "closes nothing")
		case '?', '[', ']':
			err = c.fault(c.at, "`?` and `[...]` are no part of patterns: write `*` or `{a,b}`")
		default:
			c.literal()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// check refuses what can never match a key.
func (c *compiler) check() error {
	if c.text == "" {
		return c.fault(0, "is empty")
	}
	if !utf8.ValidString(c.text) {
		return c.fault(0, "is not UTF-8")
	}
	if i := strings.IndexFunc(c.text, unicode.IsControl); i >= 0 {
		return c.fault(i, "has a control character")
	}
	at := 0
	for segment := range strings.SplitSeq(c.text, "/") {
		switch segment {
		case "":
			return c.fault(at, "has an empty segment: patterns are relative to the input")
		case ".", "..":
			return c.fault(at, "leaves the input")
		}
		at += len(segment) + 1
	}
	return nil
}

// both adds an expression for what is no fixed text.
func (c *compiler) both(expression string) {
	c.open = true
	c.strict.WriteString(expression)
	c.loose.WriteString(expression)
}

func (c *compiler) literal() {
	end := len(c.text)
	if i := strings.IndexAny(c.text[c.at:], "*{}<>?[]"); i >= 0 {
		end = c.at + i
	}
	text := c.text[c.at:end]
	if !c.open {
		c.prefix += text
	}
	c.strict.WriteString(regexp.QuoteMeta(text))
	c.loose.WriteString(regexp.QuoteMeta(text))
	c.at = end
}

func (c *compiler) star() error {
	stars := len(c.text[c.at:]) - len(strings.TrimLeft(c.text[c.at:], "*"))
	start := c.at
	c.at += stars
	segment := (start == 0 || c.text[start-1] == '/') && c.at < len(c.text) && c.text[c.at] == '/'
	switch {
	case stars > 2:
		return c.fault(start, "three stars mean nothing")
	case stars == 1:
		c.both(`[^/]*`)
	case segment:
		c.both(`(?:.*/)?`)
		c.at++
	default:
		c.both(`.*`)
	}
	return nil
}

func (c *compiler) braces() error {
	start := c.at
	length := strings.IndexByte(c.text[start:], '}')
	if length < 0 {
		return c.fault(start, "the brace is never closed")
	}
	inside := c.text[start+1 : start+length]
	if i := strings.IndexAny(inside, "{<>?[]/"); i >= 0 {
		return c.fault(start+1+i, "braces hold texts and `*`, and no slash, capture or brace")
	}
	if i := strings.Index(inside, "**"); i >= 0 {
		return c.fault(start+1+i, "braces hold texts and `*`")
	}
	var choices []string
	for choice := range strings.SplitSeq(inside, ",") {
		choices = append(choices, strings.ReplaceAll(regexp.QuoteMeta(choice), `\*`, `[^/]*`))
	}
	c.both("(?:" + strings.Join(choices, "|") + ")")
	c.at += length + 1
	return nil
}

func (c *compiler) capture() error {
	start := c.at
	length := strings.IndexByte(c.text[start:], '>')
	if length < 0 {
		return c.fault(start, "the `<` is never closed")
	}
	name, format, formatted := strings.Cut(c.text[start+1:start+length], ":")
	if !captureName.MatchString(name) {
		return c.fault(start+1, "a capture is named like a column: letters, digits and `_`")
	}
	if slices.ContainsFunc(c.captures, func(p Capture) bool { return strings.EqualFold(p.Name, name) }) {
		return c.fault(start+1, "the name is taken by another capture")
	}
	shape := anything
	if formatted {
		var err error
		if shape, err = c.format(format, start+2+len(name)); err != nil {
			return err
		}
	}
	c.captures = append(c.captures, Capture{Name: name, Format: format})
	c.open = true
	c.strict.WriteString(shape)
	c.loose.WriteString(anything)
	c.at += length + 1
	return nil
}

// format returns the expression for the texts that a format can read.
func (c *compiler) format(format string, at int) (string, error) {
	if format == "" {
		return "", c.fault(at, "the format is empty")
	}
	var shape strings.Builder
	for i := 0; i < len(format); i++ {
		switch {
		case format[i] == '/':
			return "", c.fault(at+i, "a capture stops at a slash: write one capture a segment")
		case format[i] != '%':
			shape.WriteString(regexp.QuoteMeta(format[i : i+1]))
		case i+1 == len(format):
			return "", c.fault(at+i, "a lone %")
		default:
			i++
			directive, ok := formatShape(format[i])
			if !ok {
				return "", c.fault(at+i-1, "not one of %Y %y %m %d %H %I %p %M %S %f %b %z")
			}
			shape.WriteString(directive)
		}
	}
	return "(" + shape.String() + ")", nil
}
