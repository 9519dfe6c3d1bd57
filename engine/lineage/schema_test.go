package lineage_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// schemas are OpenLineage's own, by their $id.
type schemas map[string]map[string]any

func readSchemas(t *testing.T) schemas {
	t.Helper()
	files, err := filepath.Glob("testdata/openlineage/*.json")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d schemas, %v", len(files), err)
	}
	all := schemas{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var s map[string]any
		if err := json.Unmarshal(data, &s); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		id, _ := s["$id"].(string)
		all[id] = s
	}
	return all
}

// at finds the schema that a reference names; base is the document that names it.
func (s schemas) at(base, ref string) (schema map[string]any, document string, err error) {
	document, place, _ := strings.Cut(ref, "#")
	if document == "" {
		document = base
	}
	schema, ok := s[document]
	if !ok {
		return nil, "", fmt.Errorf("no schema %s", document)
	}
	for _, key := range strings.Split(strings.Trim(place, "/"), "/") {
		if schema, ok = schema[key].(map[string]any); !ok {
			return nil, "", fmt.Errorf("no %s in %s", ref, base)
		}
	}
	return schema, document, nil
}

// faults holds a value against a schema: the part of JSON Schema that OpenLineage uses.
// A property that no schema of an object names is a fault too, unless it may hold any.
func (s schemas) faults(at, base string, schema map[string]any, v any) []string {
	var all []string
	if ref, ok := schema["$ref"].(string); ok {
		next, document, err := s.at(base, ref)
		if err != nil {
			return []string{at + ": " + err.Error()}
		}
		all = append(all, s.faults(at, document, next, v)...)
	}
	for _, key := range []string{"allOf", "anyOf"} {
		list, _ := schema[key].([]any)
		for _, one := range list {
			all = append(all, s.faults(at, base, one.(map[string]any), v)...)
		}
	}
	if kind, ok := schema["type"].(string); ok && !isOf(kind, v) {
		return append(all, fmt.Sprintf("%s: %v is no %s", at, v, kind))
	}
	if list, ok := schema["enum"].([]any); ok && !slices.Contains(list, v) {
		all = append(all, fmt.Sprintf("%s: %v is none of %v", at, v, list))
	}
	if format, ok := schema["format"].(string); ok && !hasFormat(format, v) {
		all = append(all, fmt.Sprintf("%s: %v is no %s", at, v, format))
	}
	object, _ := v.(map[string]any)
	required, _ := schema["required"].([]any)
	for _, name := range required {
		if _, ok := object[name.(string)]; !ok {
			all = append(all, at+": lacks "+name.(string))
		}
	}
	properties, _ := schema["properties"].(map[string]any)
	more, _ := schema["additionalProperties"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if p, ok := properties[name].(map[string]any); ok {
			all = append(all, s.faults(at+"."+name, base, p, object[name])...)
		} else if more != nil {
			all = append(all, s.faults(at+"."+name, base, more, object[name])...)
		}
	}
	if items, ok := schema["items"].(map[string]any); ok {
		values, _ := v.([]any)
		for i, one := range values {
			all = append(all, s.faults(fmt.Sprintf("%s[%d]", at, i), base, items, one)...)
		}
	}
	return all
}

func isOf(kind string, v any) bool {
	switch v := v.(type) {
	case map[string]any:
		return kind == "object"
	case []any:
		return kind == "array"
	case string:
		return kind == "string"
	case bool:
		return kind == "boolean"
	case float64:
		return kind == "number" || kind == "integer" && v == float64(int64(v))
	}
	return false
}

var uuid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

func hasFormat(format string, v any) bool {
	text, _ := v.(string)
	switch format {
	case "date-time":
		_, err := time.Parse(time.RFC3339Nano, text)
		return err == nil
	case "uri":
		u, err := url.Parse(text)
		return err == nil && u.Scheme != ""
	case "uuid":
		return uuid.MatchString(text)
	}
	return true
}

// names are the properties that a schema knows, its parts and references included.
func (s schemas) names(base string, schema map[string]any) map[string]bool {
	known := map[string]bool{}
	if ref, ok := schema["$ref"].(string); ok {
		if next, document, err := s.at(base, ref); err == nil {
			maps.Copy(known, s.names(document, next))
		}
	}
	list, _ := schema["allOf"].([]any)
	for _, one := range list {
		maps.Copy(known, s.names(base, one.(map[string]any)))
	}
	properties, _ := schema["properties"].(map[string]any)
	for name := range properties {
		known[name] = true
	}
	return known
}

// check holds an event against the schema that it names, and each facet against its
// own: every name that is written must be one of the specification.
func (s schemas) check(data []byte) []string {
	var event map[string]any
	if err := json.Unmarshal(data, &event); err != nil {
		return []string{err.Error()}
	}
	ref, _ := event["schemaURL"].(string)
	schema, document, err := s.at("", ref)
	if err != nil {
		return []string{err.Error()}
	}
	all := s.faults("event", document, schema, event)
	for _, name := range unknown(event, s.names(document, schema)) {
		all = append(all, "event: the specification knows no "+name)
	}
	return append(all, s.facets("event", event)...)
}

func unknown(object map[string]any, known map[string]bool) []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if !known[name] {
			names = append(names, name)
		}
	}
	return names
}

// facets finds all facets within a value: what has a _schemaURL.
func (s schemas) facets(at string, v any) []string {
	var all []string
	switch v := v.(type) {
	case []any:
		for i, one := range v {
			all = append(all, s.facets(fmt.Sprintf("%s[%d]", at, i), one)...)
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			all = append(all, s.facets(at+"."+name, v[name])...)
		}
		ref, ok := v["_schemaURL"].(string)
		if !ok {
			break
		}
		schema, document, err := s.at("", ref)
		if err != nil {
			return append(all, at+": "+err.Error())
		}
		all = append(all, s.faults(at, document, schema, v)...)
		for _, name := range unknown(v, s.names(document, schema)) {
			all = append(all, at+": the specification knows no "+name)
		}
		// A facet stands under the name that its document gives it.
		if top, _ := s[document]["properties"].(map[string]any); top[path.Ext("." + at)[1:]] == nil {
			all = append(all, fmt.Sprintf("%s: %s calls the facet %v", at, document, slices.Collect(maps.Keys(top))))
		}
	}
	return all
}
