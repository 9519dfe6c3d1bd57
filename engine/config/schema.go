package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// SchemaFile is where a project keeps the schema of its settings, below its directory.
const SchemaFile = "sql/ledgermill.schema.json"

// schemaKey is the name in the file of settings that tells editors of the schema.
const schemaKey = "$schema"

// schemaNode is a part of a JSON schema.
type schemaNode struct {
	Schema      string                 `json:"$schema,omitempty"`
	Title       string                 `json:"title,omitempty"`
	Description string                 `json:"description,omitempty"`
	Type        any                    `json:"type,omitempty"`
	Enum        []string               `json:"enum,omitempty"`
	Properties  map[string]*schemaNode `json:"properties,omitempty"`
	Names       *schemaNode            `json:"propertyNames,omitempty"`
	Pattern     string                 `json:"pattern,omitempty"`
	// Additional is false where no other name is allowed, or what the others are.
	Additional any `json:"additionalProperties,omitempty"`
}

// WriteSchema prints a JSON schema of the file of settings, for editors: what may stand
// in it, and what it means.
func WriteSchema(w io.Writer) error {
	root := section("")
	root.Schema, root.Title = "http://json-schema.org/draft-07/schema#", "Settings of a Ledgermill project"
	root.Description = "All settings are optional. Texts may refer to environment variables as ${NAME}. " +
		"Above this file are variables such as LEDGERMILL_LAKE_ROOT, then flags."
	environment := section("")
	environment.Description = "What is other in this environment: every setting but name."
	delete(environment.Properties, "name")
	environment.Properties[readFromKey] = &schemaNode{Type: "string", Description: readFromDoc}
	root.Properties[environmentsSection] = &schemaNode{Type: "object", Description: environmentsDoc, Additional: environment,
		Names: &schemaNode{Pattern: environmentName.String()}}
	root.Properties[schemaKey] = &schemaNode{Type: "string", Description: "this schema, for editors"}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(root); err != nil {
		return fmt.Errorf("write schema: %w", err)
	}
	if _, err := w.Write(out.Bytes()); err != nil {
		return fmt.Errorf("write schema: %w", err)
	}
	return nil
}

// section is the schema of the settings below a dotted key, "" for all of them.
func section(prefix string) *schemaNode {
	node := &schemaNode{Type: "object", Additional: false, Properties: map[string]*schemaNode{}}
	for _, s := range table() {
		rest, inside := s.key, true
		if prefix != "" {
			rest, inside = strings.CutPrefix(s.key, prefix+".")
		}
		if !inside {
			continue
		}
		name, _, nested := strings.Cut(rest, ".")
		switch {
		case !nested:
			node.Properties[name] = s.schema()
		case node.Properties[name] == nil:
			node.Properties[name] = section(strings.TrimPrefix(prefix+"."+name, "."))
		}
	}
	if prefix == "" {
		node.Properties[parameterSection] = &schemaNode{Type: "object", Names: &schemaNode{Pattern: parameterName.String()},
			Description: "values of the parameters of SQL files, by name without $: a number, a text or a truth value",
			Additional:  &schemaNode{Type: []string{"string", "number", "boolean"}}}
	}
	return node
}

// schema is that of one setting. A reference to a variable is a text, whatever the
// setting's type is.
func (s setting) schema() *schemaNode {
	node := &schemaNode{Description: s.doc, Type: "string", Enum: s.words}
	if s.json != "" {
		node.Type = []string{s.json, "string"}
	}
	return node
}
