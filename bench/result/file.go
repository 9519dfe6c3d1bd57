package result

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// SchemaError is a file of a form that this program does not know.
type SchemaError struct {
	Path   string
	Schema int
}

func (e *SchemaError) Error() string {
	return fmt.Sprintf("%s is of schema %d, not %d", e.Path, e.Schema, Schema)
}

// Try says what to do about it.
func (e *SchemaError) Try() string {
	return "read it with the program that wrote it: its commit is in the file"
}

// Read reads a file. Keys that it does not know are an error: a figure must not
// be dropped without a word.
func Read(path string) (*Result, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read result: %w", err)
	}
	var version struct {
		Schema int `json:"schema"`
	}
	if err := json.Unmarshal(text, &version); err != nil {
		return nil, fmt.Errorf("read result %s: %w", path, err)
	}
	if version.Schema != Schema {
		return nil, &SchemaError{Path: path, Schema: version.Schema}
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	r := new(Result)
	if err := decoder.Decode(r); err != nil {
		return nil, fmt.Errorf("read result %s: %w", path, err)
	}
	if err := r.check(); err != nil {
		return nil, fmt.Errorf("read result %s: %w", path, err)
	}
	return r, nil
}

// check refuses names that stand for two things or for none.
func (r *Result) check() error {
	suites := map[string]bool{}
	for _, s := range r.Suites {
		if suites[s.Name] {
			return fmt.Errorf("two suites are named %q", s.Name)
		}
		suites[s.Name] = true
		cases := map[string]bool{}
		for _, c := range s.Cases {
			if cases[c.Name] {
				return fmt.Errorf("two cases of %s are named %q", s.Name, c.Name)
			}
			cases[c.Name] = true
		}
	}
	return nil
}

// Encode writes the result as indented JSON.
func (r *Result) Encode(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	return encoder.Encode(r)
}

// Write puts the result at path, whole or not at all.
func (r *Result) Write(path string) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("write result %s: %w", path, errors.Join(err, os.Remove(f.Name())))
		}
	}()
	if err := errors.Join(r.Encode(f), f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
