package model

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"ledgermill/engine/sqltext"
)

// source is one SQL file, lexed.
type source struct {
	name, file, src string
	directives      []sqltext.Directive
	parameters      []sqltext.Parameter
	statements      [][]sqltext.Token // nil where the text below the header has a fault
}

// readSource lexes src; what could be read is returned beside the faults.
func readSource(file, src string, vocabulary []sqltext.DirectiveWord) (*source, sqltext.Errors) {
	s := &source{name: strings.TrimSuffix(path.Base(file), ".sql"), file: file, src: src}
	directives, faults := sqltext.Header(file, src, vocabulary)
	s.directives = directives
	tokens, err := sqltext.Lex(file, src)
	if err != nil {
		faults.Add(sqltext.Pos{File: file}, err)
		return s, faults
	}
	parameters, more := sqltext.Parameters(file, src)
	if s.parameters = parameters; len(more) == 0 {
		s.statements = sqltext.Statements(tokens)
	}
	return s, append(faults, more...)
}

// off is the byte of a place in the file.
func (s *source) off(p sqltext.Pos) int {
	at := len(s.src) - len(strings.TrimPrefix(s.src, "\ufeff"))
	for range p.Line - 1 {
		end := strings.IndexAny(s.src[at:], "\r\n")
		if end < 0 {
			return len(s.src)
		}
		if at += end + 1; strings.HasPrefix(s.src[at-1:], "\r\n") {
			at++
		}
	}
	for range p.Col - 1 {
		_, size := utf8.DecodeRuneInString(s.src[at:])
		at += size
	}
	return at
}

// start is the place of the first statement.
func (s *source) start() sqltext.Pos {
	if len(s.statements) == 0 {
		return sqltext.Pos{File: s.file, Line: 1, Col: 1}
	}
	return s.statements[0][0].Pos
}

// one is the only statement of the file, as what kind of file it is wants it.
func (s *source) one(kind string, values map[string]string) (statement, error) {
	switch len(s.statements) {
	case 0:
		return statement{}, sqltext.Errorf(s.start(), "%s is one statement, and this file has none", kind)
	case 1:
		return s.statement(s.statements[0], values)
	}
	return statement{}, &sqltext.Error{Pos: s.statements[1][0].Pos, Msg: fmt.Sprintf("%s is one statement, and this file has %d", kind, len(s.statements)),
		Remedy: "put the other one into a file of its own, or into a WITH of the first"}
}

// statement is a piece of a file with its parameters bound, which can tell where in
// the file each byte of it stands.
type statement struct {
	source *source
	text   string
	spans  []span
}

// span is text that begins at byte at of the statement and byte off of the file.
type span struct {
	at, off int
	bound   bool // a value stands there in the place of a literal
}

func (s *source) statement(tokens []sqltext.Token, values map[string]string) (statement, error) {
	st := statement{source: s}
	from, to := tokens[0].Off, tokens[len(tokens)-1].End
	var b strings.Builder
	var faults sqltext.Errors
	for _, p := range s.parameters {
		value, ok := values[p.Name]
		if !ok || p.Off < from || p.End > to {
			continue
		}
		text, err := p.Render(value)
		if err != nil {
			faults.Add(p.Pos, err)
			continue
		}
		st.spans = append(st.spans, span{at: b.Len(), off: from})
		b.WriteString(s.src[from:p.Off])
		st.spans = append(st.spans, span{at: b.Len(), off: p.Off, bound: true})
		b.WriteString(text)
		from = p.End
	}
	st.spans = append(st.spans, span{at: b.Len(), off: from})
	b.WriteString(s.src[from:to])
	st.text = b.String()
	return st, faults.Err()
}

// bound is the text of the file with the statement's parameters bound.
func (st statement) bound() string {
	first, last := st.spans[0], st.spans[len(st.spans)-1]
	return st.source.src[:first.off] + st.text + st.source.src[last.off+len(st.text)-last.at:]
}

// pos is the place in the file of byte off of the statement; of one that is not
// known, the statement's beginning.
func (st statement) pos(off int) sqltext.Pos {
	off = min(max(off, 0), len(st.text))
	in := st.spans[0]
	for _, s := range st.spans {
		if s.at <= off {
			in = s
		}
	}
	at := in.off
	if !in.bound {
		at += off - in.at
	}
	before := st.source.src[:at]
	line := strings.LastIndexByte(before, '\n') + 1
	return sqltext.Pos{File: st.source.file, Line: strings.Count(before, "\n") + 1, Col: utf8.RuneCountInString(before[line:]) + 1}
}

// fault puts what a Binder says against the statement at its place. Any other error
// is not the file's.
func (st statement) fault(err error) (*sqltext.Error, bool) {
	var bind *BindError
	if !errors.As(err, &bind) {
		return nil, false
	}
	return &sqltext.Error{Pos: st.pos(bind.Off), Msg: bind.Msg, Remedy: bind.Remedy}, true
}

// item is one piece of a directive's value.
type item struct {
	text string
	pos  sqltext.Pos
}

// items parts the value at its commas.
func items(d sqltext.Directive) []item {
	var all []item
	from := 0
	for _, text := range sqltext.Split(d.Value, ",") {
		from += max(0, strings.Index(d.Value[from:], text))
		pos := d.At
		pos.Col += utf8.RuneCountInString(d.Value[:from])
		all = append(all, item{text: text, pos: pos})
		from += len(text)
	}
	return all
}

// name is the one name that the item is.
func (i item) name() (string, *sqltext.Error) {
	if text := sqltext.Unquote(i.text); text != i.text && text != "" {
		return text, nil
	}
	if tokens, err := sqltext.Lex("", i.text); err == nil && len(tokens) == 1 && tokens[0].Name() != "" {
		return tokens[0].Name(), nil
	}
	return "", sqltext.Errorf(i.pos, "%q is not a name", i.text)
}

func names(columns []Column) []string {
	all := make([]string, len(columns))
	for i, c := range columns {
		all[i] = c.Name
	}
	return all
}

// column finds a column by name, in any case.
func column(columns []Column, name string) (Column, bool) {
	i := slices.IndexFunc(columns, func(c Column) bool { return strings.EqualFold(c.Name, name) })
	if i < 0 {
		return Column{}, false
	}
	return columns[i], true
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
