package contract

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// NumberExample is a number shown, compiled: digits stand for any digits. A minus in
// front of the text is always read; a sign shown elsewhere may be there or not, and
// a text has one at most.
type NumberExample struct {
	Text   string // as written
	Before string // literal text before the digits, without signs
	After  string // literal text behind the digits, without signs
	Group  string // the character between groups of three digits; "" for none
	Mark   string // the decimal mark; "" for none
	Inner  bool   // a sign may stand between Before and the digits
	Behind bool   // a sign may stand right behind the digits
	Last   bool   // a sign may stand behind After
	Plus   bool   // a plus was shown: signs are + or -
	Parens bool   // (1.00) is negative
}

// parseNumber compiles an example.
func parseNumber(text string) (NumberExample, error) {
	e := NumberExample{Text: text}
	first := strings.IndexFunc(text, isDigit)
	last := strings.LastIndexFunc(text, isDigit)
	if first < 0 {
		return e, errors.New("a number is shown by digits")
	}
	before, body, after := text[:first], text[first:last+1], text[last+1:]
	if strings.HasPrefix(before, "(") && strings.HasSuffix(after, ")") {
		e.Parens, before, after = true, before[1:], after[:len(after)-1]
	}
	front := false
	e.Before = e.cutSign(before, true, &front)
	e.Before = e.cutSign(e.Before, false, &e.Inner)
	e.After = e.cutSign(after, true, &e.Behind)
	e.After = e.cutSign(e.After, false, &e.Last)
	switch {
	case e.Parens && (front || e.Inner || e.Behind || e.Last):
		return e, errors.New("it shows brackets and a sign; one of them makes a number negative")
	case count(front, e.Inner, e.Behind, e.Last) > 1:
		return e, errors.New("it shows two signs, and a number has one")
	case strings.ContainsAny(e.Before+e.After, "()"):
		return e, errors.New("brackets go round the whole example")
	case e.Before == "." || e.Before == "," || e.After == "." || e.After == ",":
		return e, errors.New("a decimal mark is shown between digits")
	}
	return e, e.body(body)
}

func count(facts ...bool) int {
	n := 0
	for _, is := range facts {
		if is {
			n++
		}
	}
	return n
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' }

// cutSign takes a sign off the front or the end of a literal.
func (e *NumberExample) cutSign(literal string, front bool, found *bool) string {
	if literal == "" {
		return ""
	}
	sign, rest := literal[:1], literal[1:]
	if !front {
		sign, rest = literal[len(literal)-1:], literal[:len(literal)-1]
	}
	if sign != "-" && sign != "+" {
		return literal
	}
	e.Plus = e.Plus || sign == "+"
	*found = true
	return rest
}

// body reads the digits and what parts them: a separator before three digits groups
// where another separator or the end follows; the last with one or two digits is
// the decimal mark.
func (e *NumberExample) body(body string) error {
	runs := cutRuns(body)
	for i, r := range runs {
		last := i == len(runs)-1
		switch {
		case r.separator == "":
		case r.separator == "+" || r.separator == "-" || r.digits == 0:
			return fmt.Errorf("%q between its digits is neither a group's mark nor the decimal mark", r.separator)
		case last && r.digits <= 2:
			e.Mark = r.separator
		case r.digits != 3:
			return fmt.Errorf("%q before %d digits neither groups thousands (three digits) nor is the decimal mark (show one or two)", r.separator, r.digits)
		case e.Group != "" && e.Group != r.separator:
			return fmt.Errorf("both %q and %q group its digits", e.Group, r.separator)
		default:
			e.Group = r.separator
		}
	}
	if e.Group != "" && runs[0].digits > 3 {
		return fmt.Errorf("its first group has %d digits, of three at most", runs[0].digits)
	}
	if e.Mark != "" && e.Mark == e.Group {
		return fmt.Errorf("%q both groups and is the decimal mark", e.Mark)
	}
	return nil
}

// digitRun is a separator, "" for the first, and the digits behind it.
type digitRun struct {
	separator string
	digits    int
}

func cutRuns(body string) []digitRun {
	var runs []digitRun
	for at := 0; at < len(body); {
		var r digitRun
		if !isDigit(rune(body[at])) {
			_, size := utf8.DecodeRuneInString(body[at:])
			r.separator, at = body[at:at+size], at+size
		}
		for at < len(body) && isDigit(rune(body[at])) {
			at, r.digits = at+1, r.digits+1
		}
		runs = append(runs, r)
	}
	return runs
}

// pattern is the regular expression of the texts that the example reads. Its groups:
// the sign in front, the sign inside, the whole digits, the digits behind the decimal
// mark, the sign behind, the last sign; a cast refuses two of them. fraction is the
// pattern of the mark and what follows it, with the fourth group.
func (e NumberExample) pattern(fraction string) string {
	sign := func(allowed bool) string {
		switch {
		case !allowed:
			return "()"
		case e.Plus:
			return "([+-])?"
		}
		return "(-)?"
	}
	digits := `([0-9]+)`
	if e.Group != "" {
		// Nobody groups behind a zero: 0.005 is five thousandths, and not five.
		digits = `([1-9][0-9]{0,2}(?:` + regexp.QuoteMeta(e.Group) + `[0-9]{3})+|[0-9]+)`
	}
	p := sign(!e.Parens) + regexp.QuoteMeta(e.Before) + sign(e.Inner) + digits + fraction + sign(e.Behind) + regexp.QuoteMeta(e.After) + sign(e.Last)
	if e.Parens {
		p = `\(` + p + `\)`
	}
	return p
}
