package contract

import (
	"context"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"ledgermill/engine/sqltext"
)

// Parse reads and checks a contract. file is its path, whose base name is the
// table's. What is wrong with it is a sqltext.Errors with every fault; another
// error is the judge's.
func Parse(ctx context.Context, file, src string, judge Judge) (*Contract, error) {
	p := &parser{judge: judge, contract: &Contract{File: file, Source: src, Partition: Whole, ColumnAbout: map[string]string{}}}
	p.contract.Name = strings.TrimSuffix(path.Base(filepath.ToSlash(file)), ".sql")
	if off := invalidUTF8(src); off >= 0 {
		p.fault(p.posAt(off), "the file is not UTF-8", "save it as UTF-8")
		return nil, p.faults.Err()
	}
	lines, faults := sqltext.Header(file, src, Vocabulary())
	p.faults = faults
	p.ddl, faults = readDDL(file, src, p.contract.Name)
	p.faults = append(p.faults, faults...)
	describe := p.describe
	if len(faults) > 0 {
		describe = p.describeFaulty
	}
	if err := describe(ctx); err != nil {
		return nil, err
	}
	p.checkNames()
	if err := p.direct(ctx, lines); err != nil {
		return nil, err
	}
	if err := p.faults.Err(); err != nil {
		return nil, err
	}
	return p.contract, nil
}

// invalidUTF8 is the place of the first byte that is no UTF-8, or -1.
func invalidUTF8(text string) int {
	if utf8.ValidString(text) {
		return -1
	}
	for i, r := range text {
		if _, size := utf8.DecodeRuneInString(text[i:]); r == utf8.RuneError && size == 1 {
			return i
		}
	}
	return 0
}

// takeNames gives the directives something to be checked against where DuckDB
// cannot read the table: the columns, with their types where these alone are sound.
func (p *parser) takeNames(ctx context.Context) error {
	for _, col := range p.ddl.columns {
		p.contract.Columns = append(p.contract.Columns, Column{Name: strings.ToLower(col.name), Pos: col.pos})
	}
	p.contract.Checks = p.ddl.checks
	_, plain := p.probe("true")
	for _, table := range []string{p.withoutChecks(), plain} {
		tables, err := p.judge.Tables(ctx, table)
		var fault *Fault
		switch {
		case errors.As(err, &fault) || err == nil && (len(tables) != 1 || len(tables[0].Columns) != len(p.contract.Columns)):
			continue
		case err != nil:
			return fmt.Errorf("describe %s: %w", p.contract.Name, err)
		}
		for i, col := range tables[0].Columns {
			p.contract.Columns[i].Type, _ = parseType(col.Type)
			p.contract.Columns[i].NotNull = col.NotNull
		}
		for _, name := range tables[0].Key {
			p.contract.Key = append(p.contract.Key, strings.ToLower(name))
		}
		break
	}
	return nil
}

// withoutChecks is the CREATE TABLE with every CHECK true.
func (p *parser) withoutChecks() string {
	create := p.ddl.create
	if len(create) == 0 {
		return ""
	}
	var b strings.Builder
	from := create[0].Off
	for _, check := range p.ddl.checks {
		if check.Off < from {
			continue // it has no text
		}
		b.WriteString(p.contract.Source[from:check.Off] + "true")
		from = check.Off + len(check.Text)
	}
	return b.String() + p.contract.Source[from:create[len(create)-1].End]
}

func (p *parser) checkNames() {
	for _, check := range p.contract.Checks {
		if p.contract.reserved(check.Name) {
			p.fault(check.Pos, "the reason "+check.Name+" is the mill's own", "give the CHECK another name")
		}
	}
}

// direct reads the header's directives, and checks what they say together.
func (p *parser) direct(ctx context.Context, lines []sqltext.Directive) error {
	d := &directives{parser: p, base: newScope(), once: map[string]bool{}, aboutSeen: map[string]bool{}, framed: map[*Frame]bool{}}
	d.contract.KeyConflict.Refuse, d.contract.aboutSaid = true, d.aboutSeen
	d.read(lines)
	if err := d.bindReads(ctx); err != nil {
		return err
	}
	c := p.contract
	c.Sections = d.sections()
	if len(c.Sections) == 0 {
		p.fault(sqltext.Pos{File: c.File, Line: 1, Col: 1}, "no `objects`: it is not said which objects are of this feed", "write `-- objects: <pattern relative to the input>.csv`")
	}
	if d.conflict.Line == 0 && c.BusinessDate == "" {
		c.KeyConflict.Refuse = false
	}
	if c.Columns == nil {
		return nil
	}
	d.together()
	d.idle()
	for i, s := range c.Sections {
		d.names(s)
		d.sources(s, d.scopes[i])
		d.frames(s)
		d.reachable(i)
	}
	return nil
}
