package contract

import (
	"errors"
	"fmt"
	"slices"
)

// Corrected finds the section that takes a CSV of corrected records, with this header
// and a quote inside quotes doubled: that of the objects that they were sent in, by
// their keys, where it does, or one that reads every column as it does. Another sender's
// may take the same header and book other values. The error says why none does, with a
// remedy.
func (c *Contract) Corrected(keys, header []string) (s Section, err error) {
	origins, stranger := c.origins(keys)
	alike := origins
	if stranger != "" { // any of them may have read it
		alike = order(origins, len(c.Sections))
	}
	for _, i := range alike {
		if why := c.unlike(c.Sections[i], c.Sections[alike[0]], header); why != nil {
			return Section{}, &CorrectedError{Contract: c.Name, File: c.File, Why: []SectionError{{c.Sections[i].Objects, why}}, Mixed: true, Stranger: stranger}
		}
	}
	refused := &CorrectedError{Contract: c.Name, File: c.File}
	for _, i := range order(origins, len(c.Sections)) {
		why := c.takes(c.Sections[i], header)
		misreads := why == nil && len(alike) > 0
		if misreads {
			why = c.unlike(c.Sections[i], c.Sections[alike[0]], header)
		}
		if why == nil {
			return c.Sections[i], nil
		}
		if misreads || len(refused.Why) == 0 {
			refused.Why = append(refused.Why, SectionError{c.Sections[i].Objects, why})
		}
	}
	return Section{}, refused
}

// origins are the sections that objects are of, by their keys, and a key that is of none.
func (c *Contract) origins(keys []string) (origins []int, stranger string) {
	for _, key := range keys {
		i, _, ok := c.SectionOf(key)
		switch {
		case !ok:
			stranger = key
		case !slices.Contains(origins, i):
			origins = append(origins, i)
		}
	}
	return origins, stranger
}

// order is the first ones, and then what of 0 to n-1 is not among them.
func order(first []int, n int) []int {
	all := slices.Clone(first)
	for i := range n {
		if !slices.Contains(first, i) {
			all = append(all, i)
		}
	}
	return all
}

// takes is nil where objects of the section can be such a CSV.
func (c *Contract) takes(s Section, header []string) error {
	switch {
	case !s.Pattern.is("csv"):
		return errors.New("they are no text")
	case s.First != nil:
		return errors.New("they have a first record")
	case s.Last != nil:
		return errors.New("they have a last record")
	case s.CSV.NoHeader:
		return errors.New("they have no header, and so no _reject_id")
	case s.CSV.Delimiter == "" || s.CSV.Quote == "" || s.CSV.Escape != s.CSV.Quote:
		return errors.New("a text that holds the delimiter cannot be quoted in them")
	case s.CSV.Newline != "" || s.CSV.Encoding != "utf-8":
		return errors.New("they are not UTF-8 of lines")
	}
	_, err := c.Match(s, header)
	return err
}

// unlike names the first column that a section does not read from this header as another
// does; nil where there is none.
func (c *Contract) unlike(s, other Section, header []string) error {
	one, two := c.meet(s, header), c.meet(other, header)
	for _, name := range c.Names() {
		if !slices.Equal(one.told(name), two.told(name)) {
			return fmt.Errorf("they do not read %s as `objects: %s` do", name, other.Objects)
		}
	}
	return nil
}

// told is all that decides which value a column has. A column that the header lacks has
// none, whether or not the section refuses the header for it: JSON records need not all
// have every field.
func (m *matcher) told(name string) []string {
	s, told := m.section, []string{}
	for i, taken := range m.taken {
		if taken == name {
			told = append(told, fmt.Sprint("field ", i))
		}
	}
	from, read := m.from[name], s.Reads[name]
	switch from {
	case FromConstant:
		return []string{"constant", s.Constants[name]}
	case FromKey, FromFrame:
		return []string{"not of the record"}
	case FromRead:
		told = append(told, "read") // the expression is of the whole feed
		for _, use := range read.Uses {
			told = append(told, fmt.Sprint("field ", slices.Index(m.names, use)))
		}
	}
	if from == FromRaw || from == FromRead && read.Text {
		nulls := s.nullTexts(name)
		slices.Sort(nulls)
		told = append(append(told, "null"), slices.Compact(nulls)...)
		told = append(append(told, "format"), s.Formats[name].texts()...)
	}
	return told
}

// SectionError says why objects of a section are no place for a CSV.
type SectionError struct {
	Objects string // the section's pattern
	Err     error
}

// CorrectedError says that no section of a contract takes a CSV of corrected records.
type CorrectedError struct {
	Contract, File string
	Why            []SectionError // of the section that they came from, and of each that would read them with other values
	Mixed          bool           // they came from sections that read them differently, or may have
	Stranger       string         // the key of an object that is of no section any more
}

func (e *CorrectedError) Error() string {
	text := "no objects of " + e.Contract + " take this CSV"
	for _, why := range e.Why {
		text += fmt.Sprintf("; of `objects: %s`: %v", why.Objects, why.Err)
	}
	return text
}

// Unwrap returns why.
func (e *CorrectedError) Unwrap() []error {
	var all []error
	for _, why := range e.Why {
		all = append(all, why.Err)
	}
	return all
}

// Try says what takes it.
func (e *CorrectedError) Try() string {
	var header *HeaderError
	switch {
	case e.Stranger != "":
		return "give the section in " + e.File + " that has read " + e.Stranger + " a pattern that it matches: no `objects` does"
	case e.Mixed:
		return "--object KEY: records that are read differently do not go into one object"
	case errors.As(e, &header) && len(header.Ambiguous) > 0:
		return "--object KEY or --reason CODE: records with different headers do not go into one object"
	}
	return "give corrected objects a section of their own in " + e.File + ", such as `objects: corrected/*.csv` (docs/contracts.md, Corrected records)"
}
