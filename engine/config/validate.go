package config

import (
	"regexp"
	"slices"
)

// parameterName is a name that SQL files can refer to as $name.
var parameterName = regexp.MustCompile(`^[a-z_][a-z0-9_]*$`)

// Validate returns everything that is wrong with the settings as [Errors], or
// nil.
func (c Config) Validate() error { return c.faults(nil).asError() }

// faults checks the settings but those already found broken.
func (c Config) faults(except []string) Errors {
	var out Errors
	for _, s := range table() {
		if slices.Contains(except, s.key) {
			continue
		}
		if err := s.check(&c); err != nil {
			out = append(out, &Error{Source: c.sources[s.key], Key: s.key, Value: s.show(&c), Problem: err.Error(),
				Remedy: s.key + ": " + s.doc})
		}
	}
	for _, name := range sortedKeys(c.Parameters) {
		if !parameterName.MatchString(name) {
			key := parameterPrefix + name
			out = append(out, &Error{Source: c.sources[key], Key: key,
				Problem: "is no name of a parameter: lower-case letters, digits and _ are"})
		}
	}
	return out
}
