package contract

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"ledgermill/engine/sqltext"
)

// parser makes a Contract of a file; faults gather, so that one reading shows all.
type parser struct {
	judge    Judge
	ddl      ddl
	contract *Contract
	faults   sqltext.Errors
}

func (p *parser) fault(pos sqltext.Pos, msg, remedy string) {
	p.faults = append(p.faults, &sqltext.Error{Pos: pos, Msg: msg, Remedy: remedy})
}

// posAt is the place of a byte of the source.
func (p *parser) posAt(off int) sqltext.Pos {
	before := p.contract.Source[:min(max(off, 0), len(p.contract.Source))]
	line := before[strings.LastIndexByte(before, '\n')+1:]
	return sqltext.Pos{File: p.contract.File, Line: 1 + strings.Count(before, "\n"), Col: 1 + len([]rune(line))}
}

// describe has DuckDB read the statements. What it says of columns, keys and
// comments goes into the contract; what it cannot say (names and texts of CHECKs,
// texts of DEFAULTs) is the lexer's, and is proved.
func (p *parser) describe(ctx context.Context) error {
	statements := [][]sqltext.Token{p.ddl.create}
	statements = append(statements, p.ddl.comments...)
	texts := make([]string, len(statements))
	for i, s := range statements {
		texts[i] = sqltext.Source(p.contract.Source, s)
	}
	tables, err := p.judge.Tables(ctx, texts...)
	var fault *Fault
	if errors.As(err, &fault) {
		if err := p.takeNames(ctx); err != nil {
			return err
		}
		if fault.Statement == 0 && fault.Off <= 0 {
			return p.blame(ctx, fault)
		}
		p.fault(p.posAt(statements[fault.Statement][0].Off+max(fault.Off, 0)), fault.Msg, fault.Remedy)
		return nil
	}
	if err != nil {
		return fmt.Errorf("describe %s: %w", p.contract.Name, err)
	}
	if len(tables) != 1 || len(tables[0].Columns) != len(p.ddl.columns) || len(tables[0].Checks) != len(p.ddl.checks) {
		p.disagree(p.ddl.create[0].Pos, "the table's columns or CHECKs")
		return nil
	}
	p.takeTable(tables[0])
	return p.prove(ctx, tables[0])
}

// describeFaulty has DuckDB read a table that the lexer has faults in, for the
// types alone: without them every directive about a column would look wrong.
func (p *parser) describeFaulty(ctx context.Context) error {
	if p.ddl.create == nil {
		return nil
	}
	tables, err := p.judge.Tables(ctx, sqltext.Source(p.contract.Source, p.ddl.create))
	var fault *Fault
	switch {
	case errors.As(err, &fault) || err == nil && (len(tables) != 1 || len(tables[0].Columns) != len(p.ddl.columns)):
		return p.takeNames(ctx)
	case err != nil:
		return fmt.Errorf("describe %s: %w", p.contract.Name, err)
	default:
		p.takeTable(tables[0])
	}
	return nil
}

// blame finds the CHECKs and DEFAULTs at fault where DuckDB does not say: each is
// tried alone.
func (p *parser) blame(ctx context.Context, whole *Fault) error {
	before := len(p.faults)
	if err := p.stable(ctx); err != nil {
		return err
	}
	for _, check := range p.ddl.checks {
		of := "CHECK " + check.Name
		if slices.ContainsFunc(p.faults[before:], func(f *sqltext.Error) bool {
			return strings.HasPrefix(f.Msg, of+":") || strings.HasPrefix(f.Msg, of+" ")
		}) {
			continue
		}
		lead, probe := p.probe(check.Text)
		_, err := p.judge.Tables(ctx, probe)
		var fault *Fault
		switch {
		case errors.As(err, &fault):
			pos := check.Pos
			if in := fault.Off - lead; in >= 0 && in < len(check.Text) {
				pos = p.posAt(check.Off + in)
			}
			p.fault(pos, "CHECK "+check.Name+": "+fault.Msg, fault.Remedy)
		case err != nil:
			return fmt.Errorf("try CHECK %s: %w", check.Name, err)
		}
	}
	if len(p.faults) == before {
		p.fault(p.ddl.create[0].Pos, whole.Msg, whole.Remedy)
	}
	return nil
}

// probe is a table of the contract's columns with one CHECK, and the bytes before it.
func (p *parser) probe(check string) (lead int, table string) {
	var columns []string
	for _, col := range p.ddl.columns {
		columns = append(columns, sqltext.QuoteName(col.name)+" "+sqltext.Source(p.contract.Source, col.typ))
	}
	before := `create table "probe" (` + strings.Join(columns, ", ") + ", check ("
	return len(before), before + check + "\n))"
}

