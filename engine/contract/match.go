package contract

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"ledgermill/engine/sqltext"
)

// From says where a column of an object comes from.
type From uint8

// The sources of a column.
const (
	FromRaw      From = iota + 1 // a field of the record
	FromRead                     // a `read` expression over fields
	FromConstant                 // `constant`
	FromKey                      // a <column> of the objects pattern
	FromAbsent                   // optional, and the header lacks it: DEFAULT or null
	FromObject                   // _object
	FromRecord                   // _record
	FromFrame                    // `first record`: its text is in the fills
)

// Mapping is how the header of one object meets a contract.
type Mapping struct {
	Raw     []RawColumn     // the object's fields, in order
	From    map[string]From // by contract column
	Unknown []string        // header texts that nothing takes: a warning
}

// RawColumn is one field of an object's records.
type RawColumn struct {
	Header string // as the object writes it
	Name   string // how SQL calls it: the contract's column, what a `read` calls it, or the header; unique whatever the case
	Column string // the contract's column that it fills, or ""
}

func (m Mapping) rawName(column string) string {
	i := slices.IndexFunc(m.Raw, func(r RawColumn) bool { return r.Column == column })
	if i < 0 {
		return column
	}
	return m.Raw[i].Name
}

// MaxFields is how many fields a record may have: a table of PostgreSQL has no more
// columns, and an engine's memory grows with them, read or not.
const MaxFields = 1_600

// headerKey is what two names are compared by: NFKC, lower case, without space, _,
// - and . in them.
func headerKey(name string) string {
	name = strings.ToLower(norm.NFKC.String(strings.TrimPrefix(name, "\ufeff")))
	return strings.Map(func(r rune) rune {
		switch r {
		case ' ', '\t', '_', '-', '.':
			return -1
		}
		return r
	}, norm.NFKC.String(name))
}

// Fields are the columns that are read from fields or made by no other means: what
// an object with `header none` holds, in this order.
func (c *Contract) Fields(s Section) []string {
	var names []string
	for _, col := range c.Columns {
		if _, read := s.Reads[col.Name]; !read && c.from(s, col.Name) == 0 {
			names = append(names, col.Name)
		}
	}
	return names
}

// from is the source of a column that no header decides, or 0.
func (c *Contract) from(s Section, name string) From {
	_, constant := s.Constants[name]
	switch {
	case name == ObjectColumn:
		return FromObject
	case name == RecordColumn:
		return FromRecord
	case constant:
		return FromConstant
	case slices.Contains(s.Pattern.Columns, name):
		return FromKey
	case s.frameFills(name):
		return FromFrame
	}
	return 0
}

// Match meets the header of an object, or the names of its fields, with the contract;
// with `header none` the header is nil. A header that lacks a column, or has more than
// MaxFields, is a *HeaderError.
func (c *Contract) Match(s Section, header []string) (Mapping, error) {
	if s.CSV.NoHeader && header == nil {
		header = c.Fields(s)
	}
	if len(header) > MaxFields {
		return Mapping{}, &HeaderError{Contract: c.Name, File: c.File, Fields: len(header)}
	}
	m := c.meet(s, header)
	if len(m.fault.Missing)+len(m.fault.Ambiguous) > 0 {
		return Mapping{}, m.fault
	}
	return m.mapping(), nil
}

// meet is Match with what is missing or ambiguous still in it.
func (c *Contract) meet(s Section, header []string) *matcher {
	m := &matcher{contract: c, section: s, header: header, keys: make([]string, len(header)), taken: make([]string, len(header)),
		names: make([]string, len(header)), from: map[string]From{}, fault: &HeaderError{Contract: c.Name, File: c.File}}
	for i, text := range header {
		m.keys[i] = headerKey(text)
	}
	m.columns()
	m.reads()
	m.nearest()
	return m
}

// FindHeader looks for the header among an object's first records, of which
// `header within` allows some: the first that has all that the contract needs. Where
// none has, the error is that of the record which lacks least.
func (c *Contract) FindHeader(s Section, records [][]string) (at int, m Mapping, err error) {
	nearest := &HeaderError{Contract: c.Name, File: c.File}
	for i, record := range records[:min(len(records), s.CSV.HeaderWithin)] {
		m, err := c.Match(s, record)
		var refused *HeaderError
		switch {
		case err == nil:
			return i, m, nil
		case !errors.As(err, &refused):
			return 0, m, err
		case i == 0 || refused.lacks() < nearest.lacks():
			nearest = refused
		}
	}
	return 0, m, nearest
}

