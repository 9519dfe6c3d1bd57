package spark

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"ledgermill/engine/contract"
	"ledgermill/engine/job"
	"ledgermill/engine/ledger"
	"ledgermill/engine/sqltext"
)

// feed is what has landed of a contract's objects: Parquet files of the contract's
// columns, and
//
//	_o        which object, a place in objects
//	_reasons  why the record is rejected, first reason first; null: it is not
//	_fields   the record's raw fields; null unless rejected
//	_raw      the record as sent, where the local engine has landed it; else null
//	_rounded  a value lost digits beyond its scale
//	_closes   the id of the reject that the record was fixed of; null: of none
type feed struct {
	contract  *contract.Contract
	directory string
	objects   []job.Object // without a key: withdrawn
	texts     []job.Text
	landed    []landed
	settled   map[job.Unit]bool
	accepted  map[job.Unit][]string // files
}

// landed are the files of the objects of one landing.
type landed struct {
	first, after int // places
	files        []string
}

// Land reads objects of one feed, each value by the strict grammar of its column, and
// returns their accounts by unit: duplicates and key conflicts are not told apart yet
// and count as accepted. Objects landed before are left alone, and after an error
// nothing of these is left.
func (e *Engine) Land(ctx context.Context, c *contract.Contract, objects []job.Object) ([]ledger.Cell, error) {
	f, err := e.feed(c)
	if err != nil {
		return nil, err
	}
	var fresh []job.Object
	for _, o := range objects {
		if !slices.ContainsFunc(f.objects, func(p job.Object) bool { return p.Key == o.Key }) {
			fresh = append(fresh, o)
		}
	}
	first := len(f.objects)
	texts, err := e.local.Texts(ctx, c, fresh, first, f.directory)
	if err != nil {
		return nil, err
	}
	f.objects = append(f.objects, fresh...)
	found, cells, err := e.land(ctx, f, texts, first)
	if err != nil {
		f.objects = f.objects[:first]
		return nil, errors.Join(err, e.discard(ctx, found))
	}
	if found.files != nil {
		f.landed = append(f.landed, found)
	}
	f.texts = append(f.texts, texts...)
	return cells, nil
}

// discard removes the files of a landing.
func (e *Engine) discard(ctx context.Context, l landed) error {
	if l.files == nil {
		return nil
	}
	return e.remove(ctx, above(l.files[0]))
}

func (e *Engine) land(ctx context.Context, f *feed, texts []job.Text, first int) (landed, []ledger.Cell, error) {
	l := landed{first: first, after: len(f.objects)}
	var all []ledger.Cell
	counts := map[string]int64{}
	if len(texts) > 0 {
		r := request{What: "read " + f.contract.Name}
		var selects []string
		for i, t := range texts {
			name := fmt.Sprintf("text_%d", i)
			r.Views = append(r.Views, f.textView(name, t))
			selects = append(selects, f.judged(t, name))
		}
		r.SQL = strings.Join(selects, "\nunion all\n")
		var err error
		if l.files, err = e.write(ctx, r, f.contract.Name+"-landed"); raised(err) {
			l.files, err = e.landHere(ctx, f, first)
		}
		if err != nil {
			return l, nil, fmt.Errorf("read %d objects of %s: %w", len(f.objects)-first, f.contract.Name, err)
		}
		tallies, err := e.tally(ctx, f, f.landedView(l.files), "coalesce(split_part(_reasons, ',', 1), '')")
		if err != nil {
			return l, nil, fmt.Errorf("survey %s: %w", f.contract.Name, err)
		}
		for _, t := range tallies {
			counts[t.Cell.Object] += t.Tally.Records
			all = append(all, t.Account())
		}
	}
	for _, o := range f.objects[first:] {
		if counts[o.Key] != o.Report.Good() {
			return l, nil, &job.CountError{Object: o.Key, Counted: o.Report.Good(), Found: counts[o.Key]}
		}
		all = append(all, job.Structural(f.contract, o)...)
	}
	return l, job.Merge(all), nil
}

// landHere has the local engine read objects with a record on which a CHECK raises:
// Spark gives such a statement up, and does not say at which record.
func (e *Engine) landHere(ctx context.Context, f *feed, first int) ([]string, error) {
	e.settings.Log.InfoContext(ctx, "a CHECK raises: read on this machine", "feed", f.contract.Name, "objects", len(f.objects)-first)
	place := e.place(f.contract.Name + "-landed")
	path := place + "/part-0.parquet"
	err := e.makeDirectory(place)
	if err == nil {
		err = e.local.Landed(ctx, f.contract, f.objects[first:], first, path)
	}
	return []string{path}, err
}

