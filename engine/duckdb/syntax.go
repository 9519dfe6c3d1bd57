package duckdb

import (
	"slices"
	"strings"

	"ledgermill/engine/sqltext"
)

// syntax explains a statement that DuckDB cannot parse, by the words round the place
// where it gave up.
func (d *diagnosis) syntax() {
	at := len(d.code) // the end
	for i, t := range d.code {
		if t.Off >= d.Off && d.Off >= 0 {
			at = i
			break
		}
	}
	for _, explain := range []func(at int) bool{d.brackets, d.caseEnd, d.commas, d.halfWords, d.operators, d.keyword, d.withList, d.castAs, d.joinOn, d.ends, d.fromBehind, d.missingComma} {
		if explain(at) {
			return
		}
	}
	if at == len(d.code) {
		d.Msg = "the statement ends too early"
	}
}

func (d *diagnosis) token(i int) sqltext.Token {
	if i < 0 || i >= len(d.code) {
		return sqltext.Token{}
	}
	return d.code[i]
}

// brackets finds one that is never closed, or closes nothing.
func (d *diagnosis) brackets(int) bool {
	var open []sqltext.Token
	for _, t := range d.code {
		switch {
		case t.Is("("):
			open = append(open, t)
		case t.Is(")") && len(open) == 0:
			d.say(t, "take it away, or open it before", "`)` without a `(` before it")
			return true
		case t.Is(")"):
			open = open[:len(open)-1]
		}
	}
	if len(open) == 0 {
		return false
	}
	last := open[len(open)-1]
	d.say(last, "close it", "`(` without a `)`")
	return true
}

// caseEnd finds a CASE without END.
func (d *diagnosis) caseEnd(int) bool {
	var open []sqltext.Token
	for _, t := range d.code {
		switch {
		case t.Is("case"):
			open = append(open, t)
		case t.Is("end") && len(open) > 0:
			open = open[:len(open)-1]
		}
	}
	if len(open) == 0 {
		return false
	}
	d.say(open[len(open)-1], "write `case when ... then ... else ... end`", "CASE without END")
	return true
}

// clauses are words that end what stands before them.
func isClause(t sqltext.Token) bool {
	return t.Text == "" || t.Is(")") || slices.ContainsFunc([]string{"from", "where", "group", "order", "having", "limit", "union", "except", "intersect", "qualify", "window"}, t.Is)
}

func (d *diagnosis) commas(at int) bool {
	t, before := d.token(at), d.token(at-1)
	switch {
	case t.Is(",") && before.Is(","):
		d.say(t, "take one away", "two commas, with nothing between them")
	case t.Is(",") && (before.Is("select") || before.Is("(") || before.Is("by")):
		d.say(t, "take it away", "a comma with nothing before it")
	case before.Is(",") && isClause(t):
		d.say(before, "take it away", "a comma too many: nothing follows it%s", butFor(t))
	case t.Is(",") && isClause(before):
		d.say(t, "take it away", "a comma behind %s", strings.ToUpper(before.Text))
	default:
		return false
	}
	return true
}

func butFor(t sqltext.Token) string {
	if t.Kind == sqltext.Word {
		return " but " + strings.ToUpper(t.Text)
	}
	return ""
}

// halfWords are the first halves of keywords of two.
func (d *diagnosis) halfWords(at int) bool {
	before, t := d.token(at-1), d.token(at)
	switch {
	case (before.Is("group") || before.Is("order") || before.Is("partition")) && !t.Is("by"):
		d.say(before, "write "+strings.ToUpper(before.Text)+" BY", "%s without BY", strings.ToUpper(before.Text))
	case (before.Is("left") || before.Is("right") || before.Is("full") || before.Is("inner") || before.Is("outer") || before.Is("cross")) && t.Name() != "":
		d.say(before, "write "+strings.ToUpper(before.Text)+" JOIN", "%s without JOIN", strings.ToUpper(before.Text))
	case t.Is("into") && before.Is("insert"):
		d.say(before, "write one SELECT", "INSERT is no SELECT")
	case t.Is("into"):
		d.say(t, "take INTO away: where the rows go is not the statement's business", "SELECT INTO is another dialect's")
	case before.Is("top") && t.Kind == sqltext.Number:
		d.say(before, "put `order by ... limit "+t.Text+"` at the end", "TOP is another dialect's word")
	case before.Is("is") && t.Kind != sqltext.Punct && t.Text != "" && !t.Is("null") && !t.Is("not"):
		d.say(before, "write `is null`, `is not null` or `=`", "IS without NULL")
	default:
		return false
	}
	return true
}

// operators finds two of them in a row.
func (d *diagnosis) operators(at int) bool {
	t, before := d.token(at), d.token(at-1)
	operator := func(t sqltext.Token) bool {
		return slices.ContainsFunc([]string{"=", "<", ">", "<=", ">=", "<>", "!=", "+", "/", "%", "and", "or"}, t.Is)
	}
	if !operator(t) || !operator(before) {
		return false
	}
	d.say(t, "", "%s right behind %s: a value is missing between them", t.Text, before.Text)
	return true
}

var keywords = []string{"select", "from", "where", "group", "order", "having", "limit", "join", "left", "inner", "union", "distinct", "between", "case", "when", "then", "else",
	"partition", "qualify", "over", "exists", "using", "with", "values"}

