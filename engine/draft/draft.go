package draft

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Choice is a place where the samples allow two readings.
type Choice struct {
	Question string   // what was seen: `every 03/04/2025 fits both`
	Readings []string // the likelier first
}

// Options say what to draft.
type Options struct {
	Name string // of the feed, with or without raw_; "" makes one of the first sample's key
	// Ask returns the reading to take, and whether the contract should say that
	// nobody chose it. An error ends the draft.
	Ask func(Choice) (reading string, unchosen bool, err error)
}

// Draft is a drafted contract.
type Draft struct {
	Table string   // raw_card_events; the file's name without .sql
	SQL   string   // the file
	Saw   []string // what was seen, a line each
}

// SampleError says why a sample cannot be looked at.
type SampleError struct{ Key, Problem, Remedy string }

func (e *SampleError) Error() string { return "sample " + e.Key + " " + e.Problem }

// Try returns the remedy.
func (e *SampleError) Try() string { return e.Remedy }

// Contract looks at samples and drafts the contract of their feed.
func Contract(ctx context.Context, samples []Sample, o Options) (Draft, error) {
	d := &drafter{words: words(), options: o}
	if len(samples) == 0 {
		return Draft{}, &SampleError{Key: "", Problem: "is missing", Remedy: "ledgermill new contract FILE..."}
	}
	for _, s := range samples {
		d.keys = append(d.keys, s.Key)
		if ext := formatOf(s.Key); ext != "csv" && ext != "txt" && ext != "dat" {
			return Draft{}, &SampleError{Key: s.Key, Problem: "is not delimited text: drafts are made of .csv, .txt and .dat, each also with .gz or .zst", Remedy: "export a sample as CSV, or write the contract by hand"}
		}
	}
	for _, s := range spread(samples) {
		if err := ctx.Err(); err != nil {
			return Draft{}, err
		}
		t, err := newTable(s)
		if err != nil {
			return Draft{}, err
		}
		if err := d.take(t); err != nil {
			return Draft{}, err
		}
	}
	if err := d.readColumns(); err != nil {
		return Draft{}, err
	}
	d.roles()
	return Draft{Table: d.table(), SQL: d.render(), Saw: d.saw}, nil
}

// spread are at most maxSamples of the samples, the first and the last among them.
func spread(samples []Sample) []Sample {
	if len(samples) <= maxSamples {
		return samples
	}
	var some []Sample
	for i := range maxSamples {
		some = append(some, samples[i*(len(samples)-1)/(maxSamples-1)])
	}
	return some
}

type drafter struct {
	words    vocabulary
	options  Options
	keys     []string
	sections []*section
	fields   []*field
	first    *table
	records  int
	saw      []string
	unchosen []string // decisions that nobody took

	key, dated, made string // columns: key, business date, the business date that `read` makes
	read             string // SQL of made
	readFormats      []string
	control, by      string
	partition        string
}

// section are samples of one sender: cut alike.
type section struct {
	dialect dialect
	keys    []string
	columns []*column // by field; nil where the section has none
}

// field is a column of the contract.
type field struct {
	name     string
	headers  []string // the spellings, the first of which made the name
	keys     []string // what the mill compares the spellings by
	typed    string
	kind     kind
	readings []reading // by section
	notNull  bool
}

func (f *field) spelled(header string) {
	f.headers, f.keys = append(f.headers, header), append(f.keys, headerKey(header))
}

func (d *drafter) see(format string, args ...any) {
	d.saw = append(d.saw, fmt.Sprintf(format, args...))
}

// ask records a reading that nobody chose.
func (d *drafter) ask(question string, readings []string) (string, error) {
	c := Choice{Question: question, Readings: readings}
	if d.options.Ask == nil {
		return "", &ChoiceError{c}
	}
	answer, unchosen, err := d.options.Ask(c)
	if err == nil && unchosen {
		d.unchosen = append(d.unchosen, question+": "+strings.Join(readings, " or ")+"? taken: "+answer)
	}
	return answer, err
}

// ChoiceError says that a sample allows two readings and nobody was there to choose.
type ChoiceError struct{ Choice Choice }

