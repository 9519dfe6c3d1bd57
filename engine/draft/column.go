package draft

import (
	"slices"
	"strings"
)

// kind is what a column's values are.
type kind string

const (
	varchar   kind = "varchar"
	boolean   kind = "boolean"
	whole     kind = "whole"
	decimal   kind = "decimal"
	double    kind = "double"
	date      kind = "date"
	timestamp kind = "timestamp"
)

// maxDistinct values of a column are kept; a key has as many as records.
const maxDistinct = 1_000_000

// column is a column of one section's samples.
type column struct {
	header string
	name   string
	words  vocabulary
	ask    func(question string, readings []string) (string, error)

	see func(line string)

	dayFirst, monthFirst int // texts of the sample's columns that can only be read so

	blank  int            // records without a text, or with one that stands for null
	values int            // the others
	nulls  []string       // texts that stand for null
	counts map[string]int // records by text, without those
}

// reading is how a column's values are read.
type reading struct {
	kind    kind
	formats []string // nil: the type's own grammar
	round   bool
	digits  int // before the decimal mark, at most
	scale   int // behind it
	unread  int // records whose text is no value
}

func (c *column) choose(question string, readings []string) (string, error) {
	return c.ask(question, readings)
}

// tolerates: so few unreadable values are faults of the sender, not another type.
func (c *column) tolerates(unread int) bool { return unread*500 <= c.values }

func (c *column) add(text string) {
	if text = strings.Trim(text, " \t"); text == "" {
		c.blank++
		return
	}
	if _, known := c.counts[text]; known || len(c.counts) < maxDistinct {
		c.values++
		c.counts[text]++
	}
}

// setNulls takes the texts that stand for null out of the values. Of a column of
// text they are words that say so; elsewhere also a dash or a word.
func (c *column) setNulls() {
	for text, count := range c.counts {
		plain := strings.ToLower(text)
		if !slices.Contains(c.words["nulls"], plain) || count == c.values || len(c.counts) < 3 && plain == "unknown" {
			continue
		}
		c.nulls = append(c.nulls, text)
	}
	slices.Sort(c.nulls)
	for _, text := range c.nulls {
		c.blank, c.values = c.blank+c.counts[text], c.values-c.counts[text]
	}
}

// withoutNulls runs read over the values but those that stand for null.
func (c *column) withoutNulls(read func() (reading, bool, error)) (reading, bool, error) {
	kept := map[string]int{}
	for _, text := range c.nulls {
		kept[text] = c.counts[text]
		delete(c.counts, text)
	}
	r, ok, err := read()
	for text, count := range kept {
		c.counts[text] = count
	}
	return r, ok, err
}

// read finds how the column is read.
func (c *column) read() (reading, error) {
	text := reading{kind: varchar}
	if c.values == 0 {
		return text, nil
	}
	c.setNulls()
	identifier := c.words.last("identifier", c.name)
	for _, try := range []func() (reading, bool, error){c.readBooleans, c.readMoments, c.readNumbers} {
		r, ok, err := c.withoutNulls(try)
		if err != nil {
			return text, err
		}
		if ok && !(identifier && r.kind != date && r.kind != timestamp) {
			return r, nil
		}
	}
	c.nulls = slices.DeleteFunc(c.nulls, func(n string) bool {
		plain := strings.ToLower(n)
		if plain == "null" || plain == `\n` || plain == "n/a" || plain == "#n/a" {
			return false
		}
		c.blank, c.values = c.blank-c.counts[n], c.values+c.counts[n] // a word of the language, like others
		return true
	})
	return text, nil
}

// readBooleans: words that say so, or 0 and 1 in a column whose name does.
func (c *column) readBooleans() (reading, bool, error) {
	spoken, digits, unread := 0, 0, 0
	for text, count := range c.counts {
		switch strings.ToLower(text) {
		case "true", "false", "t", "f", "yes", "no", "y", "n":
			spoken += count
		case "0", "1", "0.0", "1.0":
			if len(text) > 1 {
				return reading{}, false, nil
			}
			digits += count
		default:
			unread += count
		}
	}
	if !c.tolerates(unread) || !c.words.any("flag", c.name) && (spoken == 0 || len(c.counts) < 2) {
		return reading{}, false, nil
	}
	return reading{kind: boolean, unread: unread}, true, nil
}

func contains(list []string, text string) bool { return slices.Contains(list, text) }
