package check

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"ledgermill/engine/model"
	"ledgermill/engine/sqltext"
)

// Binder is the engine that statements are bound in. It holds an empty, typed table
// of every dataset once a project has been examined with it.
type Binder interface {
	model.Binder
	// Plan returns the bound plan of a SELECT, as json_serialize_plan prints it.
	Plan(ctx context.Context, sql string) ([]byte, error)
	// Rows returns each value as text, SQL's null as "null".
	Rows(ctx context.Context, sql string) ([][]string, error)
}

// Severity says what a finding does to the check.
type Severity string

// The severities of findings.
const (
	Error   Severity = "error"   // it cannot run, or is never meant
	Warning Severity = "warning" // it runs, and may not do what is meant
)

// Finding is one thing that is wrong, with its place.
type Finding struct {
	File     string   `json:"file"`
	Line     int      `json:"line,omitempty"` // from 1; 0: the file as a whole
	Column   int      `json:"column,omitempty"`
	Severity Severity `json:"severity"`
	Rule     string   `json:"rule"` // "sql" for what cannot be bound
	Message  string   `json:"message"`
	Why      string   `json:"why,omitempty"`
	Try      string   `json:"try,omitempty"`
	Source   string   `json:"source,omitempty"` // the line
}

func (f Finding) pos() sqltext.Pos { return sqltext.Pos{File: f.File, Line: f.Line, Col: f.Column} }

// Result is what a check has found.
type Result struct {
	model.Report
	Findings []Finding     `json:"findings"` // by file, line and column
	Errors   int           `json:"errors"`
	Warnings int           `json:"warnings"`
	Silenced int           `json:"silenced"` // findings that an `allow` comment is for
	Took     time.Duration `json:"-"`
}

// Options are what a check needs.
type Options struct {
	model.Options
	Binder Binder
	Select string         // datasets to report on, as Project.Select takes them; "": all files
	Engine string         // "spark": what it lacks or reads otherwise is an error; else a warning
	Faults sqltext.Errors // of files that others read, as the monitor's views
}

// Files checks every file. What is wrong with a file is a finding; an error is not
// the files', but for a selection that fits nothing.
func Files(ctx context.Context, o Options) (*Result, error) {
	began := time.Now()
	o.Options.Binder = o.Binder
	project, report, err := model.Examine(ctx, o.Options)
	var faults sqltext.Errors
	if project == nil || err != nil && !errors.As(err, &faults) {
		return nil, err
	}
	wanted, err := selected(project, o.Select)
	if err != nil {
		return nil, err
	}
	r := &Result{Report: report, Findings: unbound(slices.Concat(faults, o.Faults))}
	if err := r.lint(ctx, o, project, wanted); err != nil {
		return nil, err
	}
	r.Findings = slices.DeleteFunc(r.Findings, func(f Finding) bool { return f.Rule == bound && !wanted(faulty(o.FS, f.File)) })
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	r.count(o.FS)
	r.Took = time.Since(began)
	return r, nil
}

// Faults are faults of files as findings, with their lines.
func Faults(files fs.FS, faults sqltext.Errors) *Result {
	r := &Result{Findings: unbound(faults)}
	r.count(files)
	return r
}

func unbound(faults sqltext.Errors) []Finding {
	all := []Finding{}
	for _, f := range faults {
		all = append(all, Finding{File: f.Pos.File, Line: f.Pos.Line, Column: f.Pos.Col, Severity: Error, Rule: bound, Message: f.Msg, Try: f.Remedy})
	}
	return all
}

// count adds up the findings and gives each the line that it is about.
func (r *Result) count(files fs.FS) {
	lines := map[string][]string{}
	for i := range r.Findings {
		f := &r.Findings[i]
		if f.Severity == Error {
			r.Errors++
		} else {
			r.Warnings++
		}
		if _, read := lines[f.File]; !read {
			text, err := fs.ReadFile(files, f.File)
			if err != nil {
				text = nil // it is no file: a parameter of the configuration
			}
			lines[f.File] = strings.Split(strings.TrimPrefix(strings.ReplaceAll(string(text), "\r\n", "\n"), "\ufeff"), "\n")
		}
		if of := lines[f.File]; f.Line > 0 && f.Line <= len(of) {
			f.Source = of[f.Line-1]
		}
	}
}

// selection tells which files are reported on.
type selection func(model.Statement) bool

// faulty is what can be told of a file that is not bound: a test or a query reads the
// datasets that it names anywhere.
func faulty(files fs.FS, file string) model.Statement {
	s := model.Statement{File: file, Kind: model.ModelStatement}
	if dir := path.Dir(file); dir == "sql/models" || dir == "sql/contracts" {
		return s
	}
	s.Kind = model.QueryStatement
	text, err := fs.ReadFile(files, file)
	if err != nil {
		return s // it is no file: a parameter of the configuration
	}
	tokens, _ := sqltext.Lex(file, string(text)) // up to where it cannot be read
	for _, t := range tokens {
		s.Inputs = append(s.Inputs, t.Name())
	}
	return s
}

func selected(p *model.Project, pattern string) (selection, error) {
	if pattern == "" {
		return func(model.Statement) bool { return true }, nil
	}
	names, err := p.Select(pattern)
	if err != nil {
		return nil, err
	}
	for table, name := range p.Loads() {
		if slices.Contains(names, name) {
			names = append(names, table)
		}
	}
	return func(s model.Statement) bool {
		own := strings.TrimSuffix(s.File[strings.LastIndexByte(s.File, '/')+1:], ".sql")
		if slices.Contains(names, own) {
			return true
		}
		return s.Kind != model.ModelStatement && slices.ContainsFunc(s.Inputs, func(name string) bool { return slices.Contains(names, name) })
	}, nil
}

// lint holds what is sound against every rule, a file at a time: its statement, its
// conditions, and then the comments that allow what was found.
func (r *Result) lint(ctx context.Context, o Options, p *model.Project, wanted selection) error {
	sound := p.Sound()
	statements := sound.Statements()
	lib, err := newLibrary(ctx, o.Binder, p, statements)
	if err != nil {
		return err
	}
	lib.onSpark = o.Engine == Spark
	sources, found := map[string]string{}, map[string][]Finding{}
	for _, s := range append(statements, sound.Conditions()...) {
		if !wanted(s) {
			continue
		}
		more, err := lint(ctx, o.Binder, lib, s)
		if err != nil {
			return fmt.Errorf("check %s: %w", s.File, err)
		}
		sources[s.File] = s.Source
		found[s.File] = append(found[s.File], more...)
	}
	for _, c := range sound.Contracts {
		if lib.onSpark && wanted(model.Statement{File: c.File, Kind: model.ModelStatement}) {
			sources[c.File] = c.Source
			found[c.File] = addSparks(found[c.File], contractOnSpark(c))
		}
	}
	for _, file := range sortedKeys(sources) {
		r.allowed(file, sources[file], found[file], lib.onSpark)
	}
	return nil
}

// lint applies every rule to a statement.
func lint(ctx context.Context, b Binder, lib *library, s model.Statement) ([]Finding, error) {
	l, err := newLinter(ctx, b, lib, s)
	if err != nil {
		return nil, err
	}
	l.unsteady()
	l.words()
	l.walk(l.root, nil)
	data, err := b.Plan(ctx, s.SQL)
	if err != nil {
		return nil, err
	}
	literals, err := l.plan(data)
	if err != nil {
		return nil, err
	}
	return l.findings, l.badLiterals(ctx, b, literals)
}