type matcher struct {
	contract *Contract
	section  Section
	header   []string
	keys     []string // by field
	taken    []string // by field: the contract's column
	names    []string // by field: what SQL calls it
	from     map[string]From
	absent   []string // columns that a `read` must make, or that are missing
	fault    *HeaderError
}

// columns finds each contract column's field.
func (m *matcher) columns() {
	for _, name := range m.contract.Names() {
		if from := m.contract.from(m.section, name); from != 0 {
			m.from[name] = from
			continue
		}
		hits := m.hits(append([]string{name}, m.section.Aliases[name]...))
		if len(hits) == 0 {
			m.absent = append(m.absent, name)
			continue
		}
		if len(hits) > 1 {
			m.ambiguous(name, hits)
			continue
		}
		m.taken[hits[0]], m.names[hits[0]] = name, name
		m.from[name] = FromRaw
		if slices.Contains(m.section.Reads[name].Uses, name) {
			m.from[name] = FromRead
		}
	}
}

func (m *matcher) hits(names []string) []int {
	var hits []int
	for i, key := range m.keys {
		if slices.ContainsFunc(names, func(n string) bool { return headerKey(n) == key }) {
			hits = append(hits, i)
		}
	}
	return hits
}

func (m *matcher) ambiguous(name string, hits []int) {
	a := Ambiguous{Column: name}
	for _, i := range hits {
		a.Headers = append(a.Headers, m.header[i])
		m.taken[i] = name
	}
	m.fault.Ambiguous = append(m.fault.Ambiguous, a)
}

// reads makes the absent columns where a `read` can, and finds the fields that it
// names by their header text.
func (m *matcher) reads() {
	for _, name := range m.absent {
		read, ok := m.section.Reads[name]
		missing := []Missing{{Column: name}}
		if ok {
			missing = m.uses(name, read)
		}
		switch {
		case len(missing) == 0:
			m.from[name] = FromRead
		case m.section.Optional[name]:
			m.from[name] = FromAbsent
		default:
			m.fault.Missing = append(m.fault.Missing, missing...)
		}
	}
	for _, name := range m.contract.Names() {
		if m.from[name] == FromRead && !slices.Contains(m.absent, name) {
			m.fault.Missing = append(m.fault.Missing, m.uses(name, m.section.Reads[name])...)
		}
	}
}

// uses names the fields that a read uses and returns those that are not there.
func (m *matcher) uses(name string, read Read) []Missing {
	var missing []Missing
	for _, use := range read.Uses {
		if slices.Contains(m.taken, use) {
			continue
		}
		hits := m.hits([]string{use})
		_, isColumn := m.contract.Column(use)
		if isColumn && slices.Contains(m.absent, use) && !m.section.Optional[use] && use != name {
			continue // said already
		}
		if isColumn || len(hits) == 0 {
			missing = append(missing, Missing{Column: use, For: name})
			continue
		}
		if len(hits) > 1 {
			m.ambiguous(use, hits)
			continue
		}
		m.names[hits[0]] = use
	}
	return missing
}

// nearest looks for the header text that a missing column probably is.
func (m *matcher) nearest() {
	var free []string
	for i, text := range m.header {
		if m.taken[i] == "" && m.names[i] == "" {
			free = append(free, text)
		}
	}
	for i := range m.fault.Missing {
		m.fault.Missing[i].Near = sqltext.Nearest(m.fault.Missing[i].Column, free)
	}
}

func (m *matcher) mapping() Mapping {
	result := Mapping{From: m.from}
	used := map[string]bool{}
	for _, name := range m.names {
		used[strings.ToLower(name)] = true
	}
	for _, name := range m.contract.Names() {
		used[name] = true
	}
	for i, text := range m.header {
		name := m.names[i]
		if name == "" {
			if !strings.HasPrefix(text, "_reject_") { // of exported rejects, fixed by hand
				result.Unknown = append(result.Unknown, text)
			}
			name = unusedName(text, i, used)
		}
		result.Raw = append(result.Raw, RawColumn{Header: text, Name: name, Column: m.taken[i]})
	}
	return result
}

// engineNames begins the names that engines give to columns of their own beside the
// raw ones. No sender's header text may pass for one.
const engineNames = "\x1f"

// unusedName is the header text, told apart from those that are there already.
func unusedName(text string, i int, used map[string]bool) string {
	if text == "" || strings.HasPrefix(text, engineNames) {
		text = fmt.Sprintf("field %d", i+1)
	}
	name := text
	for n := 2; used[strings.ToLower(name)]; n++ {
		name = fmt.Sprintf("%s %d", text, n)
	}
	used[strings.ToLower(name)] = true
	return name
}
