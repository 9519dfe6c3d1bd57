package report

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html"
	"strings"

	"ledgermill/bench/report/chart"
)

//go:embed page.css
var pageCSS string

// Page is the document as one HTML file that needs nothing beside it. It has no
// script, and its own policy allows nothing but its one style sheet.
func (d *Document) Page() (string, error) {
	p := &page{of: d, anchors: map[string]string{}}
	for i, e := range d.Cases {
		p.anchors[e.ID] = fmt.Sprintf("case-%d", i+1)
	}
	style := pageCSS + chart.Rules()
	sum := sha256.Sum256([]byte(style))
	fmt.Fprintf(p, `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-%s'; img-src data:">
<title>%s</title><style>%s</style></head><body><main>
<h1>%s</h1><p class="subtitle">%s</p>
`, base64.StdEncoding.EncodeToString(sum[:]), esc(d.Title), style, esc(d.Title), esc(d.Subtitle))
	if err := p.blocks(d.Lead); err != nil {
		return "", err
	}
	p.WriteString("<nav>")
	for _, s := range d.Sections {
		fmt.Fprintf(p, `<a href="#%s">%s</a> `, s.ID, esc(s.Title))
	}
	p.WriteString(`<a href="#cases">Every case</a></nav>` + "\n")
	for _, s := range d.Sections {
		fmt.Fprintf(p, "<section id=\"%s\"><h2>%s</h2>\n", s.ID, esc(s.Title))
		if err := p.blocks(s.Blocks); err != nil {
			return "", err
		}
		p.WriteString("</section>\n")
	}
	p.cases(d.Cases)
	p.WriteString("</main></body></html>\n")
	return p.String(), nil
}

type page struct {
	strings.Builder
	of      *Document
	anchors map[string]string // by entry
}

func esc(s string) string { return html.EscapeString(s) }

func (p *page) blocks(all []Block) error {
	for _, block := range all {
		switch b := block.(type) {
		case Text:
			fmt.Fprintf(p, "<p>%s</p>\n", p.text(b))
		case List:
			p.WriteString("<ul>")
			for _, t := range b {
				fmt.Fprintf(p, "<li>%s</li>", p.text(t))
			}
			p.WriteString("</ul>\n")
		case Table:
			p.table(b)
		case Picture:
			if err := p.picture(b); err != nil {
				return err
			}
		}
	}
	return nil
}

// picture has the chart in two widths, of which the style sheet shows one.
func (p *page) picture(b Picture) error {
	p.WriteString("<figure>")
	for class, width := range []float64{chart.Wide, chart.Narrow} {
		d, err := b.Chart.Draw(width)
		if err != nil {
			return fmt.Errorf("%s: %w", b.Name, err)
		}
		p.WriteString(d.Inline([]string{"wide", "narrow"}[class], b.Label))
	}
	fmt.Fprintf(p, "<figcaption>%s</figcaption></figure>\n", p.text(b.Caption))
	return nil
}

func (p *page) table(t Table) {
	class := "scrolls"
	if t.Cards {
		class = "cards"
	}
	fmt.Fprintf(p, `<div class="%s" tabindex="0"><table><thead><tr>`, class)
	for _, c := range t.Columns {
		fmt.Fprintf(p, `<th%s scope="col">%s</th>`, numbers(c), esc(c.Title))
	}
	p.WriteString("</tr></thead><tbody>\n")
	for _, row := range t.Rows {
		p.WriteString("<tr>")
		for i, c := range row {
			p.cell(t, i, c)
		}
		p.WriteString("</tr>\n")
	}
	p.WriteString("</tbody></table></div>\n")
}

func numbers(c Column) string {
	if c.Numbers {
		return ` class="n"`
	}
	return ""
}

func (p *page) cell(t Table, i int, c Cell) {
	column := t.Columns[i]
	tag, classes, title := "td", []string{}, ""
	if i == 0 {
		tag = "th"
	}
	if column.Numbers {
		classes = append(classes, "n")
	}
	if c.Heat != 0 {
		classes = append(classes, map[int]string{-1: "slower", 1: "heat-1", 2: "heat-2", 3: "heat-3"}[c.Heat])
	}
	if t.Cards && i > 0 {
		title = fmt.Sprintf(` data-label="%s"`, esc(column.Title))
	}
	fmt.Fprintf(p, "<%s", tag)
	if len(classes) > 0 {
		fmt.Fprintf(p, ` class="%s"`, strings.Join(classes, " "))
	}
	fmt.Fprintf(p, "%s>%s</%s>", title, p.text(c.Text), tag)
}

// text is a text within a line. A figure is linked to what makes it again, and carries
// what it was made of.
func (p *page) text(t Text) string {
	var b strings.Builder
	for _, s := range t {
		words := esc(s.Words)
		switch {
		case s.Figure != nil:
			words = p.figure(s.Figure)
		case s.Case != "":
			words = fmt.Sprintf(`<a href="#%s"%s>%s</a>`, p.anchors[s.Case], classOf(s.Mark), words)
		case s.Mark == Strong:
			words = "<strong>" + words + "</strong>"
		case s.Mark == Code:
			words = "<code>" + words + "</code>"
		case s.Mark != None:
			words = fmt.Sprintf("<span%s>%s</span>", classOf(s.Mark), words)
		}
		b.WriteString(words)
	}
	return b.String()
}

func classOf(m Mark) string {
	if m == None {
		return ""
	}
	return fmt.Sprintf(` class="%s"`, m)
}

func (p *page) figure(f *Figure) string {
	less, by := "", ""
	if f.Less {
		less = ` data-less="1"`
	}
	if len(f.By) > 0 {
		by = fmt.Sprintf(` data-by="%s"`, esc(strings.Join(f.By, "|")))
	}
	return fmt.Sprintf(`<a class="f" href="#%s"><data value="%.9g" data-how="%s" data-field="%s" data-of="%s"%s%s>%s</data></a>`,
		p.anchors[p.of.madeBy(f)], f.Value, f.How, esc(string(f.Field)), esc(strings.Join(f.Of, "|")), by, less, esc(f.Text))
}

// cases lists every case with the command that makes it again.
func (p *page) cases(all []Entry) {
	p.WriteString(`<section id="cases"><h2>Every case</h2><p>The command of a case makes its samples again, and those of what it is compared with; that of a suite, all of them.</p><dl>` + "\n")
	for _, e := range all {
		note := ""
		if e.Note != "" {
			note = ` <span class="unsure">` + esc(e.Note) + "</span>"
		}
		fmt.Fprintf(p, `<div id="%s"><dt>%s</dt><dd>%s. %s%s</dd>`, p.anchors[e.ID], esc(e.ID), esc(e.Answers), p.text(e.Figures), note)
		if e.Command != "" {
			fmt.Fprintf(p, "<dd><code>%s</code></dd>", esc(e.Command))
		}
		p.WriteString("</div>\n")
	}
	p.WriteString("</dl></section>\n")
}
