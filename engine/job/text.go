package job

import "strconv"

// Text is a Parquet file that holds the records of objects as the text they were
// sent in, for an engine that reads no raw objects itself. A field of
// Object.Mapping.Raw is a column TextField(i); beside them stand
//
//	_n        the record's number, where the objects are numbered
//	_o        the object's place
//	_unsound  the record holds what is no text
//	_closes   the id of the reject that the record was fixed of; null: of none
//
// and for a contract's i-th column that is made by a `read`, whose casts are the
// reading engine's, ReadField(i), its value or null, EmptyField(i), whether there was no
// text, and RoundedField(i), whether digits were dropped.
type Text struct {
	Path   string
	Object Object // one of them: the others have its section, mapping and fills
	Places []int  // of the objects
}

// TextField is the column of the i-th raw field.
func TextField(i int) string { return "_f" + strconv.Itoa(i) }

// ReadField is the value of the contract's i-th column, made by a `read`.
func ReadField(i int) string { return "_read" + strconv.Itoa(i) }

// EmptyField tells whether the contract's i-th column has no text to be made of.
func EmptyField(i int) string { return "_empty" + strconv.Itoa(i) }

// RoundedField tells whether the `read` of the contract's i-th column dropped digits.
func RoundedField(i int) string { return "_rounded" + strconv.Itoa(i) }

// Refused are rejected records as an engine wrote them: the contract's columns, _o,
// _reasons, and _fields, the raw fields as a list; null where nothing was wrong with
// the record by itself.
type Refused struct {
	Unit    Unit // ledger.NoDate: those without a business date of the object at Place
	Place   int
	Files   []string
	Objects []Object // by place
	Texts   []Text   // that the records were read from
	Path    string   // of the file to write
}
