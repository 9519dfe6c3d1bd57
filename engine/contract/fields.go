package contract

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"ledgermill/engine/sqltext"
)

// Directives that hold for a section, or for all of them above the first.

func (d *directives) objects(line sqltext.Directive) {
	s := newScope()
	s.section.Objects, s.section.Pos = line.Value, line.Pos
	pattern, err := compilePattern(line.Value)
	if err != nil {
		d.fault(line.At, "objects: "+err.Error(), "")
	}
	for _, name := range pattern.Columns {
		if !d.isColumn(name, line.At) {
			continue
		}
		col, _ := d.contract.Column(name)
		if _, ok := pattern.formats[name]; ok && col.Type.Base != Date && col.Type.Base != Timestamp {
			d.fault(line.At, "objects: <"+name+":...> is of a date or timestamp, and "+name+" is "+col.Type.String(), "")
		}
	}
	s.section.Pattern = pattern
	for _, other := range d.scopes {
		if p := other.section.Pattern.strict; p != nil && pattern.strict != nil && p.String() == pattern.strict.String() {
			d.fault(line.Pos, fmt.Sprintf("this `objects` and that of line %d have the same pattern", other.section.Pos.Line), "put what is said of them into one section")
		}
	}
	d.scopes = append(d.scopes, s)
}

// encodings are the names that `encoding` takes.
var encodings = map[string]string{
	"utf-8": "utf-8", "utf8": "utf-8", "latin-1": "latin-1", "iso-8859-1": "latin-1",
	"windows-1252": "windows-1252", "cp1252": "windows-1252", "utf-16": "utf-16",
}

// csv reads `delimiter ';', quote none, header within 3`; a repeated line goes on.
func (d *directives) csv(line sqltext.Directive) {
	s := d.scope()
	csv := &s.section.CSV
	for _, it := range items(line, ",") {
		option, value, _ := strings.Cut(it.text, " ")
		value = strings.TrimSpace(value)
		if s.options[option] {
			d.fault(it.pos, "csv: "+option+" stands twice", "")
			continue
		}
		s.options[option] = true
		d.csvOption(csv, option, value, it.pos)
	}
	if !s.options["escape"] {
		csv.Escape = csv.Quote
	}
	switch {
	case csv.Delimiter != "" && (csv.Delimiter == csv.Quote || csv.Delimiter == csv.Escape):
		d.fault(line.At, fmt.Sprintf("csv: %q both parts fields and quotes them", csv.Delimiter), "")
	case csv.Quote == "" && csv.Escape != "":
		d.fault(line.At, "csv: an escape stands inside quotes, and there are none", "leave `escape` out")
	}
}

func (d *directives) csvOption(csv *CSV, option, value string, pos sqltext.Pos) {
	switch option {
	case "delimiter":
		d.character(&csv.Delimiter, option, value, pos)
	case "quote":
		d.character(&csv.Quote, option, value, pos)
	case "escape":
		d.character(&csv.Escape, option, value, pos)
	case "newline":
		d.newline(csv, value, pos)
	case "encoding":
		name, ok := encodings[strings.ToLower(sqltext.Unquote(value))]
		if !ok {
			d.fault(pos, fmt.Sprintf("encoding %q is not known", value), "write utf-8, latin-1, windows-1252 or utf-16")
		}
		csv.Encoding = name
	case "header":
		d.header(csv, value, pos)
	default:
		options := []string{"delimiter", "quote", "escape", "newline", "encoding", "header"}
		d.fault(pos, fmt.Sprintf("csv has no option %q%s", option, sqltext.DidYouMean(option, options)), "")
	}
}

// character reads one ASCII character: ';', '\t', or none.
func (d *directives) character(into *string, option, value string, pos sqltext.Pos) {
	text := sqltext.Unquote(value)
	switch {
	case value == "none":
		text = ""
	case text == `\t`:
		text = "\t"
	case len(text) != 1 || text[0] >= 0x80 || strings.ContainsAny(text, "\x00\n\r"):
		d.fault(pos, fmt.Sprintf("%s is one ASCII character in quotes, '\\t' or none, not %s", option, value), "")
		return
	}
	*into = text
}

func (d *directives) newline(csv *CSV, value string, pos sqltext.Pos) {
	switch sqltext.Unquote(value) {
	case `\r`:
		csv.Newline = "\r"
	case `\n`, `\r\n`:
		csv.Newline = ""
	default:
		d.fault(pos, "newline is '\\r', '\\n' or '\\r\\n', not "+value, "")
	}
}

func (d *directives) header(csv *CSV, value string, pos sqltext.Pos) {
	if value == "none" {
		csv.NoHeader = true
		return
	}
	n, err := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(value, "within ")))
	if !strings.HasPrefix(value, "within ") || err != nil || n < 1 || n > 1000 {
		d.fault(pos, "header is `none` or `within N` lines (1 to 1000), not "+value, "")
		return
	}
	csv.HeaderWithin = n
}

func (d *directives) alias(line sqltext.Directive) {
	if !d.isField(line) {
		return
	}
	texts, _ := d.alternatives(line)
	for _, it := range texts {
		if it.text == "" {
			d.fault(it.pos, "an empty alias", "")
			continue
		}
		aliases := d.scope().section.Aliases
		aliases[line.Column] = append(aliases[line.Column], it.text)
	}
}

func (d *directives) null(line sqltext.Directive) {
	if line.Column != "" && !d.isField(line) {
		return
	}
	texts, _ := d.alternatives(line)
	nulls := d.scope().section.Nulls
	for _, it := range texts {
		nulls[line.Column] = append(nulls[line.Column], strings.Trim(it.text, " \t"))
	}
}

