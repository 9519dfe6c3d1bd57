package contract

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"ledgermill/engine/sqltext"
)

// words are the directives of a contract and what reads each, and words that stand
// elsewhere or later: they are known so that they can be refused by name.
func words() map[string]wordReader {
	all := map[string]wordReader{
		"about":         {read: (*directives).about, column: optionalColumn, whole: true},
		"business date": {read: (*directives).businessDate, whole: true},
		"partition":     {read: (*directives).partition, whole: true},
		"key conflict":  {read: (*directives).keyConflict, whole: true},
		"control":       {read: (*directives).control, whole: true},
		"reject limit":  {read: (*directives).rejectLimit, whole: true},
		"private":       {read: (*directives).private, whole: true},
		"read":          {read: (*directives).readColumn, column: oneColumn, whole: true},
		"objects":       {read: (*directives).objects},
		"csv":           {read: (*directives).csv},
		"alias":         {read: (*directives).alias, column: oneColumn},
		"format":        {read: (*directives).format, column: oneColumn},
		"null":          {read: (*directives).null, column: optionalColumn},
		"constant":      {read: (*directives).constant, column: oneColumn},
		"optional":      {read: (*directives).optional},
		FirstRecord:     {read: (*directives).firstRecord},
		LastRecord:      {read: (*directives).lastRecord},
		"settle": {refusal: "`settle` is configuration and no directive",
			remedy: "write `\"lake\": {\"settle\": \"60s\"}` in ledgermill.json"},
	}
	for _, word := range []string{"store", "delivers", "one object per", "ready when", "expect", "since"} {
		all[word] = wordReader{column: optionalColumn, refusal: "`" + word + "` is reserved for a later version, and this one would not do what it says", remedy: "leave the line out"}
	}
	for _, word := range []string{"grain", "publish", "preserves", "reads", "order", "load", "test"} {
		all[word] = wordReader{column: optionalColumn, refusal: "`" + word + "` is a directive of models, and this is a contract", remedy: "write it into a file of sql/models"}
	}
	return all
}

type columnUse uint8

const (
	noColumn columnUse = iota
	oneColumn
	optionalColumn
)

type wordReader struct {
	read    func(*directives, sqltext.Directive) // nil: the word is refused
	column  columnUse
	whole   bool // stands above the first `objects`: holds for the feed as a whole
	refusal string
	remedy  string
}

// Vocabulary is the words that a contract's header may have.
func Vocabulary() []sqltext.DirectiveWord {
	var list []sqltext.DirectiveWord
	all := words()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		list = append(list, sqltext.DirectiveWord{Name: name, Column: all[name].column != noColumn})
	}
	return list
}

// directives reads the header into the contract. Sections are scopes: base holds
// what stands above the first `objects`.
type directives struct {
	*parser
	base        scope
	scopes      []scope
	readLines   []sqltext.Directive // bound once all names are known
	once        map[string]bool     // words that have stood, with their columns
	aboutSeen   map[string]bool     // columns that have had an `about`, "" for the table
	partitioned sqltext.Pos         // of `partition`
	conflict    sqltext.Pos         // of `key conflict`
	framed      map[*Frame]bool     // frames that were checked: sections share them
}

// scope is what one section's lines say; its zero maps say nothing.
type scope struct {
	section Section
	lines   []sqltext.Directive // in order
	options map[string]bool     // of `csv`, that have stood
}

func (s *scope) say(line sqltext.Directive) { s.lines = append(s.lines, line) }

// says finds the scope's first line of the word and column.
func (s *scope) says(word, column string) (sqltext.Directive, bool) {
	i := slices.IndexFunc(s.lines, func(l sqltext.Directive) bool { return l.Word == word && l.Column == column })
	if i < 0 {
		return sqltext.Directive{}, false
	}
	return s.lines[i], true
}

func newScope() scope {
	return scope{options: map[string]bool{}, section: Section{CSV: DefaultCSV(), Aliases: map[string][]string{}, Reads: map[string]Read{}, Formats: map[string]Format{},
		Nulls: map[string][]string{}, Constants: map[string]string{}, Optional: map[string]bool{}}}
}

func (d *directives) scope() *scope {
	if len(d.scopes) == 0 {
		return &d.base
	}
	return &d.scopes[len(d.scopes)-1]
}

