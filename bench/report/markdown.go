package report

import (
	"fmt"
	"strings"
)

// Markdown is the document as Markdown; pictures lie below the directory pictures.
func (d *Document) Markdown(pictures string) string {
	m := &markdown{pictures: pictures}
	m.line("# %s", escaped(d.Title))
	m.line("%s.", escaped(d.Subtitle))
	m.blocks(d.Lead)
	for _, s := range d.Sections {
		m.line("## %s", escaped(s.Title))
		m.blocks(s.Blocks)
	}
	m.line("## Every case")
	m.line("The command of a case makes its samples again, and those of what it is compared with; that of a suite, all of them.")
	for _, e := range d.Cases {
		m.entry(e)
	}
	return strings.TrimRight(m.String(), "\n") + "\n"
}

type markdown struct {
	strings.Builder
	pictures string
}

// line writes a paragraph.
func (m *markdown) line(format string, args ...any) {
	fmt.Fprintf(m, format+"\n\n", args...)
}

func (m *markdown) blocks(all []Block) {
	for _, block := range all {
		switch b := block.(type) {
		case Text:
			m.line("%s", inline(b))
		case List:
			for _, t := range b {
				fmt.Fprintf(m, "- %s\n", inline(t))
			}
			m.WriteByte('\n')
		case Table:
			m.table(b)
		case Picture:
			m.line("![%s](%s/%s.svg)", escaped(b.Label), m.pictures, b.Name)
			m.line("*%s*", inline(b.Caption))
		}
	}
}

func (m *markdown) table(t Table) {
	var head, rule []string
	for _, c := range t.Columns {
		head = append(head, escaped(c.Title))
		if c.Numbers {
			rule = append(rule, "---:")
		} else {
			rule = append(rule, "---")
		}
	}
	fmt.Fprintf(m, "| %s |\n| %s |\n", strings.Join(head, " | "), strings.Join(rule, " | "))
	for _, row := range t.Rows {
		var cells []string
		for _, c := range row {
			cells = append(cells, inline(c.Text))
		}
		fmt.Fprintf(m, "| %s |\n", strings.Join(cells, " | "))
	}
	m.WriteByte('\n')
}

func (m *markdown) entry(e Entry) {
	note := ""
	if e.Note != "" {
		note = " **" + escaped(e.Note) + "**"
	}
	m.WriteString(strings.TrimRight(fmt.Sprintf("- `%s`: %s. %s%s", e.ID, escaped(e.Answers), inline(e.Figures), note), " ") + "\n")
	if e.Command != "" {
		fmt.Fprintf(m, "\n  ```sh\n  %s\n  ```\n", e.Command)
	}
	m.WriteByte('\n')
}

// inline is a text within a line.
func inline(t Text) string {
	var b strings.Builder
	for _, s := range t {
		words := escaped(s.Words)
		switch {
		case s.Words == "":
			continue
		case s.Case != "" && strings.HasSuffix(s.Case, s.Words):
			words = verbatim(s.Case)
		case s.Mark == Code:
			words = verbatim(s.Words)
		case s.Mark == Strong, s.Mark == Good, s.Mark == Bad:
			trimmed := strings.TrimRight(words, " ")
			words = "**" + trimmed + "**" + words[len(trimmed):]
		case s.Case != "":
			words = fmt.Sprintf("%s (%s)", words, verbatim(s.Case))
		}
		b.WriteString(words)
	}
	return b.String()
}

// verbatim is words as they are typed, in a table or out of it.
func verbatim(s string) string { return "`" + strings.ReplaceAll(s, "|", `\|`) + "`" }

// escaped keeps words from being read as Markdown.
func escaped(s string) string {
	return strings.NewReplacer(`\`, `\\`, "|", `\|`, "*", `\*`, "_", `\_`, "<", "&lt;", "`", "\\`", "[", `\[`, "\n", " ").Replace(s)
}
