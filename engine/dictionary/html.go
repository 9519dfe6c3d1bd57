package dictionary

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
)

//go:embed page.html
var page string

// HTML writes the dictionary as one page that needs nothing else.
func (d *Dictionary) HTML(w io.Writer) error {
	t, err := template.New("dictionary").Funcs(template.FuncMap{"anchor": anchor}).Parse(page)
	if err != nil {
		return fmt.Errorf("read the page of the dictionary: %w", err)
	}
	return t.Execute(w, d)
}
