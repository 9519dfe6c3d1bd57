package contract

import "fmt"

// Type is one of the types that a contract may use.
type Type struct {
	Base      string // boolean smallint integer bigint decimal double varchar date timestamp
	Precision int    // of a decimal, 1 to 38
	Scale     int    // of a decimal
}

// The bases of types.
const (
	Boolean   = "boolean"
	Smallint  = "smallint"
	Integer   = "integer"
	Bigint    = "bigint"
	Decimal   = "decimal"
	Double    = "double"
	Varchar   = "varchar"
	Date      = "date"
	Timestamp = "timestamp"
)

// String is the type as SQL writes it: decimal(18, 2).
func (t Type) String() string {
	if t.Base == Decimal {
		return fmt.Sprintf("decimal(%d, %d)", t.Precision, t.Scale)
	}
	return t.Base
}