func (e *Engine) feed(c *contract.Contract) (*feed, error) {
	if f := e.feeds[c.Name]; f != nil {
		return f, nil
	}
	f := &feed{contract: c, directory: e.settings.Exchange + "/text/" + c.Name, settled: map[job.Unit]bool{}, accepted: map[job.Unit][]string{}}
	if err := e.makeDirectory(f.directory); err != nil {
		return nil, fmt.Errorf("land %s: %w", c.Name, err)
	}
	e.feeds[c.Name] = f
	return f, nil
}

// textView are the fields of a file.
func (f *feed) textView(name string, t job.Text) view {
	columns := []column{{"_o", "INTEGER"}, {"_closes", "VARCHAR"}, {"_unsound", "BOOLEAN"}}
	for i := range t.Object.Mapping.Raw {
		columns = append(columns, column{job.TextField(i), "VARCHAR"})
	}
	if t.Object.Numbered {
		columns = append(columns, column{"_n", "VARCHAR"})
	}
	for i, col := range f.contract.Columns {
		if t.Object.Mapping.From[col.Name] == contract.FromRead {
			columns = append(columns, column{job.ReadField(i), strings.ToUpper(col.Type.String())}, column{job.EmptyField(i), "BOOLEAN"}, column{job.RoundedField(i), "BOOLEAN"})
		}
	}
	return files(name, []string{t.Path}, columns, nil, "true")
}

// landedColumns are the columns of landed records.
func (f *feed) landedColumns() []column {
	return append(contractColumns(f.contract), column{"_o", "INTEGER"}, column{"_reasons", "VARCHAR"}, column{"_rounded", "BOOLEAN"},
		column{"_closes", "VARCHAR"}, column{"_fields", "array<string>"}, column{"_raw", "VARCHAR"})
}

func (f *feed) landedView(paths []string) view {
	return files("landed", paths, f.landedColumns(), nil, f.present())
}

// present is the condition that a record's object has not been withdrawn.
func (f *feed) present() string {
	var gone []string
	for i, o := range f.objects {
		if o.Key == "" {
			gone = append(gone, fmt.Sprint(i))
		}
	}
	if gone == nil {
		return "true"
	}
	return "_o not in (" + strings.Join(gone, ", ") + ")"
}

func (f *feed) files() []string {
	var all []string
	for _, l := range f.landed {
		all = append(all, l.files...)
	}
	return all
}

// Withdraw forgets objects and their records.
func (e *Engine) Withdraw(_ context.Context, c *contract.Contract, objects []string) error {
	f := e.feeds[c.Name]
	for i := 0; f != nil && i < len(f.objects); i++ {
		if slices.Contains(objects, f.objects[i].Key) {
			f.objects[i] = job.Object{}
		}
	}
	return nil
}

// Park has nothing to do: what has landed lies in files.
func (e *Engine) Park(context.Context, *contract.Contract) error { return nil }

// Recall lets the units be settled again.
func (e *Engine) Recall(ctx context.Context, c *contract.Contract, _ []job.Unit) error {
	f, err := e.feed(c)
	if err != nil {
		return err
	}
	f.settled, f.accepted = map[job.Unit]bool{}, map[job.Unit][]string{}
	return e.local.Adopt(ctx, c, nil, nil)
}

// Release forgets what was landed of a feed.
func (e *Engine) Release(ctx context.Context, name string) error {
	f := e.feeds[name]
	if f == nil {
		return nil
	}
	delete(e.feeds, name)
	err := errors.Join(e.local.Release(ctx, name), e.remove(ctx, f.directory))
	for _, l := range f.landed {
		err = errors.Join(err, e.discard(ctx, l))
	}
	return err
}

// Strays writes the rejects of one object that have no business date.
func (e *Engine) Strays(ctx context.Context, c *contract.Contract, object, path string) (*job.File, error) {
	f := e.feeds[c.Name]
	if f == nil || c.BusinessDate == "" {
		return nil, nil
	}
	i := slices.IndexFunc(f.objects, func(o job.Object) bool { return o.Key == object })
	if i < 0 {
		return nil, nil
	}
	var from []string
	for _, l := range f.landed {
		if l.first <= i && i < l.after {
			from = l.files
		}
	}
	return e.local.Rejects(ctx, c, job.Refused{Unit: ledger.NoDate, Place: i, Files: from, Objects: f.objects, Texts: f.texts, Path: path})
}

// exposed are the raw fields that a contract's columns are made of, by their names.
func exposed(o job.Object) []string {
	var list []string
	for i, r := range o.Mapping.Raw {
		if r.Column != "" {
			list = append(list, job.TextField(i)+" as "+sqltext.QuoteName(r.Name))
		}
	}
	return list
}