// disagree is the fault of a text that Ledgermill and DuckDB cut apart differently:
// the wrong text of a CHECK would be run, so nothing is.
func (p *parser) disagree(pos sqltext.Pos, what string) {
	p.fault(pos, "Ledgermill and DuckDB read "+what+" differently", "write it more plainly: comments and strings with brackets or keywords in them stand outside")
}

func (p *parser) takeTable(t Table) {
	c := p.contract
	for i, col := range t.Columns {
		found := p.ddl.columns[i]
		name := strings.ToLower(col.Name)
		if name != strings.ToLower(found.name) {
			p.disagree(found.pos, "the column "+found.name)
		}
		p.columnName(found, name)
		c.Columns = append(c.Columns, Column{Name: name, Type: p.columnType(found, col.Type), NotNull: col.NotNull, Comment: col.Comment, Pos: found.pos})
		if strings.ToLower(found.def) != "null" {
			c.Columns[i].Default = found.def
		}
		if col.Comment != "" {
			c.ColumnAbout[name] = col.Comment
		}
	}
	for _, name := range t.Key {
		c.Key = append(c.Key, strings.ToLower(name))
	}
	c.About, c.Checks = t.Comment, p.ddl.checks
}

var columnName = regexp.MustCompile(`\A[a-z][a-z0-9_]*\z`)

func (p *parser) columnName(col ddlColumn, name string) {
	switch {
	case name == ObjectColumn:
		p.contract.FillsObject = true
	case name == RecordColumn:
		p.contract.FillsRecord = true
	case name == "rowid":
		p.fault(col.pos, "column rowid: DuckDB calls the place of a row so", "call it otherwise and write `-- alias <name>: rowid`")
	case !columnName.MatchString(name):
		p.fault(col.pos, fmt.Sprintf("column %q: a name is a letter, then letters, digits and _", col.name),
			"call it otherwise and write `-- alias <name>: "+col.name+"`")
	}
}

// duckTypes are DuckDB's names of the types that a contract may use.
var duckTypes = map[string]string{
	"BOOLEAN": Boolean, "SMALLINT": Smallint, "INTEGER": Integer, "BIGINT": Bigint, "DOUBLE": Double,
	"VARCHAR": Varchar, "DATE": Date, "TIMESTAMP": Timestamp,
}

// typeHints say what to write in the place of a type that is refused.
var typeHints = map[string]string{
	"FLOAT": "write decimal(p, s) for money, double for a measure", "TINYINT": "write smallint", "HUGEINT": "write decimal(38, 0)",
	"TIMESTAMP WITH TIME ZONE": "write timestamp: it is stored as UTC, and `format` with %z casts to it",
	"TIME":                     "write varchar, or make a timestamp with `read`", "UUID": "write varchar", "BLOB": "write varchar",
	"TIMESTAMP_NS": "write timestamp", "TIMESTAMP_MS": "write timestamp", "TIMESTAMP_S": "write timestamp",
	"UTINYINT": "write smallint", "USMALLINT": "write integer", "UINTEGER": "write bigint", "UBIGINT": "write decimal(20, 0)",
}

var duckDecimal = regexp.MustCompile(`\ADECIMAL\(([0-9]+),([0-9]+)\)\z`)

// parseType reads a type as DuckDB prints it.
func parseType(text string) (Type, bool) {
	if base, ok := duckTypes[text]; ok {
		return Type{Base: base}, true
	}
	m := duckDecimal.FindStringSubmatch(text)
	if m == nil {
		return Type{}, false
	}
	precision, errP := strconv.Atoi(m[1])
	scale, errS := strconv.Atoi(m[2])
	return Type{Base: Decimal, Precision: precision, Scale: scale}, errP == nil && errS == nil
}

func (p *parser) columnType(col ddlColumn, text string) Type {
	brackets := slices.ContainsFunc(col.typ, func(t sqltext.Token) bool { return t.Is("(") })
	if col.name == ObjectColumn && text != "VARCHAR" {
		p.fault(col.pos, "_object is the object's key: varchar", "")
	}
	if col.name == RecordColumn && text != "BIGINT" {
		p.fault(col.pos, "_record is the record's number: bigint", "")
	}
	t, ok := parseType(text)
	pos := col.pos
	if len(col.typ) > 0 {
		pos = col.typ[0].Pos
	}
	switch {
	case !ok && strings.ContainsAny(text, "([") && !duckDecimal.MatchString(text):
		kind := "nested types"
		if strings.HasPrefix(text, "ENUM") {
			kind = "enums"
		}
		p.fault(pos, kind+" are not read", "write varchar and a named CHECK, or one column a field")
	case !ok:
		hint := typeHints[text]
		if hint == "" {
			hint = "the types are boolean, smallint, integer, bigint, decimal(p, s), double, varchar, date, timestamp"
		}
		p.fault(pos, "type "+strings.ToLower(text)+" is not read", hint)
	case t.Base == Varchar && brackets:
		p.fault(pos, "varchar(n) is not read: DuckDB and Spark do not hold it", "write varchar and `constraint "+col.name+"_length check (length("+col.name+") <= n)`")
	case t.Base == Decimal && !slices.ContainsFunc(col.typ, func(t sqltext.Token) bool { return t.Is(",") }):
		p.fault(pos, "decimal without precision and scale: engines differ in what that is", "write decimal(18, 2), or as wide as the feed needs")
	}
	return t
}

