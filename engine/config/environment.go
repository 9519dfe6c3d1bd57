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
	var layer []string
	for _, v := range values {
		if name, rest, ok := cutEnvironment(v.key); ok && name == l.environmentOf {
			layer = append(layer, rest)
		}
	}
	l.replaceKeys(layer)
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

// open returns which settings a variable may set, to be asked before one does: of an
// environment that is only read from, how its stores are reached, where the file leaves
// that at its default.
func (l *loader) open() func(key string) bool {
	if !l.options.reading {
		return func(string) bool { return true }
	}
	left, defaults := map[string]bool{}, Default()
	for _, section := range s3Sections() {
		for key, s := range l.rows {
			if strings.HasPrefix(key, section+".") {
				left[key] = s.get(&l.config) == s.get(&defaults)
			}
		}
		l.closeKeys(section, left)
	}
	closeLake(left)
	return func(key string) bool { return left[key] }
}

// closeKeys keeps the key and the token of variables from the keys that the file has:
// all are left to them or none, unless the file has a half of a pair and no variable
// stands for a key that it has.
func (l *loader) closeKeys(section string, left map[string]bool) {
	keys := credentials(section)
	another := slices.ContainsFunc(keys, func(key string) bool {
		value, _ := lookup(l.options.Env, variableOf(key))
		return value != "" && !left[key]
	})
	if !another && (left[keys[0]] || left[keys[1]]) {
		return
	}
	for _, key := range keys {
		left[key] = false
	}
}

// closeLake leaves of the lake's store only what the file does not say of the input's
// either, whose settings are the lake's where it has none: a variable would stand above
// them. Who has an access key for the lake takes nothing of the input's keys.
func closeLake(left map[string]bool) {
	input, lake := credentials("s3"), credentials("lake.s3")
	keys := left[lake[0]] && slices.ContainsFunc(input, func(key string) bool { return !left[key] })
	for key := range left {
		setting, ok := strings.CutPrefix(key, "lake.")
		switch {
		case !ok:
		case slices.Contains(lake, key):
			left[key] = left[key] && !keys
		default:
			left[key] = left[key] && left[setting]
		}
	}
}
