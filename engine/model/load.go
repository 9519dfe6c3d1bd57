package model

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"ledgermill/engine/contract"
	"ledgermill/engine/sqltext"
)

// The directories of a project.
const (
	contractsDir = "sql/contracts"
	modelsDir    = "sql/models"
	testsDir     = "sql/tests"
	warehouseDir = "sql/warehouse"
	monitorDir   = "sql/monitor"
	queriesDir   = "queries"
)

// loader goes through the files once. Faults of files are collected; a fatal error
// is not the files' and ends the check.
type loader struct {
	Options
	project *Project
	report  Report
	faults  sqltext.Errors
	fatal   error

	named  map[string]string // each name's first file
	drafts map[string]*draft // models by name
	broken map[string]bool   // datasets with a fault of their own or above them: nothing binds against them
	taken  map[string]bool   // parameters that some file has
}

func load(ctx context.Context, o Options) (*Project, Report, error) {
	l := &loader{Options: o, named: map[string]string{}, drafts: map[string]*draft{}, broken: map[string]bool{}, taken: map[string]bool{},
		project: &Project{Contracts: map[string]*contract.Contract{}, Models: map[string]*Model{}}}
	steps := []func(context.Context){l.contracts, l.models, l.graph, l.bindModels, l.tests, l.queries, l.rest}
	if o.Datasets {
		steps = steps[:4]
	}
	for _, step := range steps {
		if step(ctx); l.fatal != nil {
			return nil, l.report, l.fatal
		}
		if err := ctx.Err(); err != nil {
			return nil, l.report, err
		}
	}
	slices.SortStableFunc(l.report.Skipped, func(a, b Skip) int { return cmp.Compare(a.File, b.File) })
	l.project.Broken = l.broken
	return l.project, l.report, l.faults.Err()
}

func (l *loader) fault(p sqltext.Pos, format string, args ...any) {
	l.faults = append(l.faults, sqltext.Errorf(p, format, args...))
}

func (l *loader) faultTry(p sqltext.Pos, remedy, format string, args ...any) {
	l.faults = append(l.faults, &sqltext.Error{Pos: p, Msg: fmt.Sprintf(format, args...), Remedy: remedy})
}

// bindFault collects what the binder says against st, or makes it fatal.
func (l *loader) bindFault(st statement, err error) {
	if fault, ok := st.fault(err); ok {
		l.faults = append(l.faults, fault)
		return
	}
	l.fatal = cmp.Or(l.fatal, fmt.Errorf("check %s: %w", st.source.file, err))
}

var (
	datasetName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	fileName    = regexp.MustCompile(`^[a-z][a-z0-9_-]*$`)
)

