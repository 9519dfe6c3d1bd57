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
//
// schema is where editors find what [WriteSchema] prints, "" for nowhere.
func Write(w io.Writer, schema string, c Config) error {
	var out bytes.Buffer
	out.WriteString("{\n")
	if schema != "" {
		out.WriteString(indent(1) + quote(schemaKey) + ": " + quote(schema) + ",\n")
	}
	var open []string // the sections around the last setting
	for i, s := range table() {
		path := strings.Split(s.key, ".")
		sections, name := path[:len(path)-1], path[len(path)-1]
		shared := 0
		for shared < min(len(open), len(sections)) && open[shared] == sections[shared] {
			shared++
		}
		for ; len(open) > shared; open = open[:len(open)-1] {
			out.WriteString("\n" + indent(len(open)) + "}")
		}
		if i > 0 {
			out.WriteString(",\n")
		}
		for ; len(open) < len(sections); open = append(open, sections[len(open)]) {
			out.WriteString(indent(len(open)+1) + quote(sections[len(open)]) + ": {\n")
		}
		out.WriteString(indent(len(open)+1) + quote(name) + ": " + s.literal(&c))
	}
	for ; len(open) > 0; open = open[:len(open)-1] {
		out.WriteString("\n" + indent(len(open)) + "}")
	}
	out.WriteString(",\n  " + quote(parameterSection) + ": {")
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

func indent(depth int) string { return strings.Repeat("  ", depth) }

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
