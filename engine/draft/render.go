package draft

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

func itoa(n int) string { return strconv.Itoa(n) }

// seeColumn says how a column is read, where that is not plain.
func (d *drafter) seeColumn(i int, f *field) {
	for n, r := range f.readings {
		if r.formats != nil || r.unread > 0 {
			text := fmt.Sprintf("%s: %s", f.name, f.typed)
			if r.formats != nil {
				text += " written " + strings.Join(r.formats, " | ")
			}
			if r.unread > 0 {
				text += fmt.Sprintf("; %d of %d records have no such value and will be rejected", r.unread, d.sections[n].columns[i].values)
			}
			d.see("%s", text)
		}
	}
}

var (
	notAName  = regexp.MustCompile(`[0-9]+|[^a-z]+`)
	dateInKey = regexp.MustCompile(`[0-9]{4}[-_]?[0-9]{2}[-_]?[0-9]{2}`)
)

// table is the contract's name.
func (d *drafter) table() string {
	name := d.options.Name
	if name == "" {
		base := path.Base(d.keys[0])
		base, _, _ = strings.Cut(base, ".")
		name = strings.Trim(notAName.ReplaceAllString(strings.ToLower(base), "_"), "_")
	}
	return "raw_" + strings.TrimPrefix(plainName(name), "raw_")
}

// pattern is the objects glob of keys: what differs among them, and dates in them,
// is *.
func pattern(keys []string) string {
	dir := path.Dir(keys[0])
	var bases, endings []string
	for _, key := range keys {
		if path.Dir(key) != dir {
			dir = "**"
		}
		base := path.Base(key)
		ext := "." + formatOf(key)
		at := strings.LastIndex(strings.ToLower(base), ext)
		bases, endings = append(bases, dateInKey.ReplaceAllString(base[:at], "*")), append(endings, base[at:at+len(ext)])
	}
	base := bases[0]
	for _, b := range bases[1:] {
		base = common(base, b)
	}
	if dir == "." {
		dir = ""
	} else {
		dir += "/"
	}
	return dir + escaped(base) + endings[0] + "{,.gz,.zst}"
}

// escaped takes what a glob would misread out of a name.
func escaped(base string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("<>{}[]?,|", r) {
			return '*'
		}
		return r
	}, base)
}

// common is what two names share at their front and at their end, with * between.
func common(a, b string) string {
	if a == b {
		return a
	}
	front := 0
	for front < min(len(a), len(b)) && a[front] == b[front] {
		front++
	}
	back := 0
	for back < min(len(a), len(b))-front && a[len(a)-1-back] == b[len(b)-1-back] {
		back++
	}
	return strings.TrimRight(a[:front], "*") + "*" + strings.TrimLeft(a[len(a)-back:], "*")
}

// render writes the file.
func (d *drafter) render() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, "-- "+format+"\n", args...) }
	line("about: drafted from %s", oneLine(strings.Join(first(d.keys, 3), ", ")))
	if d.dated != "" {
		line("business date: %s", d.dated)
	}
	if d.partition != "" {
		line("partition: %s", d.partition)
	}
	if d.made != "" {
		line("read %s: %s", d.made, d.read)
	}
	if d.key != "" && d.dated != "" {
		line("key conflict: refuse")
	}
	if d.control != "" {
		by := ""
		if d.by != "" {
			by = " by " + d.by
		}
		line("control: sum(%s)%s", d.control, by)
	}
	line("reject limit: 5 %%")
	if private := d.private(); private != nil {
		line("private: %s", strings.Join(private, ", "))
	}
	for _, f := range d.fields {
		if aliases := f.aliases(); aliases != nil {
			line("alias %s: %s", f.name, strings.Join(aliases, " | "))
		}
	}
	if d.readFormats != nil {
		line("format %s: %s", d.made, strings.Join(d.readFormats, " | "))
	}
	for n, s := range d.sections {
		for _, keys := range d.places(n) {
			line("objects: %s", pattern(keys))
			if csv := s.dialect.directive(); csv != "" {
				line("csv: %s", csv)
			}
			d.renderColumns(n, line)
		}
	}
	for _, u := range d.unchosen {
		fmt.Fprintf(&b, "\n-- Nobody chose this: %s\n", oneLine(u))
	}
	b.WriteString(d.ddl())
	return b.String()
}

