package contract

import "strings"

// TypeError says why the type of an object's column can never be the contract's;
// the reason is `header`.
type TypeError struct {
	File   string // of the contract
	Column string
	Want   Type
	Has    string // the object's type, as the engine prints it
	remedy string
}

// Error names the column and both types.
func (e *TypeError) Error() string {
	return "column " + e.Column + " is " + strings.ToLower(e.Has) + " in the object, and " + e.Want.String() + " in the contract"
}

// Try says what would let the object pass.
func (e *TypeError) Try() string { return e.remedy }

// typeSamples are texts that values of a Parquet type have, as an engine prints them,
// chosen to be read by every column that can read any.
var typeSamples = map[string]string{
	"BOOLEAN": "true", "DATE": "2025-01-31", "TIME": "08:00:00", "UUID": "00000000-0000-0000-0000-000000000000",
	"TIMESTAMP": "2025-01-31 08:00:00", "TIMESTAMP_S": "2025-01-31 08:00:00", "TIMESTAMP_MS": "2025-01-31 08:00:00", "TIMESTAMP_NS": "2025-01-31 08:00:00",
	"TIMESTAMP WITH TIME ZONE": "2025-01-31 08:00:00", // an instant: it is written in UTC
	"INTERVAL":                 "1 day", "FLOAT": "1.0", "DOUBLE": "1.0",
	"TINYINT": "1", "SMALLINT": "1", "INTEGER": "1", "BIGINT": "1", "HUGEINT": "1",
	"UTINYINT": "1", "USMALLINT": "1", "UINTEGER": "1", "UBIGINT": "1", "UHUGEINT": "1",
}

// AcceptType judges the type of a Parquet column that fills col, as DuckDB prints it:
// DECIMAL(18,2). Values take the same path as text, so a type passes where any value
// of it could; single values that do not are rejects. But a double for an exact
// number passes only where `format` says `round`: its digits are not the sender's.
// The error is a *TypeError.
func (c *Contract) AcceptType(s Section, col Column, parquetType string) error {
	has := strings.ToUpper(strings.TrimSpace(parquetType))
	refused := &TypeError{File: c.File, Column: col.Name, Want: col.Type, Has: parquetType, remedy: "declare " + col.Name + " as the sender writes it"}
	exact := col.Type.Base == Decimal || col.Type.isWhole()
	scale, isDecimal := strings.CutPrefix(has, "DECIMAL(")
	sample, known := typeSamples[has]
	switch {
	case has == "VARCHAR" || strings.HasPrefix(has, "ENUM("):
		return nil
	case isDecimal:
		sample = "1"
		if _, digits, ok := strings.Cut(strings.TrimSuffix(scale, ")"), ","); ok && strings.TrimSpace(digits) != "0" {
			sample = "1.0"
		}
		if col.Type.isWhole() {
			refused.remedy = "write `-- format " + col.Name + ": 1.0`"
		}
	case !known:
		refused.remedy = "make " + col.Name + " with `read` out of what is nested, or have it sent as text"
		return refused
	case exact && (has == "DOUBLE" || has == "FLOAT") && !s.Formats[col.Name].Round:
		refused.remedy = "write `-- format " + col.Name + ": 1.0, round`, or have it sent as a decimal"
		return refused
	}
	if col.Type.Base == Varchar {
		return nil
	}
	if _, ok := s.Formats[col.Name].reader(col.Type)(sample); !ok {
		return refused
	}
	return nil
}