// read interprets the lines in order.
func (d *directives) read(lines []sqltext.Directive) {
	known := words()
	for _, line := range lines {
		w := known[line.Word]
		switch {
		case w.read == nil:
			d.fault(line.Pos, w.refusal, w.remedy)
		case w.column == oneColumn && line.Column == "":
			d.fault(line.Pos, "`"+line.Word+"` needs a column", "write `-- "+line.Word+" <column>: "+line.Value+"`")
		case line.Value == "":
			d.fault(line.Pos, "`"+line.Word+"` has no value", "")
		case line.Column != "" && !d.isColumn(line.Column, columnPos(line)):
		case w.whole && len(d.scopes) > 0:
			d.fault(line.Pos, "`"+line.Word+"` stands above the first `objects`: it holds for the whole feed", "")
		default:
			d.scope().say(line)
			w.read(d, line)
		}
	}
}

// isColumn faults an unknown column and names the nearest.
func (d *directives) isColumn(name string, pos sqltext.Pos) bool {
	if d.contract.Columns == nil {
		return false // the statement's own faults come first
	}
	if _, ok := d.contract.Column(strings.ToLower(name)); ok {
		return true
	}
	d.fault(pos, fmt.Sprintf("%s has no column %q%s", d.contract.Name, name, sqltext.DidYouMean(name, d.contract.Names())), "")
	return false
}

// columnPos is the place of the name behind the word.
func columnPos(line sqltext.Directive) sqltext.Pos {
	pos := line.Pos
	pos.Col += len(line.Word) + 1
	return pos
}

// isField is isColumn for a column that text is read into.
func (d *directives) isField(line sqltext.Directive) bool {
	if line.Column == ObjectColumn || line.Column == RecordColumn {
		d.fault(line.Pos, "`"+line.Word+"`: the mill fills "+line.Column, "")
		return false
	}
	return true
}

// item is a piece of a directive's value and its place.
type item struct {
	text string
	pos  sqltext.Pos
}

// within is the place of value[off:].
func within(line sqltext.Directive, off int) sqltext.Pos {
	pos := line.At
	pos.Col += len([]rune(line.Value[:min(max(off, 0), len(line.Value))]))
	return pos
}

func items(line sqltext.Directive, separator string) []item {
	var list []item
	at := 0
	for _, text := range sqltext.Split(line.Value, separator) {
		off := at + max(strings.Index(line.Value[at:], text), 0)
		list = append(list, item{text: text, pos: within(line, off)})
		at = off + len(text)
	}
	return list
}

// alternatives parts a value by ` | ` and takes the options off its end.
func (d *directives) alternatives(line sqltext.Directive, options ...string) (texts []item, chosen map[string]bool) {
	chosen = map[string]bool{}
	list := items(line, " | ")
	for i, it := range list {
		pieces := sqltext.Split(it.text, ", ")
		for _, option := range pieces[min(1, len(pieces)):] {
			switch {
			case !slices.Contains(options, option):
				d.fault(it.pos, fmt.Sprintf("`%s` has no option %q%s", line.Word, option, sqltext.DidYouMean(option, options)),
					"quote what has a comma and a space in it: '"+it.text+"'")
			case i < len(list)-1:
				d.fault(it.pos, "the option "+option+" stands at the end of the line", "")
			default:
				chosen[option] = true
			}
		}
		if len(pieces) > 0 {
			it.text = sqltext.Unquote(pieces[0])
		}
		texts = append(texts, it)
	}
	return texts, chosen
}

// columnsOf reads a list of columns.
func (d *directives) columnsOf(line sqltext.Directive) []string {
	var names []string
	for _, it := range items(line, ",") {
		name := strings.ToLower(strings.Trim(sqltext.Unquote(it.text), `"`))
		if !d.isColumn(name, it.pos) {
			continue
		}
		if slices.Contains(names, name) {
			d.fault(it.pos, name+" stands twice", "")
			continue
		}
		names = append(names, name)
	}
	return names
}

// single faults a word that stands a second time where lists make no sense.
func (d *directives) single(line sqltext.Directive) bool {
	key := line.Word + "\x00" + line.Column
	if d.once[key] {
		d.fault(line.Pos, "`"+strings.TrimSpace(line.Word+" "+line.Column)+"` stands twice", "")
		return false
	}
	d.once[key] = true
	return true
}