// files yields the .sql files of a directory, sorted; one that is not there has none.
func (l *loader) files(dir string) []string {
	var files []string
	err := fs.WalkDir(l.FS, dir, func(file string, e fs.DirEntry, err error) error {
		hidden := strings.HasPrefix(path.Base(file), ".") // an editor's lock or copy of a file that is being edited
		if err != nil || e.IsDir() || hidden || !strings.HasSuffix(file, ".sql") {
			return err
		}
		if path.Dir(file) != dir {
			l.faultTry(sqltext.Pos{File: file}, "move it to "+dir, "a folder of %s is not read", dir)
			return nil
		}
		files = append(files, file)
		return nil
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		l.fatal = cmp.Or(l.fatal, fmt.Errorf("list %s: %w", dir, err))
	}
	return files
}

func (l *loader) text(file string) string {
	data, err := fs.ReadFile(l.FS, file)
	if err != nil {
		l.fatal = cmp.Or(l.fatal, fmt.Errorf("read %s: %w", file, err))
	}
	return string(data)
}

// claim takes the name of a file in the one namespace.
func (l *loader) claim(file string, shape *regexp.Regexp) (name string, ok bool) {
	name = strings.TrimSuffix(path.Base(file), ".sql")
	pos := sqltext.Pos{File: file, Line: 1, Col: 1}
	before, used := l.named[name]
	switch {
	case name == BusinessDay:
		l.fault(pos, "%s is the name of the table of the unit's date", name)
	case used:
		l.fault(pos, "%s is the name of %s too: contracts, models, tests and queries share their names", name, before)
	case !shape.MatchString(name):
		l.fault(pos, "%q is not a name: a letter, then letters, digits and _, all lower case", name)
	default:
		l.named[name] = file
		return name, true
	}
	return name, false
}

// read lexes a file and notes its parameters; false where it cannot be used.
func (l *loader) read(file string, vocabulary []sqltext.DirectiveWord, query bool) (*source, bool) {
	s, faults := readSource(file, l.text(file), vocabulary)
	for _, p := range s.parameters {
		l.taken[p.Name] = true
		if !query && strings.EqualFold(p.Literal, "current_date") {
			faults = append(faults, sqltext.Errorf(p.Pos, "parameter $%s: current_date is a default in queries alone", p.Name))
		}
	}
	l.faults = append(l.faults, faults...)
	return s, len(faults) == 0
}

// parse returns the tree of st.
func (l *loader) parse(ctx context.Context, st statement) (*tree, bool) {
	data, err := l.Binder.Parse(ctx, st.text)
	if err == nil {
		var t *tree
		if t, err = parseTree(data); err == nil {
			return t, true
		}
	}
	l.bindFault(st, err)
	return nil, false
}

func (l *loader) describe(ctx context.Context, st statement) ([]Column, bool) {
	columns, err := l.Binder.Describe(ctx, st.text)
	if err != nil {
		l.bindFault(st, err)
		return nil, false
	}
	return columns, true
}

func (l *loader) define(ctx context.Context, name string, columns []Column) bool {
	if err := l.Binder.Define(ctx, name, columns); err != nil {
		l.fatal = cmp.Or(l.fatal, err)
		return false
	}
	return true
}

func (l *loader) contracts(ctx context.Context) {
	for _, file := range l.files(contractsDir) {
		name, ok := l.claim(file, datasetName)
		if !ok {
			continue
		}
		l.report.Contracts++
		c, err := contract.Parse(ctx, file, l.text(file), l.Judge)
		if err != nil {
			l.broken[name] = true
			l.contractFault(file, err)
			continue
		}
		l.project.Contracts[name] = c
		if !l.datePartsFree(c) {
			l.broken[name] = true
			continue
		}
		columns, _ := l.project.Output(name)
		l.define(ctx, name, columns)
	}
}

// contractFault tells a fault of the file from one of the judge.
func (l *loader) contractFault(file string, err error) {
	var many sqltext.Errors
	var one *sqltext.Error
	if errors.As(err, &many) || errors.As(err, &one) {
		l.faults.Add(sqltext.Pos{File: file}, err)
		return
	}
	l.fatal = cmp.Or(l.fatal, fmt.Errorf("check %s: %w", file, err))
}

// datePartsFree holds a dated contract's columns against those that the path gives.
func (l *loader) datePartsFree(c *contract.Contract) bool {
	free := true
	for _, col := range c.Columns {
		if _, taken := column(dateParts, col.Name); taken && c.Partition != contract.Whole {
			l.fault(col.Pos, "a dated dataset has its year, month and day from its business date: call column %s otherwise", col.Name)
			free = false
		}
	}
	return free
}

// datasets are the names that a statement may read, broken ones among them.
func (l *loader) datasets() []string {
	var all []string
	for name, file := range l.named {
		if dir := path.Dir(file); dir == contractsDir || dir == modelsDir {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

func (l *loader) isDataset(name string) bool {
	dir := path.Dir(l.named[name])
	return dir == contractsDir || dir == modelsDir
}

// rest looks at what no step reads: values that no parameter takes, and SQL for
// the warehouse.
func (l *loader) rest(context.Context) {
	for _, name := range sortedKeys(l.Parameters) {
		if !l.taken[name] {
			l.fault(sqltext.Pos{File: "parameter " + name}, "no file has it%s", sqltext.DidYouMean(name, sortedKeys(l.taken)))
		}
	}
	for _, dir := range []string{warehouseDir, monitorDir} {
		for _, file := range l.files(dir) {
			l.report.Skipped = append(l.report.Skipped, Skip{File: file, Why: "runs on the warehouse alone"})
		}
	}
	if info, err := fs.Stat(l.FS, warehouseDir); err == nil && info.IsDir() {
		sub, err := fs.Sub(l.FS, warehouseDir)
		if err != nil {
			l.fatal = fmt.Errorf("open %s: %w", warehouseDir, err)
		}
		l.project.Warehouse = sub
	}
}
