package contract

import (
	"errors"
	"fmt"
	"slices"
)

// Corrected finds the section that takes a CSV of corrected records, with this header
// and a quote inside quotes doubled: that of the objects that they were sent in, by
// their keys, where it does. The error says why none does, with a remedy.
func (c *Contract) Corrected(keys, header []string) (s Section, err error) {
	var order []int
	for _, key := range keys {
		if i, _, ok := c.SectionOf(key); ok && !slices.Contains(order, i) {
			order = append(order, i)
		}
	}
	for i := range c.Sections {
		if !slices.Contains(order, i) {
			order = append(order, i)
		}
	}
	var first error
	for _, i := range order {
		why := c.takes(c.Sections[i], header)
		if why == nil {
			return c.Sections[i], nil
		}
		if first == nil {
			first = &CorrectedError{Contract: c.Name, File: c.File, Objects: c.Sections[i].Objects, Err: why}
		}
	}
	return Section{}, first
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

// CorrectedError says that no section of a contract takes a CSV of corrected records.
type CorrectedError struct {
	Contract, File string
	Objects        string // the pattern of the section that Err is about
	Err            error
}

func (e *CorrectedError) Error() string {
	return fmt.Sprintf("no objects of %s take this CSV; of `objects: %s`: %v", e.Contract, e.Objects, e.Err)
}

// Unwrap returns why.
func (e *CorrectedError) Unwrap() error { return e.Err }

// Try says what takes it.
func (e *CorrectedError) Try() string {
	var header *HeaderError
	if errors.As(e.Err, &header) && len(header.Ambiguous) > 0 {
		return "--object KEY or --reason CODE: records with different headers do not go into one object"
	}
	return "give corrected objects a section of their own in " + e.File + ", such as `objects: corrected/*.csv` (docs/contracts.md, Corrected records)"
}
