package report

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"ledgermill/bench/report/chart"
)

// Write puts the document into a directory, which it makes if need be: name.md,
// name.html, and the pictures of the Markdown below name/. It returns the paths of
// the two pages.
func (d *Document) Write(dir, name string) (pages []string, err error) {
	page, err := d.Page()
	if err != nil {
		return nil, fmt.Errorf("write report: %w", err)
	}
	if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
		return nil, fmt.Errorf("write report: %w", err)
	}
	for _, b := range d.pictures() {
		drawing, err := b.Chart.Draw(chart.Wide)
		if err != nil {
			return nil, fmt.Errorf("write report: %s: %w", b.Name, err)
		}
		if err := os.WriteFile(filepath.Join(dir, name, b.Name+".svg"), drawing.File(b.Label), 0o644); err != nil {
			return nil, fmt.Errorf("write report: %w", err)
		}
	}
	pages = []string{filepath.Join(dir, name+".md"), filepath.Join(dir, name+".html")}
	err = errors.Join(os.WriteFile(pages[0], []byte(d.Markdown(name)), 0o644), os.WriteFile(pages[1], []byte(page), 0o644))
	if err != nil {
		return nil, fmt.Errorf("write report: %w", err)
	}
	return pages, nil
}

// pictures are all of the document, in order.
func (d *Document) pictures() (list []Picture) {
	for _, s := range d.Sections {
		for _, b := range s.Blocks {
			if p, ok := b.(Picture); ok {
				list = append(list, p)
			}
		}
	}
	return list
}

// Answer is the first three sentences, as plain text.
func (d *Document) Answer() (sentences []string) {
	for _, b := range d.Lead {
		if t, ok := b.(Text); ok {
			sentences = append(sentences, t.String())
		}
	}
	return sentences
}

// String is the text without links and marks.
func (t Text) String() string {
	var s string
	for _, span := range t {
		s += span.Words
	}
	return s
}
