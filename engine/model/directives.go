package model

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"ledgermill/engine/sqltext"
)

// contractWords are directives of sql/contracts: in a model they are refused by name.
var contractWords = []string{"objects", "csv", "alias", "format", "null", "constant", "optional", "read", "partition", "key conflict",
	"control", "reject limit", "private", "first record", "last record"}

// modelWords are the directives of sql/models, and those that are refused there.
func modelWords() []sqltext.DirectiveWord {
	words := []sqltext.DirectiveWord{
		{Name: "about", Column: true}, {Name: "grain"}, {Name: "publish"}, {Name: "preserves"}, {Name: "reads", Column: true},
		{Name: "business date"}, {Name: "order"}, {Name: "load"}, {Name: "test"},
		{Name: "allow", Column: true}, // of package check: it says nothing of the data
	}
	for _, name := range contractWords {
		words = append(words, sqltext.DirectiveWord{Name: name, Column: true})
	}
	return words
}

// header is the directives of a model, read but not yet held against its output.
type header struct {
	about        string
	columnAbout  []aboutColumn
	grain, order []item // texts are names
	publish      item   // "" where there is none
	preserves    item
	businessDate item
	load         item
	reads        []readsInput
	tests        []Test
	faults       sqltext.Errors
}

type aboutColumn struct {
	name, text string
	pos        sqltext.Pos
}

type readsInput struct {
	input string
	grant Grant
	pos   sqltext.Pos
}

func readHeader(directives []sqltext.Directive) *header {
	h := &header{}
	for _, d := range directives {
		switch d.Word {
		case "about":
			h.addAbout(d)
		case "grain":
			h.grain = append(h.grain, h.names(d)...)
		case "order":
			h.order = append(h.order, h.names(d)...)
		case "publish":
			h.setPublish(d)
		case "preserves":
			h.one(d, &h.preserves)
		case "business date":
			h.one(d, &h.businessDate)
		case "load":
			h.one(d, &h.load)
		case "reads":
			h.addReads(d)
		case "test":
			test, err := parseTest(d)
			if err != nil {
				h.faults = append(h.faults, err)
				continue
			}
			h.tests = append(h.tests, test)
		default:
			h.foreign(d)
		}
	}
	return h
}

// foreign refuses a directive of contracts.
func (h *header) foreign(d sqltext.Directive) {
	if !slices.Contains(contractWords, d.Word) {
		return
	}
	remedy := "write it into a file of sql/contracts"
	switch d.Word {
	case "read":
		remedy = "write `reads " + d.Column + ": " + d.Value + "` for more of an input than the unit itself"
	case "partition":
		remedy = "leave the line out: a model has the units of what it reads, or `publish: whole`"
	case "private":
		remedy = "leave the line out: what a contract calls private stays so under every name that models give it"
	}
	h.faults = append(h.faults, &sqltext.Error{Pos: d.Pos, Msg: "`" + d.Word + "` is a directive of contracts, and this is a model", Remedy: remedy})
}

func (h *header) fault(p sqltext.Pos, format string, args ...any) {
	h.faults = append(h.faults, sqltext.Errorf(p, format, args...))
}

func (h *header) addAbout(d sqltext.Directive) {
	if d.Column == "" {
		h.about = joinAbout(h.about, d.Value)
		return
	}
	for i, c := range h.columnAbout {
		if c.name == d.Column {
			h.columnAbout[i].text = joinAbout(c.text, d.Value)
			return
		}
	}
	h.columnAbout = append(h.columnAbout, aboutColumn{name: d.Column, text: d.Value, pos: d.Pos})
}

func joinAbout(before, more string) string { return strings.TrimSpace(before + " " + more) }

// names are the names that d lists; an empty list is a fault.
func (h *header) names(d sqltext.Directive) []item {
	all := items(d)
	if len(all) == 0 {
		h.fault(d.Pos, "`%s` names no column", d.Word)
	}
	named := all[:0]
	for _, i := range all {
		name, err := i.name()
		if err != nil {
			h.faults = append(h.faults, err)
			continue
		}
		named = append(named, item{text: name, pos: i.pos})
	}
	return named
}

// one sets the only name of a directive that stands once.
func (h *header) one(d sqltext.Directive, to *item) {
	if to.text != "" {
		h.fault(d.Pos, "`%s` stands twice, before on line %d", d.Word, to.pos.Line)
		return
	}
	name, err := (item{text: d.Value, pos: d.At}).name()
	if err != nil {
		h.faults = append(h.faults, err)
		return
	}
	*to = item{text: name, pos: d.At}
}

func (h *header) setPublish(d sqltext.Directive) {
	values := []string{Daily.String(), Whole.String(), No.String()}
	for _, v := range values {
		if d.Value == v {
			h.one(d, &h.publish)
			return
		}
	}
	h.fault(d.At, "`publish` is daily, whole or no, and not %q%s", d.Value, sqltext.DidYouMean(d.Value, values))
}

var grantForms = []struct {
	kind GrantKind
	form *regexp.Regexp
}{
	{Previous, regexp.MustCompile(`^previous$`)},
	{LastDays, regexp.MustCompile(`^last\s+([0-9]+)\s+days?$`)},
	{LatestWithin, regexp.MustCompile(`^latest\s+within\s+([0-9]+)\s+days?$`)},
	{MonthToDate, regexp.MustCompile(`^month\s+to\s+date$`)},
}

func parseGrant(text string) (Grant, bool) {
	for _, f := range grantForms {
		m := f.form.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		g := Grant{Kind: f.kind}
		if len(m) == 2 {
			days, err := strconv.Atoi(m[1])
			if err != nil || days < 1 || days > maxGrantDays {
				return Grant{}, false
			}
			g.Days = days
		}
		return g, true
	}
	return Grant{}, false
}

// maxGrantDays is ten years: more is a whole model.
const maxGrantDays = 3660

func (h *header) addReads(d sqltext.Directive) {
	if d.Column == "" {
		h.fault(d.Pos, "`reads` names no input: `-- reads <input>: %s`", d.Value)
		return
	}
	for _, r := range h.reads {
		if r.input == d.Column {
			h.fault(d.Pos, "`reads %s` stands twice, before on line %d", d.Column, r.pos.Line)
			return
		}
	}
	grant, ok := parseGrant(d.Value)
	if !ok {
		h.fault(d.At, "`reads` is `previous`, `last N days`, `latest within N days` (N from 1 to %d) or `month to date`, and not %q", maxGrantDays, d.Value)
		return
	}
	h.reads = append(h.reads, readsInput{input: d.Column, grant: grant, pos: d.Pos})
}

// publishOf is the directive's value, 0 without one.
func (h *header) publishOf() Publish {
	for _, p := range []Publish{Daily, Whole, No} {
		if h.publish.text == p.String() {
			return p
		}
	}
	return 0
}
