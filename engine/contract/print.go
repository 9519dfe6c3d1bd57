package contract

import (
	"fmt"
	"slices"
	"strings"

	"ledgermill/engine/sqltext"
)

// Directives prints the header of the contract, in one form for all that mean the
// same: first what holds for the feed, then each section with all that holds for it.
// With the contract's statements below, Parse reads an equal contract.
func (c *Contract) Directives() string {
	var p printer
	c.printAbout(&p)
	if c.BusinessDate != "" {
		p.line("business date", "", c.BusinessDate)
	}
	if c.Partition == Month || c.Partition == Year {
		p.line("partition", "", string(c.Partition))
	}
	switch conflict := c.KeyConflict; {
	case len(conflict.Latest) > 0:
		p.line("key conflict", "", "latest by "+strings.Join(conflict.Latest, ", "))
	case conflict.Refuse && len(c.Key) > 0 && c.BusinessDate == "":
		p.line("key conflict", "", "refuse")
	}
	if c.Control != nil {
		p.line("control", "", c.Control.String())
	}
	p.list("reject limit", "", limitTexts(c.Limits), ", ")
	p.list("private", "", c.Private, ", ")
	if len(c.Sections) > 0 {
		reads := map[string]Read{}
		for _, s := range c.Sections {
			for name, r := range s.Reads {
				reads[name] = r
			}
		}
		for _, name := range sortedKeys(reads) {
			p.line("read", name, reads[name].SQL)
		}
	}
	for _, s := range c.Sections {
		s.print(&p)
	}
	return p.b.String()
}

func (c *Contract) printAbout(p *printer) {
	said := func(name, text string) {
		if c.aboutSaid[name] {
			for line := range strings.SplitSeq(text, "\n") {
				p.line("about", name, line)
			}
		}
	}
	said("", c.About)
	for _, name := range sortedKeys(c.ColumnAbout) {
		said(name, c.ColumnAbout[name])
	}
}

type printer struct{ b strings.Builder }

func (p *printer) line(word, column, value string) {
	if column != "" {
		word += " " + column
	}
	fmt.Fprintf(&p.b, "-- %s: %s\n", word, value)
}

func (p *printer) list(word, column string, texts []string, separator string) {
	if len(texts) > 0 {
		p.line(word, column, strings.Join(texts, separator))
	}
}

func (s Section) print(p *printer) {
	p.line("objects", "", s.Objects)
	p.list("csv", "", s.CSV.options(), ", ")
	for _, name := range sortedKeys(s.Aliases) {
		p.list("alias", name, itemTexts(s.Aliases[name]), " | ")
	}
	for _, name := range sortedKeys(s.Formats) {
		f := s.Formats[name]
		texts := strings.Join(itemTexts(f.alternatives()), " | ")
		if f.Round {
			texts += ", round"
		}
		p.line("format", name, texts)
	}
	for _, name := range sortedKeys(s.Nulls) {
		p.list("null", name, itemTexts(s.Nulls[name]), " | ")
	}
	for _, name := range sortedKeys(s.Constants) {
		p.line("constant", name, itemText(s.Constants[name]))
	}
	p.list("optional", "", sortedKeys(s.Optional), ", ")
	for _, f := range []*Frame{s.First, s.Last} {
		if f != nil {
			p.line(f.Word, "", f.String())
		}
	}
}

// options are what differs from the default.
func (csv CSV) options() []string {
	var list []string
	plain := DefaultCSV()
	character := func(name, text, usual string) {
		switch {
		case text == usual:
		case text == "":
			list = append(list, name+" none")
		default:
			list = append(list, name+" "+sqltext.QuoteString(strings.ReplaceAll(text, "\t", `\t`)))
		}
	}
	character("delimiter", csv.Delimiter, plain.Delimiter)
	character("quote", csv.Quote, plain.Quote)
	character("escape", csv.Escape, csv.Quote)
	if csv.Newline == "\r" {
		list = append(list, `newline '\r'`)
	}
	if csv.Encoding != plain.Encoding {
		list = append(list, "encoding "+csv.Encoding)
	}
	switch {
	case csv.NoHeader:
		list = append(list, "header none")
	case csv.HeaderWithin != plain.HeaderWithin:
		list = append(list, fmt.Sprintf("header within %d", csv.HeaderWithin))
	}
	return list
}

// String is the value of the directive.
func (c Control) String() string {
	var list []string
	if c.Required {
		list = append(list, "required")
	}
	for _, a := range c.Aggregates {
		list = append(list, a.Func+"("+a.Column+")")
	}
	text := strings.Join(list, ", ")
	if len(c.By) > 0 {
		text += " by " + strings.Join(c.By, ", ")
	}
	return text
}

func limitTexts(limits []Limit) []string {
	var texts []string
	for _, l := range limits {
		text := fmt.Sprint(l.Count)
		if l.IsPercent {
			text = l.Percent + " %"
		}
		texts = append(texts, strings.TrimSpace(l.Reason+" "+text))
	}
	return texts
}

func itemTexts(texts []string) []string {
	quoted := make([]string, len(texts))
	for i, text := range texts {
		quoted[i] = itemText(text)
	}
	return quoted
}

// itemText quotes an item of a directive where it would be parted or trimmed else.
func itemText(text string) string {
	if text == "" || text != strings.TrimSpace(text) || strings.ContainsAny(text, `'"|()[]`) || strings.Contains(text, ", ") {
		return sqltext.QuoteString(text)
	}
	return text
}

// alternatives are the patterns or examples as written.
func (f Format) alternatives() []string {
	texts := slices.Clone(f.Patterns)
	for _, e := range f.Numbers {
		texts = append(texts, e.Text)
	}
	return texts
}
