package contract

// Dialect is how an engine spells what SQL has no common word for. Arguments and
// results are SQL expressions. Patterns are regular expressions that RE2 and Java
// read alike, and the whole text must match; a template refers to a group as \1.
type Dialect interface {
	FullMatch(x, pattern string) string           // boolean: x matches
	Extract(x, pattern string, group int) string  // varchar: the group's text, '' where it took no part
	Replace(x, pattern, template string) string   // varchar: the template filled from x, which matches
	TryCast(x string, t Type) string              // t, null where the cast fails
	Try(x string) string                          // x, null where it raises
	Trim(x string) string                         // varchar: x without spaces and tabs at its ends
	AddMinutes(stamp, minutes string) string      // timestamp, later by an integer
	Fast(raw string, t Type, plain string) string // an expression equal to plain, the strict reading of raw as t without a format; or plain itself
}
