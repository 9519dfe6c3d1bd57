package contract

import (
	"slices"
	"strings"

	"ledgermill/engine/sqltext"
)

// Mask stands in a reject for the text of a private field.
const Mask = "***"

// PrivateFields are the places of the raw fields that show a private column: those
// that fill one, and those that a `read` makes one of.
func (c *Contract) PrivateFields(s Section, m Mapping) []int {
	var private []int
	for i, r := range m.Raw {
		if slices.ContainsFunc(c.Private, func(p string) bool { return r.Column == p || slices.Contains(s.Reads[p].Uses, r.Name) }) {
			private = append(private, i)
		}
	}
	return private
}

// StillMasked is the condition that a record, sent again to close a reject, has the
// mask of the reject where a private text belongs: nobody has put it back, and the mask
// would replace it. field is the SQL of a raw field; "" where no record can be so.
func (c *Contract) StillMasked(s Section, m Mapping, d Dialect, field func(i int) string) string {
	id := slices.IndexFunc(m.Raw, func(r RawColumn) bool { return r.Header == RejectColumn })
	private := c.PrivateFields(s, m)
	if id < 0 || len(private) == 0 {
		return ""
	}
	var masked []string
	for _, i := range private {
		masked = append(masked, "coalesce("+d.Trim(field(i))+" = "+sqltext.QuoteString(Mask)+", false)")
	}
	return "(coalesce(" + d.Trim(field(id)) + " <> '', false) and (" + strings.Join(masked, " or ") + "))"
}

// ShowsPrivate reports whether a field of this header text shows a private column in
// some section.
func (c *Contract) ShowsPrivate(header string) bool {
	key := headerKey(header)
	for _, s := range c.Sections {
		for _, p := range c.Private {
			for _, name := range append([]string{p}, s.Reads[p].Uses...) {
				if slices.ContainsFunc(append([]string{name}, s.Aliases[name]...), func(n string) bool { return headerKey(n) == key }) {
					return true
				}
			}
		}
	}
	return false
}