// keyword finds a word that was meant to be a keyword: the one that DuckDB stumbled
// over, or the one before, which it took for an alias.
func (d *diagnosis) keyword(at int) bool {
	for _, t := range []sqltext.Token{d.token(at), d.token(at - 1), d.token(at - 2)} {
		if t.Kind != sqltext.Word || len(t.Text) < 3 || slices.ContainsFunc(keywords, t.Is) {
			continue
		}
		near := sqltext.Nearest(t.Text, keywords)
		if near == "" || !misspelt(strings.ToLower(t.Text), near) {
			continue
		}
		d.say(t, "", "syntax error at %q, did you mean %q?", t.Text, near)
		return true
	}
	return false
}

// misspelt reports whether a word has the letters of another but for one.
func misspelt(word, meant string) bool {
	rest := []byte(meant)
	strange := 0
	for i := range len(word) {
		if at := slices.Index(rest, word[i]); at >= 0 {
			rest = slices.Delete(rest, at, at+1)
		} else {
			strange++
		}
	}
	return word[0] == meant[0] && strange+len(rest) <= 1
}

// withList finds what is missing between common table expressions.
func (d *diagnosis) withList(at int) bool {
	t, before, next := d.token(at), d.token(at-1), d.token(at+1)
	switch {
	case before.Is(")") && t.Name() != "" && next.Is("as") && d.token(at+2).Is("("):
		d.say(t, "", "a comma is missing before %s: common table expressions are parted by commas", t.Text)
	case before.Is("(") && t.Is("select") && d.token(at-2).Name() != "" && (d.token(at-3).Is("with") || d.token(at-3).Is(",")):
		d.say(before, "write `"+d.token(at-2).Text+" as (`", "AS is missing before `(`")
	case t.Is("(") && before.Name() != "" && d.token(at-2).Is("with"):
		d.say(t, "write `"+before.Text+" as (`", "AS is missing before `(`")
	default:
		return false
	}
	return true
}

// castAs finds a CAST whose type has no AS before it.
func (d *diagnosis) castAs(at int) bool {
	depth := 0
	for i := at - 1; i > 0; i-- {
		t := d.code[i]
		switch {
		case t.Is(")"):
			depth++
		case t.Is("(") && depth > 0:
			depth--
		case t.Is("as") && depth == 0:
			return false
		case t.Is("("):
			if cast := d.code[i-1]; cast.Is("cast") || cast.Is("try_cast") {
				d.say(cast, "write "+strings.ToLower(cast.Text)+"(value as type)", "%s without AS", strings.ToUpper(cast.Text))
				return true
			}
			return false
		}
	}
	return false
}

// joinOn finds a JOIN that does not say which rows belong together.
func (d *diagnosis) joinOn(at int) bool {
	if !isClause(d.token(at)) && !d.token(at).Is("join") {
		return false
	}
	depth := 0
	for i := at - 1; i >= 0; i-- {
		t := d.code[i]
		switch {
		case t.Is(")"):
			depth++
		case t.Is("("):
			if depth--; depth < 0 {
				return false
			}
		case depth > 0:
		case t.Is("on"), t.Is("using"), t.Is("cross"), t.Is("natural"), t.Is("where"), t.Is("from"):
			return false
		case t.Is("join"):
			if before := d.token(i - 1); before.Is("cross") || before.Is("natural") {
				return false
			}
			d.say(t, "write `on a.key = b.key` or `using (key)` behind the table", "JOIN without ON or USING: it does not say which rows belong together")
			return true
		}
	}
	return false
}

// ends finds a clause that nothing follows.
func (d *diagnosis) ends(at int) bool {
	t, before := d.token(at), d.token(at-1)
	if !isClause(t) || !slices.ContainsFunc([]string{"select", "from", "where", "by", "having", "limit", "on", "and", "or", "not", "=", "then", "else", "when", "join", "as", "in", "union", "all"}, before.Is) {
		return false
	}
	d.say(before, "", "nothing follows %s%s", strings.ToUpper(before.Text), butFor(t))
	return true
}

// fromBehind finds a WHERE that stands before its FROM.
func (d *diagnosis) fromBehind(at int) bool {
	if !d.token(at).Is("from") && !d.token(at).Is("where") && !d.token(at).Is("group") {
		return false
	}
	for i := at - 1; i >= 0 && !d.code[i].Is("select") && !d.code[i].Is("("); i-- {
		if slices.ContainsFunc([]string{"where", "group", "order", "having", "limit"}, d.code[i].Is) {
			d.say(d.code[at], "the order is SELECT, FROM, WHERE, GROUP BY, HAVING, QUALIFY, ORDER BY, LIMIT",
				"%s stands behind %s", strings.ToUpper(d.code[at].Text), strings.ToUpper(d.code[i].Text))
			return true
		}
	}
	return false
}

// missingComma finds two values side by side.
func (d *diagnosis) missingComma(at int) bool {
	if d.token(at).Is("as") { // a b as c
		at--
	}
	t, before := d.token(at), d.token(at-1)
	begins := t.Kind == sqltext.Word && !isClause(t) || t.Kind == sqltext.QuotedName || t.Kind == sqltext.String || t.Kind == sqltext.Number
	ended := before.Kind == sqltext.Word && !slices.ContainsFunc(keywords, before.Is) || before.Kind == sqltext.QuotedName || before.Kind == sqltext.String || before.Kind == sqltext.Number || before.Is(")")
	if !begins || !ended {
		return false
	}
	d.say(t, "", "a comma or an operator is missing before %s", t.Text)
	return true
}
