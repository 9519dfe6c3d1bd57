package contract

import (
	"regexp"
	"slices"
	"strings"
)

// maxChoices bounds what the braces of a pattern multiply to.
const maxChoices = 256

// tails are the pattern's text with each choice of its braces, or more than
// maxChoices texts where there are more.
func (g *glob) tails() []string {
	texts := []string{""}
	for rest := g.text; rest != "" && len(texts) <= maxChoices; {
		before, braced, found := strings.Cut(rest, "{")
		choices := []string{""}
		if found {
			var inner string
			inner, rest, _ = strings.Cut(braced, "}")
			choices = strings.Split(inner, ",")
		} else {
			rest = ""
		}
		longer := make([]string, 0, len(texts)*len(choices))
		for _, t := range texts {
			for _, c := range choices {
				longer = append(longer, t+before+c)
			}
		}
		texts = longer
	}
	return texts
}

// oddText is taken by wildcards, and by no pattern's own text.
const oddText = "\x02§7\x03"

var wildcards = regexp.MustCompile(`<[^>]*>|\*\*/|\*\*|\*`)

// samples are keys for each choice of the braces, with short and with long texts for
// what is open.
func samples(tails []string) []string {
	var keys []string
	for _, tail := range tails {
		keys = append(keys, wildcards.ReplaceAllStringFunc(tail, func(wild string) string {
			if wild[0] == '*' {
				return ""
			}
			return filled(wild)
		}), wildcards.ReplaceAllStringFunc(tail, filled))
	}
	return keys
}

func filled(wild string) string {
	switch wild {
	case "**/":
		return oddText + "/" + oddText + "/"
	case "**":
		return oddText + "/" + oddText
	}
	if _, format, formatted := strings.Cut(strings.Trim(wild, "<>"), ":"); formatted {
		return lastMoment(format)
	}
	return oddText
}

// lastMoment is a text of the format in which no field could be taken for another.
func lastMoment(format string) string {
	fields := map[byte]string{'Y': "2031", 'y': "99", 'm': "12", 'd': "31", 'H': "23", 'I': "11", 'p': "PM", 'M': "58", 'S': "59", 'f': "999", 'b': "Dec", 'z': "Z"}
	pieces, _ := cutPattern(format) // compiled before
	var b strings.Builder
	for _, p := range pieces {
		b.WriteString(p.literal + fields[p.verb])
	}
	return b.String()
}

// covered reports whether earlier patterns take all that p does, by its samples: they
// hold texts that only wildcards match.
func (p Pattern) covered(earlier []Section) bool {
	for _, key := range p.samples {
		if !slices.ContainsFunc(earlier, func(s Section) bool { return s.Pattern.strict != nil && s.Pattern.strict.MatchString(key) }) {
			return false
		}
	}
	return len(p.samples) > 0
}