func (e *ChoiceError) Error() string {
	return "the sample allows two readings: " + e.Choice.Question + ": " + strings.Join(e.Choice.Readings, " or ")
}

// Try returns the ways out.
func (e *ChoiceError) Try() string {
	return "run it on a terminal and choose, give more samples, or --yes to take " + e.Choice.Readings[0]
}

// take adds a sample: to the section that is cut alike, its columns to those that
// have the same header.
func (d *drafter) take(t *table) error {
	at := slices.IndexFunc(d.sections, func(s *section) bool { return s.dialect == t.dialect })
	if at < 0 {
		at = len(d.sections)
		d.sections = append(d.sections, &section{dialect: t.dialect})
	}
	if d.first == nil {
		d.first = t
	}
	s := d.sections[at]
	s.keys = append(s.keys, t.key)
	places, err := d.fieldsOf(t)
	if err != nil {
		return err
	}
	for len(s.columns) < len(d.fields) {
		s.columns = append(s.columns, nil)
	}
	for i, place := range places {
		if s.columns[place] == nil {
			f := d.fields[place]
			s.columns[place] = &column{header: t.header[i], name: f.name, words: d.words, ask: d.ask, see: func(line string) { d.see("%s", line) }, counts: map[string]int{}}
		}
		for _, r := range t.rows {
			s.columns[place].add(r[i])
		}
	}
	d.records += len(t.rows)
	d.see("%s: %d records of %d fields, %s", t.key, len(t.rows), len(t.header), t.dialect.words())
	if t.odd > 0 {
		d.see("%s: %d records have another number of fields and will be rejected", t.key, t.odd)
	}
	if t.cut {
		d.see("%s: only its first records were looked at", t.key)
	}
	return nil
}

// words say a dialect.
func (d dialect) words() string {
	if text := d.directive(); text != "" {
		return text
	}
	return "comma, double quote, UTF-8"
}

// fieldsOf are the contract's columns of a sample's fields. Of the first sample each
// field is one; of others the one with the same header, else the one left over at
// the same place of equally many: an alias.
func (d *drafter) fieldsOf(t *table) ([]int, error) {
	places := make([]int, len(t.header))
	taken := map[int]bool{}
	first := len(d.fields) == 0
	for i, text := range t.header {
		key := headerKey(text)
		places[i] = slices.IndexFunc(d.fields, func(f *field) bool { return slices.Contains(f.keys, key) })
		if first || t.dialect.within == 0 && places[i] < 0 && i < len(d.fields) {
			places[i] = -1
		}
		if places[i] >= 0 {
			taken[places[i]] = true
		}
	}
	shared := len(taken)
	if !first && shared*2 < len(d.fields) && !t.alike(d.first) {
		return nil, &SampleError{Key: t.key, Remedy: "draft a contract for each feed",
			Problem: fmt.Sprintf("has %d of the %d columns of %s: it looks like another feed", shared, len(d.fields), d.keys[0])}
	}
	for i, text := range t.header {
		switch {
		case places[i] >= 0:
		case !first && !taken[i] && t.alike(d.first):
			places[i] = i
			d.fields[i].spelled(text)
			d.see("%s: %q stands where others have %q: an alias, if that is right", t.key, text, d.fields[i].headers[0])
		default:
			places[i] = len(d.fields)
			f := &field{name: d.free(text)}
			f.spelled(text)
			d.fields = append(d.fields, f)
		}
		taken[places[i]] = true
	}
	return places, nil
}

// free is a column name that no other column has.
func (d *drafter) free(header string) string {
	plain := d.words.columnName(header)
	name := plain
	for n := 2; slices.ContainsFunc(d.fields, func(f *field) bool { return f.name == name }); n++ {
		name = fmt.Sprintf("%s_%d", plain, n)
	}
	return name
}

// formatOf is the extension of a key, below that of its compression.
func formatOf(key string) string {
	key = strings.TrimSuffix(strings.TrimSuffix(strings.ToLower(key), ".gz"), ".zst")
	return key[strings.LastIndexByte(key, '.')+1:]
}
