package check

import (
	"regexp"
	"slices"
	"strings"

	"ledgermill/engine/sqltext"
)

// allow is a comment that silences the findings of one rule on one line of code.
type allow struct {
	rule, reason string
	pos          sqltext.Pos
	line         int // the line that it is for: its own, or the next one of code where it stands alone
	used         bool
}

var allowComment = regexp.MustCompile(`^--\s*allow\s*:?\s*([A-Za-z_]*)\s*:?\s*(.*)$`)

// allows are the comments of a file. One in the header is for the directive below it.
func allows(file, src string) []allow {
	tokens, err := sqltext.Lex(file, src)
	if err != nil {
		return nil
	}
	header := 0
	for header < len(tokens) && tokens[header].Pos.Line == header+1 && strings.HasPrefix(tokens[header].Text, "--") {
		header++
	}
	var all []allow
	for i, t := range tokens {
		m := allowComment.FindStringSubmatch(t.Text)
		if t.Kind != sqltext.Comment || m == nil {
			continue
		}
		a := allow{rule: m[1], reason: strings.TrimSpace(m[2]), pos: t.Pos, line: t.Pos.Line}
		if i == 0 || tokens[i-1].Pos.Line != t.Pos.Line {
			for at, next := range tokens[i+1:] {
				directive := i+1+at < header && strings.Contains(next.Text, ":") && !allowComment.MatchString(next.Text)
				if next.Kind != sqltext.Comment || directive {
					a.line = next.Pos.Line
					break
				}
			}
		}
		all = append(all, a)
	}
	return all
}

// allowed adds the findings of a file that no comment silences, and what is wrong with
// the comments. Some calls are found only where it is to run on Spark: what allows
// them is not idle elsewhere.
func (r *Result) allowed(file, src string, found []Finding, onSpark bool) {
	all := allows(file, src)
	for _, f := range found {
		i := slices.IndexFunc(all, func(a allow) bool { return a.rule == f.Rule && a.line == f.Line && a.reason != "" })
		if i >= 0 {
			all[i].used = true
			r.Silenced++
			continue
		}
		r.Findings = append(r.Findings, f)
	}
	for _, a := range all {
		a.used = a.used || a.rule == sparkFunction && !onSpark
		if f, wrong := a.fault(); wrong {
			r.Findings = append(r.Findings, f)
		}
	}
}

// fault is what is wrong with the comment itself.
func (a allow) fault() (Finding, bool) {
	var names []string
	for _, rule := range Rules() {
		names = append(names, rule.Name)
	}
	rule, msg, try := malformedAllow, "", "write `-- allow rule: why it is right here`; `ledgermill check --rules` lists the rules"
	switch {
	case !slices.Contains(names, a.rule):
		msg = "allow: no rule is called " + a.rule + sqltext.DidYouMean(a.rule, names)
	case a.reason == "":
		msg = "allow " + a.rule + ": the reason is missing"
	case !a.used:
		rule, msg, try = unusedAllow, "allow "+a.rule+": there is nothing to allow on this line", "take the comment away"
	default:
		return Finding{}, false
	}
	r := ruleOf(rule)
	return Finding{File: a.pos.File, Line: a.pos.Line, Column: a.pos.Col, Severity: r.Severity, Rule: rule, Message: msg, Why: r.Why, Try: try}, true
}
