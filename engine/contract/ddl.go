package contract

import (
	"regexp"
	"slices"
	"strings"

	"ledgermill/engine/sqltext"
)

// ddl is what the lexer sees of a contract's statements: what DuckDB forgets (names
// and source texts) and what it does not tell apart.
type ddl struct {
	create   []sqltext.Token   // of the CREATE TABLE
	comments [][]sqltext.Token // of the COMMENT ON statements
	name     string
	columns  []ddlColumn
	checks   []Check
}

type ddlColumn struct {
	name string
	typ  []sqltext.Token
	def  string // source text of DEFAULT
	pos  sqltext.Pos
}

type ddlReader struct {
	src    string
	ddl    ddl
	faults sqltext.Errors
}

// readDDL cuts the statements apart; ok is false where what follows from them would
// only repeat a fault.
func readDDL(file, src, name string) (ddl, sqltext.Errors) {
	tokens, err := sqltext.Lex(file, src)
	if err != nil {
		var faults sqltext.Errors
		faults.Add(sqltext.Pos{File: file}, err)
		return ddl{}, faults
	}
	r := ddlReader{src: src}
	statements := sqltext.Statements(tokens)
	if len(statements) == 0 {
		return ddl{}, sqltext.Errors{&sqltext.Error{Pos: sqltext.Pos{File: file}, Msg: "no CREATE TABLE", Remedy: "write `create or replace table " + name + " (...);`"}}
	}
	for i, s := range statements {
		switch {
		case i == 0:
			r.createTable(s, name)
		case s[0].Is("comment"):
			r.ddl.comments = append(r.ddl.comments, s)
		default:
			r.faultAt(s[0].Pos, "a contract is one CREATE TABLE and COMMENT ON statements; this is another",
				"put models into sql/models and migrations into sql/warehouse; macros are written out in place")
		}
	}
	return r.ddl, r.faults
}

func (r *ddlReader) faultAt(pos sqltext.Pos, msg, remedy string) {
	r.faults = append(r.faults, &sqltext.Error{Pos: pos, Msg: msg, Remedy: remedy})
}

// createTable reads `create [or replace] table name ( ... )`.
func (r *ddlReader) createTable(s []sqltext.Token, name string) {
	rest := s
	for _, word := range []string{"create", "or", "replace", "table"} {
		if len(rest) > 0 && rest[0].Is(word) {
			rest = rest[1:]
		} else if word == "create" || word == "table" || word == "replace" && len(rest) < len(s)-1 {
			r.faultAt(s[0].Pos, "a contract begins with CREATE TABLE", "write `create or replace table "+name+" (...);`")
			return
		}
	}
	if len(rest) < 3 || rest[0].Name() == "" || !rest[1].Is("(") || closing(rest[1:]) != len(rest)-2 {
		r.faultAt(s[0].Pos, "a contract is `create or replace table "+name+" (...)` and nothing round it", "")
		return
	}
	if got := rest[0].Name(); got != name {
		r.faultAt(rest[0].Pos, "the table is called "+got+" and its file "+name+".sql", "give both one name")
	}
	r.ddl.create, r.ddl.name = s, rest[0].Name()
	for _, item := range splitTokens(rest[2 : len(rest)-1]) {
		r.item(item)
	}
}

// depth is +1 for an opening bracket, -1 for a closing one.
func depth(t sqltext.Token) int {
	switch {
	case t.Is("(") || t.Is("[") || t.Is("{"):
		return 1
	case t.Is(")") || t.Is("]") || t.Is("}"):
		return -1
	}
	return 0
}

// closing is the place of the bracket that closes the first token, or -1.
func closing(tokens []sqltext.Token) int {
	open := 0
	for i, t := range tokens {
		if open += depth(t); open == 0 {
			return i
		}
	}
	return -1
}

// splitTokens parts tokens at the commas outside brackets.
func splitTokens(tokens []sqltext.Token) [][]sqltext.Token {
	var items [][]sqltext.Token
	from, open := 0, 0
	for i, t := range tokens {
		open += depth(t)
		if open == 0 && t.Is(",") {
			items = append(items, tokens[from:i])
			from = i + 1
		}
	}
	return append(items, tokens[from:])
}

var tableConstraints = []string{"constraint", "check", "primary", "unique", "foreign"}