func (d *directives) optional(line sqltext.Directive) {
	for _, it := range d.columnsOf(line) {
		col, _ := d.contract.Column(it)
		if col.NotNull && col.Default == "" && !isFilled(it) {
			d.fault(line.At, "optional: "+it+" is `not null` without a DEFAULT, so an object without it would lose every record", "write `default ...`, or leave out `not null`")
		}
		d.scope().section.Optional[it] = true
	}
}

func (d *directives) constant(line sqltext.Directive) {
	if !d.isField(line) {
		return
	}
	constants := d.scope().section.Constants
	if _, twice := constants[line.Column]; twice {
		d.fault(line.Pos, "`constant "+line.Column+"` stands twice", "")
		return
	}
	text := strings.Trim(sqltext.Unquote(line.Value), " \t")
	col, _ := d.contract.Column(line.Column)
	if !col.Type.reads(text) {
		d.fault(line.At, fmt.Sprintf("%q is no %s", text, col.Type), "")
	}
	constants[line.Column] = text
}

func (d *directives) format(line sqltext.Directive) {
	if !d.isField(line) {
		return
	}
	col, _ := d.contract.Column(line.Column)
	texts, chosen := d.alternatives(line, "round")
	f := d.scope().section.Formats[line.Column]
	f.Pos, f.Round = line.Pos, f.Round || chosen["round"]
	for _, it := range texts {
		switch t := col.Type; {
		case t.Base == Date || t.Base == Timestamp:
			if _, err := compileMoment(it.text); err != nil {
				d.fault(it.pos, fmt.Sprintf("format %q: %v", it.text, err), "")
				continue
			}
			f.Patterns = append(f.Patterns, it.text)
		case t.isWhole() || t.Base == Decimal || t.Base == Double:
			e, err := parseNumber(it.text)
			if err != nil {
				d.fault(it.pos, fmt.Sprintf("format %q: %v", it.text, err), "show a number as the feed writes it: 1,234.56")
				continue
			}
			f.Numbers = append(f.Numbers, e)
		default:
			d.fault(line.Pos, "format is of dates, timestamps and numbers, and "+line.Column+" is "+t.String(), "")
			return
		}
	}
	if f.Round && (col.Type.Base != Decimal && !col.Type.isWhole()) {
		d.fault(line.At, "round is to the scale of a decimal or an integer, and "+line.Column+" is "+col.Type.String(), "")
	}
	d.scope().section.Formats[line.Column] = f
	if err := f.ambiguity(col.Type); err != nil {
		d.fault(line.At, "format "+line.Column+": "+err.Error(), "keep the one that the feed means, or part the senders")
	}
}

func (d *directives) readColumn(line sqltext.Directive) {
	if d.isField(line) && d.single(line) {
		d.readLines = append(d.readLines, line)
	}
}

// bindReads asks the judge what each `read` uses and gives.
func (d *directives) bindReads(ctx context.Context) error {
	for _, line := range d.readLines {
		col, _ := d.contract.Column(line.Column)
		read, err := d.bindRead(ctx, line, col)
		var fault *Fault
		switch {
		case errors.As(err, &fault):
			d.fault(within(line, fault.Off), "read "+line.Column+": "+fault.Msg, fault.Remedy)
		case err != nil:
			return fmt.Errorf("bind read %s: %w", line.Column, err)
		}
		d.base.section.Reads[line.Column] = read
	}
	return nil
}

func (d *directives) bindRead(ctx context.Context, line sqltext.Directive, col Column) (Read, error) {
	read := Read{SQL: line.Value, Pos: line.Pos}
	e, err := d.judge.Expression(ctx, line.Value)
	if err != nil {
		return read, err
	}
	for _, what := range e.Refused {
		d.fault(line.At, "read "+line.Column+" has "+what+", which is not over one record's raw columns", "")
	}
	for _, name := range e.Unstable {
		d.fault(line.At, "read "+line.Column+" uses "+name+": the same record would be read otherwise tomorrow", "")
	}
	for _, name := range e.Columns {
		read.Uses = append(read.Uses, d.rawName(name))
	}
	if len(e.Refused)+len(e.Unstable) > 0 {
		return read, nil
	}
	gives, err := d.judge.TypeOf(ctx, line.Value, read.Uses)
	if err != nil {
		return read, err
	}
	read.Text = gives == "VARCHAR"
	if from, ok := parseType(gives); !read.Text && col.Type.Base != "" && !(ok && from.fits(col.Type)) {
		d.fault(line.At, fmt.Sprintf("read %s gives %s, and the column is %s", line.Column, strings.ToLower(gives), col.Type),
			"cast it, or leave it text: that is read by the column's grammar")
	}
	return read, nil
}

// rawName is what a raw column is called that a `read` names: the contract's column
// where one has it, else the header's text.
func (d *directives) rawName(name string) string {
	if _, ok := d.contract.Column(strings.ToLower(name)); ok {
		return strings.ToLower(name)
	}
	return name
}

// fits reports whether every value of t is one of the wider type, unchanged.
func (t Type) fits(wide Type) bool {
	digits := map[string]int{Smallint: 5, Integer: 10, Bigint: 19}
	switch {
	case t == wide, t.Base == Date && wide.Base == Timestamp:
		return true
	case t.isWhole() && wide.isWhole():
		return digits[t.Base] <= digits[wide.Base]
	case t.isWhole() && wide.Base == Decimal:
		return digits[t.Base] <= wide.Precision-wide.Scale
	case t.Base == Decimal && wide.Base == Decimal:
		return t.Scale <= wide.Scale && t.Precision-t.Scale <= wide.Precision-wide.Scale
	}
	return false
}
