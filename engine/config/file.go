package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// fileValue is a scalar of the file with the place where it stands.
type fileValue struct {
	key    string
	text   string
	quoted bool // a JSON string, where ${VAR} is expanded
	at     string
}

// fileReader turns JSON objects into dotted keys. It keeps to the token stream,
// because encoding/json's structs know no positions, match names in any case and
// take a name twice.
type fileReader struct {
	name    string
	data    []byte
	decoder *json.Decoder
	values  []fileValue
	faults  Errors

	environments []string
}

// readFile returns the values of the file and the names of its environments.
func readFile(name string, data []byte) ([]fileValue, []string, Errors) {
	r := &fileReader{name: name, data: data, decoder: json.NewDecoder(bytes.NewReader(data))}
	r.decoder.UseNumber()
	// A decoder's offsets of syntax errors are off, those of Unmarshal exact.
	var whole json.RawMessage
	err := json.Unmarshal(data, &whole)
	if err == nil {
		err = r.document()
	}
	if err != nil {
		r.faults = append(r.faults, r.syntax(err))
	}
	return r.values, r.environments, r.faults
}

func (r *fileReader) document() error {
	at := r.next()
	token, err := r.decoder.Token()
	if err != nil {
		return err
	}
	if token != json.Delim('{') {
		r.fault(at, "", "the settings must be a JSON object")
		return nil
	}
	return r.object("")
}

// object reads the members of an object whose brace has been read.
func (r *fileReader) object(section string) error {
	seen := map[string]bool{}
	for r.decoder.More() {
		at := r.next()
		token, err := r.decoder.Token()
		if err != nil {
			return err
		}
		name, _ := token.(string)
		key := name
		if section != "" {
			key = section + "." + name
		}
		if seen[name] {
			r.fault(at, key, "set twice")
		}
		seen[name] = true
		if err := r.member(section, name, key, at); err != nil {
			return err
		}
	}
	_, err := r.decoder.Token()
	return err
}

func (r *fileReader) member(section, name, key, at string) error {
	if key == schemaKey {
		var skip json.RawMessage // it is for editors
		return r.decoder.Decode(&skip)
	}
	known := namesIn(section)
	isSection, ok := known[name]
	switch _, inside, _ := cutEnvironment(section); {
	case section == environmentsSection:
		isSection, ok = true, r.environment(name, key, at)
		if !ok {
			var skip json.RawMessage
			return r.decoder.Decode(&skip)
		}
	case inside == parameterSection:
		isSection, ok = false, true
	}
	if !ok {
		r.faults = append(r.faults, &Error{Source: at, Key: key, Problem: "unknown setting",
			Remedy: didYouMean(name, sortedKeys(known))})
		var skip json.RawMessage
		return r.decoder.Decode(&skip)
	}
	valueAt := r.next()
	token, err := r.decoder.Token()
	if err != nil {
		return err
	}
	if token == json.Delim('{') && isSection {
		return r.object(key)
	}
	if isSection {
		r.fault(valueAt, key, "must be a JSON object")
		return r.skip(token)
	}
	return r.scalar(key, valueAt, token)
}

// environment notes the name of an environment.
func (r *fileReader) environment(name, key, at string) bool {
	if !environmentName.MatchString(name) {
		r.fault(at, key, "is no name of an environment: lower-case letters, digits, - and _ are")
		return false
	}
	r.environments = append(r.environments, name)
	return true
}

func (r *fileReader) scalar(key, at string, token json.Token) error {
	switch value := token.(type) {
	case string:
		r.values = append(r.values, fileValue{key: key, text: value, quoted: true, at: at})
	case json.Number:
		r.values = append(r.values, fileValue{key: key, text: value.String(), at: at})
	case bool:
		r.values = append(r.values, fileValue{key: key, text: fmt.Sprint(value), at: at})
	case nil:
		r.fault(at, key, "null is no value: leave the setting out for its default")
	default:
		r.fault(at, key, "must be a single value")
		return r.skip(token)
	}
	return nil
}

// skip reads up to the end of the object or array that token opened.
func (r *fileReader) skip(token json.Token) error {
	depth := 0
	for {
		if delim, ok := token.(json.Delim); ok {
			if delim == '{' || delim == '[' {
				depth++
			} else {
				depth--
			}
		}
		if depth == 0 {
			return nil
		}
		var err error
		if token, err = r.decoder.Token(); err != nil {
			return err
		}
	}
}

// next is the position of the token that comes next, as file:line:col. Columns
// count bytes.
func (r *fileReader) next() string {
	offset := int(r.decoder.InputOffset())
	rest := r.data[offset:]
	return r.position(offset + len(rest) - len(bytes.TrimLeft(rest, " \t\r\n,:")))
}

func (r *fileReader) position(offset int) string {
	before := r.data[:min(offset, len(r.data))]
	line := bytes.Count(before, []byte{'\n'}) + 1
	column := len(before) - (bytes.LastIndexByte(before, '\n') + 1) + 1
	return fmt.Sprintf("%s:%d:%d", r.name, line, column)
}

func (r *fileReader) fault(at, key, problem string) {
	r.faults = append(r.faults, &Error{Source: at, Key: key, Problem: problem})
}

func (r *fileReader) syntax(err error) *Error {
	offset := int(r.decoder.InputOffset())
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		offset = int(syntax.Offset)
		if offset < len(r.data) || !strings.HasPrefix(syntax.Error(), "unexpected end") {
			offset-- // it counts the wrong byte too
		}
	}
	return &Error{Source: r.position(offset), Problem: "not JSON: " + err.Error()}
}

// namesIn returns the names allowed in a section ("" is the top) and whether
// each is a section itself.
func namesIn(section string) map[string]bool {
	names := map[string]bool{}
	_, inside, environment := cutEnvironment(section)
	if section == environmentsSection {
		return names
	}
	section = inside
	if section == "" {
		names[parameterSection] = true
		names[environmentsSection] = !environment
	}
	for _, s := range table() {
		rest, inside := s.key, true
		if section != "" {
			rest, inside = strings.CutPrefix(s.key, section+".")
		}
		if inside {
			name, _, nested := strings.Cut(rest, ".")
			names[name] = nested
		}
	}
	if section == "" && environment {
		delete(names, environmentsSection)
		delete(names, "name") // a lake is read by the project whose name it bears
		names[readFromKey] = false
	}
	return names
}
