package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Names of the file of settings that speak of environments.
const (
	environmentsSection = "environments"
	readFromKey         = "read_from"
	environmentVariable = variablePrefix + "ENV"

	environmentsDoc = "stores, lake and warehouse of dev, test, prod and whatever else there is, by name: --env NAME or LEDGERMILL_ENV chooses one, which stands above the rest of the file"
	readFromDoc     = "another environment, whose published units are read where they are the same as would be made here; nothing is ever written to it"
)

// environmentName is how an environment may be called.
var environmentName = regexp.MustCompile(`^[a-z][a-z0-9_-]*$`)

// cutEnvironment parts a dotted key of an environment into its name and the rest.
func cutEnvironment(key string) (name, rest string, ok bool) {
	rest, ok = strings.CutPrefix(key, environmentsSection+".")
	if !ok {
		return "", key, false
	}
	name, rest, _ = strings.Cut(rest, ".")
	return name, rest, true
}

// choose notes what the file says of environments and takes what it says of the one
// that is asked for. Others are not looked at: what they refer to may not be here.
func (l *loader) choose(values []fileValue, names []string) {
	source := sourceFlag
	if l.environmentOf = l.options.Environment; l.environmentOf == "" {
		l.environmentOf, _ = lookup(l.options.Env, environmentVariable)
		source = environmentVariable
	}
	if l.environmentOf == "" {
		return
	}
	if !slices.Contains(names, l.environmentOf) {
		remedy := "add it to " + environmentsSection + " in " + FileName
		if len(names) > 0 {
			remedy = didYouMean(l.environmentOf, names)
		}
		l.faults = append(l.faults, &Error{Source: source, Key: "env", Value: l.environmentOf, Problem: "is no environment of " + FileName, Remedy: remedy})
		return
	}
	l.config.Environment = l.environmentOf
	l.config.sources["env"] = source
	for _, v := range values {
		name, rest, ok := cutEnvironment(v.key)
		switch {
		case !ok || name != l.environmentOf:
		case rest == readFromKey:
			l.readFrom(v, names)
		default:
			v.key = rest
			l.fileValue(v)
		}
	}
}

func (l *loader) readFrom(v fileValue, names []string) {
	l.config.sources[readFromKey] = v.at
	switch {
	case v.text == l.environmentOf:
		l.faults = append(l.faults, &Error{Source: v.at, Key: v.key, Value: v.text, Problem: "is the environment itself", Remedy: "name another one, or leave it out"})
	case !slices.Contains(names, v.text):
		l.faults = append(l.faults, &Error{Source: v.at, Key: v.key, Value: v.text, Problem: "is no environment of " + FileName, Remedy: didYouMean(v.text, names)})
	default:
		l.reads = v.text
	}
}

// other loads the environment that is read from: by the file alone, and by variables
// for what it leaves open of how stores are reached.
func (l *loader) other() {
	if l.reads == "" || l.options.reading || len(l.faults) > 0 {
		return
	}
	options := l.options
	options.Environment, options.Flags, options.reading = l.reads, nil, true
	config, err := Load(options)
	at := l.config.sources[readFromKey]
	if err != nil {
		l.faults = append(l.faults, &Error{Source: at, Key: readFromKey, Value: l.reads, Problem: "cannot be read: " + err.Error()})
		return
	}
	key := environmentsSection + "." + l.environmentOf
	if config.Lake.Root == l.config.Lake.Root {
		l.faults = append(l.faults, &Error{Source: at, Key: readFromKey, Problem: fmt.Sprintf("the lake of %s is that of %s: %s", l.environmentOf, l.reads, config.Lake.Root),
			Remedy: "give it one of its own: " + key + ".lake.root"})
	}
	if url := config.Warehouse.URL; url != "" && url == l.config.Warehouse.URL {
		l.faults = append(l.faults, &Error{Source: at, Key: readFromKey, Problem: fmt.Sprintf("the warehouse of %s is that of %s: %s", l.environmentOf, l.reads, url.URL()),
			Remedy: "give it one of its own: " + key + `.warehouse.url, "" for a private server`})
	}
	l.config.ReadFrom = &config
}

// open reports whether a variable may set a key of an environment that is only read
// from: how its stores are reached, where the file does not say.
func (l *loader) open(key string) bool {
	if !l.options.reading {
		return true
	}
	_, said := l.config.sources[key]
	return !said && (strings.HasPrefix(key, "s3.") || strings.HasPrefix(key, "lake.s3."))
}