// places are the keys of a section, one pattern each: where one section holds all
// samples, of those too that were not looked at; where several do, by directory, so
// that no object is of two.
func (d *drafter) places(n int) [][]string {
	if len(d.sections) == 1 {
		return [][]string{d.keys}
	}
	var places [][]string
	for _, key := range d.sections[n].keys {
		at := slices.IndexFunc(places, func(keys []string) bool { return path.Dir(keys[0]) == path.Dir(key) })
		if at < 0 {
			places = append(places, []string{key})
			continue
		}
		places[at] = append(places[at], key)
	}
	return places
}

func (d *drafter) renderColumns(n int, line func(string, ...any)) {
	s := d.sections[n]
	var optional []string
	for i, f := range d.fields {
		if i >= len(s.columns) || s.columns[i] == nil {
			optional = append(optional, f.name)
			continue
		}
		r := f.readings[n]
		if formats := f.formats(r); formats != nil {
			line("format %s: %s", f.name, strings.Join(formats, " | ")+map[bool]string{true: ", round"}[r.round])
		}
		if nulls := s.columns[i].nulls; len(nulls) > 0 {
			quoted := make([]string, len(nulls))
			for j, text := range nulls {
				quoted[j] = quoteItem(text)
			}
			line("null %s: %s", f.name, strings.Join(quoted, " | "))
		}
	}
	if optional != nil {
		line("optional: %s", strings.Join(optional, ", "))
	}
}

// formats are the examples or patterns that a reading needs, as items of a list.
func (f *field) formats(r reading) []string {
	if r.kind == varchar || f.kind == varchar {
		return nil
	}
	if r.formats == nil && r.round {
		return []string{"1234.56"}
	}
	var items []string
	for _, text := range r.formats {
		items = append(items, quoteItem(text))
	}
	return items
}

// quoteItem quotes an item of a list where its text would be read otherwise.
func quoteItem(text string) string {
	if strings.ContainsAny(text, "|'\"") || strings.Contains(text, ", ") || strings.TrimSpace(text) != text {
		return "'" + strings.ReplaceAll(text, "'", "''") + "'"
	}
	return text
}

// aliases are the header texts that the column's own name does not meet.
func (f *field) aliases() []string {
	var all, keys []string
	for _, text := range f.headers {
		if key := headerKey(text); key != headerKey(f.name) && !slices.Contains(keys, key) {
			all, keys = append(all, quoteItem(oneLine(text))), append(keys, key)
		}
	}
	return all
}

func (d *drafter) private() []string {
	var names []string
	for _, f := range d.fields {
		if d.words.any("private", f.name) {
			names = append(names, f.name)
		}
	}
	return names
}

// ddl is the statement below the header.
func (d *drafter) ddl() string {
	type line struct{ name, typed, null string }
	var lines []line
	if d.made != "" {
		lines = append(lines, line{d.made, "date", " not null"})
	}
	for _, f := range d.fields {
		l := line{f.name, f.typed, ""}
		if f.notNull {
			l.null = " not null"
		}
		lines = append(lines, l)
	}
	nameWidth, typeWidth := 0, 0
	for _, l := range lines {
		nameWidth, typeWidth = max(nameWidth, len(l.name)), max(typeWidth, len(l.typed))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "create or replace table %s (\n", d.table())
	for i, l := range lines {
		end := ","
		if i == len(lines)-1 && d.key == "" {
			end = ""
		}
		b.WriteString("  " + strings.TrimRight(fmt.Sprintf("%-*s %-*s%s", nameWidth, l.name, typeWidth, l.typed, l.null), " ") + end + "\n")
	}
	if d.key != "" {
		fmt.Fprintf(&b, "  primary key (%s)\n", d.key)
	}
	b.WriteString(");\n")
	return b.String()
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

func first(list []string, n int) []string {
	if len(list) <= n {
		return list
	}
	return append(slices.Clone(list[:n-1]), fmt.Sprintf("... (%d in all)", len(list)))
}
