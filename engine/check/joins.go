package check

import (
	"slices"
	"strings"

	"ledgermill/engine/sqltext"
)

// selects looks at the list and the joins of a SELECT.
func (l *linter) selects(n node, from []*relation, s scope) {
	for _, item := range n.list("select_list") {
		l.alias(item, from)
	}
	l.joinConditions(n, s)
}

// alias finds `a b` in the place of `a, b`: b is another column of the tables.
func (l *linter) alias(item node, from []*relation) {
	name := strings.ToLower(item.text("alias"))
	path := item.path()
	if name == "" || path == nil || name == path[len(path)-1] {
		return
	}
	at := l.tokenAt(item.off())
	if at < 0 {
		return
	}
	end := at + 2*(len(path)-1) + 1 // a . b
	if end >= len(l.tokens) || l.tokens[end].Name() != name {
		return // AS stands between them
	}
	if slices.ContainsFunc(from, func(r *relation) bool { return slices.Contains(r.columns, name) }) {
		l.find(l.tokens[end].Off, hiddenAlias, "write a comma between them, or `as "+name+"` if the new name is meant",
			"%s becomes the name of %s, and is a column itself", name, path[len(path)-1])
	}
}

// joinConditions finds tables that no condition ties to the others.
func (l *linter) joinConditions(n node, s scope) {
	where := n.child("where_clause")
	l.joins(n.child("from_table"), func(join node) {
		right := join.child("right")
		left, others := l.from(join.child("left"), s), l.from(right, s)
		if len(others) == 0 || others[0].one || len(left) > 0 && left[0].one || right.text("type") == "TABLE_FUNCTION" || lateral(right) {
			return
		}
		off := right.off()
		switch join.text("ref_type") {
		case "CROSS":
			at := l.tokenAt(off)
			if at < 1 || l.tokens[at-1].Is("join") || !l.comma(at) || ties(where, left, others) {
				return // CROSS JOIN says what it does
			}
			l.find(off, joinCondition, "write `join ... on a.key = b.key`; `cross join` where every row is to meet every row", "%s is joined without a condition", others[0].alias)
		case "REGULAR":
			if _, using := join["using_columns"]; using || ties(join.child("condition"), left, others) {
				return
			}
			l.find(off, joinCondition, "compare a column of each side: `on a.key = b.key`", "the condition of the join does not tie %s to the other side", others[0].alias)
		}
	})
}

func lateral(n node) bool {
	is, _ := n["is_lateral"].(bool)
	return is
}

// comma reports whether a comma stands before the table whose token is at.
func (l *linter) comma(at int) bool {
	for i := at - 1; i >= 0; i-- {
		switch {
		case l.tokens[i].Is("("):
		default:
			return l.tokens[i].Is(",")
		}
	}
	return false
}

// ties reports whether a condition names columns of both sides in one comparison, as
// far as can be told: a column without its table may be of either.
func ties(condition node, left, right []*relation) bool {
	tied := false
	condition.each(func(e node) {
		if class := e.text("class"); class != "COMPARISON" && class != "BETWEEN" && class != "FUNCTION" && class != "OPERATOR" {
			return
		}
		var l, r bool
		e.each(func(c node) {
			path := c.path()
			if path == nil {
				return
			}
			l = l || of(path, left)
			r = r || of(path, right)
		})
		tied = tied || l && r
	})
	return tied
}

// of reports whether a column may be one of some tables.
func of(path []string, tables []*relation) bool {
	return slices.ContainsFunc(tables, func(r *relation) bool {
		if len(path) > 1 {
			return path[len(path)-2] == r.alias || path[0] == r.alias
		}
		return !r.known || slices.Contains(r.columns, path[0])
	})
}

// words looks at what the tree does not keep: commas behind the last item.
func (l *linter) words() {
	ends := []string{"from", ")", "where", "group", "order", "having", "limit", "union", "except", "intersect", "qualify", "]", "}"}
	for i, t := range l.tokens {
		if !t.Is(",") || i+1 < len(l.tokens) && !slices.ContainsFunc(ends, l.tokens[i+1].Is) {
			continue
		}
		before := ""
		if i > 0 && l.tokens[i-1].Kind != sqltext.Punct {
			before = " behind " + l.tokens[i-1].Text
		}
		l.find(t.Off, trailingComma, "take it away", "a comma%s that nothing follows", before)
	}
	for _, t := range l.tokens {
		if t.Is("//") {
			l.find(t.Off, sparkSyntax, "write floor(a / nullif(b, 0)), or `div` in a view of the warehouse", "// is DuckDB's alone")
		}
	}
}
