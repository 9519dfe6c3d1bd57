package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Write prints the settings as a canonical ledgermill.json: all of them, in the
// order of the table. A secret that is set is written as a reference to its
// environment variable, never as text. Reading it back gives the same settings.
func Write(w io.Writer, c Config) error {
	var out bytes.Buffer
	out.WriteString("{\n")
	section := ""
	for i, s := range table() {
		parent, name, nested := strings.Cut(s.key, ".")
		if !nested {
			parent, name = "", s.key
		}
		if parent != section {
			if section != "" {
				out.WriteString("\n  }")
			}
			section = parent
			out.WriteString(",\n  " + quote(section) + ": {\n")
		} else if i > 0 {
			out.WriteString(",\n")
		}
		indent := "  "
		if nested {
			indent = "    "
		}
		out.WriteString(indent + quote(name) + ": " + s.literal(&c))
	}
	out.WriteString("\n  },\n  " + quote(parameterSection) + ": {")
	for i, name := range sortedKeys(c.Parameters) {
		if i > 0 {
			out.WriteByte(',')
		}
		out.WriteString("\n    " + quote(name) + ": " + quote(escape(c.Parameters[name])))
	}
	if len(c.Parameters) > 0 {
		out.WriteString("\n  ")
	}
	out.WriteString("}\n}\n")
	if _, err := w.Write(out.Bytes()); err != nil {
		return fmt.Errorf("write settings: %w", err)
	}
	return nil
}

// literal is the setting's value in the file.
func (s setting) literal(c *Config) string {
	text := s.get(c)
	switch {
	case s.number:
		return text
	case s.secret && text != "":
		return quote("${" + s.variable() + "}")
	}
	return quote(escape(text))
}

// escape keeps a text that holds ${ from being expanded when it is read.
func escape(text string) string { return strings.ReplaceAll(text, "${", "$${") }

func quote(text string) string {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	// A string can always be encoded.
	_ = encoder.Encode(text)
	return strings.TrimSpace(out.String())
}
