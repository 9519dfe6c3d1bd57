package dictionary

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// Markdown writes the dictionary.
func (d *Dictionary) Markdown(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "# Data dictionary of %s\n\nMade of the SQL files by `ledgermill docs`.\n", d.Project)
	for _, s := range d.Sections {
		fmt.Fprintf(b, "\n- [%s](#%s): ", s.Title, anchor(s.Title))
		for i, one := range s.Datasets {
			if i > 0 {
				b.WriteString(", ")
			}
			fmt.Fprintf(b, "[%s](#%s)", one.Name, one.ID)
		}
	}
	b.WriteByte('\n')
	for _, s := range d.Sections {
		fmt.Fprintf(b, "\n## %s\n\n%s\n", s.Title, s.About)
		for _, one := range s.Datasets {
			one.markdown(b)
		}
	}
	return b.Flush()
}

func anchor(title string) string { return strings.ReplaceAll(strings.ToLower(title), " ", "-") }

func (d *Dataset) markdown(b *bufio.Writer) {
	fmt.Fprintf(b, "\n<a id=\"%s\"></a>\n\n### %s\n\n", d.ID, d.Name)
	if d.About != "" {
		b.WriteString(markdownText(d.About) + "\n\n")
	}
	for _, f := range d.Facts {
		fmt.Fprintf(b, "- %s: `%s`\n", f.Name, f.Value)
	}
	list := func(title string, links []Link) {
		if len(links) > 0 {
			fmt.Fprintf(b, "- %s: %s\n", title, markdownLinks(links))
		}
	}
	list("Made from", d.Inputs)
	list("Read by", d.Readers)
	if len(d.Rows) > 0 {
		fmt.Fprintf(b, "- Rows decided by: %s\n", markdownSources(d.Rows))
	}
	if d.File != "" {
		fmt.Fprintf(b, "- File: `%s`\n", d.File)
	}
	for _, t := range d.Tests {
		fmt.Fprintf(b, "- Test (%s): `%s`\n", t.Severity, t.Text)
	}
	if d.Unclear != "" {
		fmt.Fprintf(b, "- The sources of its columns are not known: %s\n", markdownText(d.Unclear))
	}
	if len(d.Columns) == 0 {
		return
	}
	b.WriteString("\n| Column | Type | Meaning | Held to | Comes from |\n|---|---|---|---|---|\n")
	for _, c := range d.Columns {
		held := append([]string{}, c.Rules...)
		for _, t := range c.Tests {
			text := t.Text
			if t.Severity == "warn" {
				text += " (warn)"
			}
			held = append(held, text)
		}
		about := markdownText(c.About)
		if c.Private {
			about = strings.TrimSpace("**private** " + about)
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", markdownText(c.Name), c.Type, about, markdownText(strings.Join(held, "; ")), markdownSources(c.From))
	}
}

// markdownText keeps text from being read as marks, and in its cell.
func markdownText(text string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "*", `\*`, "_", `\_`, "`", "\\`", "[", `\[`, "\n", " ").Replace(text)
}

func markdownLinks(links []Link) string {
	var all []string
	for _, l := range links {
		if l.ID == "" {
			all = append(all, markdownText(l.Name))
			continue
		}
		all = append(all, "["+markdownText(l.Name)+"](#"+l.ID+")")
	}
	return strings.Join(all, ", ")
}

func markdownSources(sources []Source) string {
	var all []string
	for _, s := range sources {
		all = append(all, s.How+" "+markdownLinks(s.Columns))
	}
	return strings.Join(all, "; ")
}