// prove has DuckDB read each CHECK and each DEFAULT alone in a probe table: the
// texts are right where it prints the same expression as for the contract's own.
func (p *parser) prove(ctx context.Context, whole Table) error {
	var columns, defaults []string
	for i, col := range whole.Columns {
		plain := sqltext.QuoteName(col.Name) + " " + col.Type
		columns = append(columns, plain)
		if def := p.ddl.columns[i].def; def != "" {
			plain += " default " + def + "\n"
		}
		defaults = append(defaults, plain)
	}
	probes := []string{`create table "probe" (` + strings.Join(defaults, ", ") + ")"}
	places := []sqltext.Pos{p.ddl.create[0].Pos}
	for i, check := range p.ddl.checks {
		probes = append(probes, fmt.Sprintf(`create table "probe %d" (%s, check (%s`+"\n))", i, strings.Join(columns, ", "), check.Text))
		places = append(places, check.Pos)
	}
	tables, err := p.judge.Tables(ctx, probes...)
	var fault *Fault
	if errors.As(err, &fault) {
		p.disagree(places[fault.Statement], "this text")
		return nil
	}
	if err != nil {
		return fmt.Errorf("prove %s: %w", p.contract.Name, err)
	}
	if len(tables) != len(probes) {
		p.disagree(p.ddl.create[0].Pos, "the statement")
		return nil
	}
	p.compare(whole, tables)
	return p.stable(ctx)
}

func (p *parser) compare(whole Table, probes []Table) {
	for i, col := range whole.Columns {
		if len(probes[0].Columns) != len(whole.Columns) || probes[0].Columns[i].Default != col.Default {
			p.disagree(p.ddl.columns[i].pos, "the DEFAULT of "+col.Name)
		}
	}
	for i, check := range p.ddl.checks {
		if got := probes[i+1].Checks; len(got) != 1 || got[0] != whole.Checks[i] {
			p.disagree(check.Pos, "the CHECK "+check.Name)
		}
	}
}

// stable refuses what gives another value tomorrow.
func (p *parser) stable(ctx context.Context) error {
	for _, check := range p.ddl.checks {
		place := func(name string, off int) sqltext.Pos { return p.inCheck(check, name, off) }
		if err := p.stableText(ctx, check.Text, place, "CHECK "+check.Name); err != nil {
			return err
		}
	}
	for _, col := range p.ddl.columns {
		if col.def == "" {
			continue
		}
		if err := p.stableText(ctx, col.def, func(string, int) sqltext.Pos { return col.pos }, "DEFAULT of "+col.name); err != nil {
			return err
		}
	}
	return nil
}

// inCheck is the place of a name in a CHECK, or of a byte where it is known.
func (p *parser) inCheck(check Check, name string, off int) sqltext.Pos {
	tokens, err := sqltext.Lex("", check.Text)
	if i := slices.IndexFunc(tokens, func(t sqltext.Token) bool { return strings.EqualFold(t.Name(), name) }); err == nil && name != "" && i >= 0 {
		off = tokens[i].Off
	}
	if off < 0 || off >= len(check.Text) {
		return check.Pos
	}
	return p.posAt(check.Off + off)
}

// stableText holds a text against the columns and the clock; place is where a name, or
// a byte, of it stands.
func (p *parser) stableText(ctx context.Context, text string, place func(name string, off int) sqltext.Pos, what string) error {
	e, err := p.judge.Expression(ctx, text)
	var fault *Fault
	if errors.As(err, &fault) {
		p.fault(place("", fault.Off), what+": "+fault.Msg, fault.Remedy)
		return nil
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", what, err)
	}
	for _, name := range e.Columns {
		if _, ok := p.contract.Column(strings.ToLower(name)); !ok {
			p.fault(place(name, -1), fmt.Sprintf("%s: %s has no column %q%s", what, p.contract.Name, name, sqltext.DidYouMean(name, p.contract.Names())), "")
		}
	}
	for _, name := range e.Unstable {
		p.fault(place(name, -1), what+" uses "+name+": the same record would be judged otherwise tomorrow", "compare with another column, or with the business date in a model's test")
	}
	return nil
}