// item is a column or a constraint of the table.
func (r *ddlReader) item(item []sqltext.Token) {
	if len(item) == 0 {
		return // DuckDB says where
	}
	if slices.ContainsFunc(tableConstraints, item[0].Is) {
		r.constraints(item, nil)
		return
	}
	col := ddlColumn{name: item[0].Name(), pos: item[0].Pos}
	item = item[1:]
	n := 0
	for n < len(item) && !endsExpression(item[n]) && !item[n].Is("default") {
		n = skip(item, n)
	}
	col.typ = item[:n]
	r.constraints(item[n:], &col)
	r.ddl.columns = append(r.ddl.columns, col)
}

// skip is the place behind the token at i, or behind the brackets that it opens.
func skip(tokens []sqltext.Token, i int) int {
	if depth(tokens[i]) > 0 {
		if end := closing(tokens[i:]); end > 0 {
			return i + end + 1
		}
	}
	return i + 1
}

// endsExpression reports whether a DEFAULT's expression or a type ends before t.
func endsExpression(t sqltext.Token) bool {
	return slices.ContainsFunc([]string{"constraint", "not", "null", "check", "primary", "unique", "references", "foreign", "collate", "generated", "as", "default"}, t.Is)
}

// constraints reads what stands behind a column's type, or a table's constraint.
func (r *ddlReader) constraints(tokens []sqltext.Token, col *ddlColumn) {
	var name sqltext.Token
	for i := 0; i < len(tokens); {
		t := tokens[i]
		switch {
		case t.Is("constraint") && i+1 < len(tokens):
			name = tokens[i+1]
			i += 2
			continue
		case t.Is("check") && i+1 < len(tokens) && tokens[i+1].Is("("):
			end := skip(tokens, i+1)
			r.check(t, name, tokens[i+2:end-1])
			i = end
		case t.Is("default") && col != nil:
			end := defaultEnd(tokens, i+1)
			col.def = sqltext.Source(r.src, tokens[i+1:end])
			i = end
		case t.Is("unique"):
			r.faultAt(t.Pos, "UNIQUE is not read", "write `-- test: unique ...` in a model; what identifies a record is its PRIMARY KEY")
			i++
		case t.Is("references") || t.Is("foreign"):
			r.faultAt(t.Pos, "FOREIGN KEY is not read: feeds arrive one by one", "write `-- test: <column> in <dataset>.<column>` in a model")
			i = len(tokens)
		case t.Is("collate"):
			r.faultAt(t.Pos, "COLLATE is not read: engines sort and compare differently by it", "fold text in a model, by lower(...)")
			i += 2
		case col != nil && (t.Is("generated") || t.Is("as")):
			r.faultAt(t.Pos, "generated columns are not read", "write `-- read "+col.name+": <expression over the raw columns>`")
			i = len(tokens)
		default:
			i = skip(tokens, i)
		}
		name = sqltext.Token{}
	}
}

// defaultEnd is where the expression that begins at i ends. Its first token is part
// of it whatever it is: default null.
func defaultEnd(tokens []sqltext.Token, i int) int {
	cases := 0
	for first := true; i < len(tokens); first = false {
		t := tokens[i]
		switch {
		case t.Is("case"):
			cases++
		case t.Is("end") && cases > 0:
			cases--
		case !first && cases == 0 && endsExpression(t):
			return i
		}
		i = skip(tokens, i)
	}
	return len(tokens)
}

var reasonName = regexp.MustCompile(`\A[a-z][a-z0-9_]*\z`)

func (r *ddlReader) check(at, name sqltext.Token, text []sqltext.Token) {
	check := Check{Name: name.Name(), Text: sqltext.Source(r.src, text), Pos: at.Pos}
	if len(text) > 0 {
		check.Off = text[0].Off
	}
	if name.Kind == 0 {
		r.faultAt(at.Pos, "CHECK without a name: its name is the reason of the records that it refuses",
			"write `constraint <name> check ("+strings.TrimSpace(check.Text)+")`")
		r.ddl.checks = append(r.ddl.checks, check)
		return
	}
	check.Pos = name.Pos
	same := slices.ContainsFunc(r.ddl.checks, func(c Check) bool { return c.Name == check.Name })
	switch {
	case !reasonName.MatchString(check.Name) || name.Kind == sqltext.QuotedName && name.Name() != strings.ToLower(name.Name()):
		r.faultAt(name.Pos, "the name of a CHECK is a reason: a lower-case letter, then lower-case letters, digits and _", "")
	case same:
		r.faultAt(name.Pos, "a second CHECK is called "+check.Name, "give each its own name: it is the reason of the records that it refuses")
	}
	r.ddl.checks = append(r.ddl.checks, check)
}
