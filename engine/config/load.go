package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Options says what Load reads.
type Options struct {
	// Project is the project's directory: where the file is looked for and what
	// relative paths resolve against. "" is the current directory.
	Project string

	// File is the path of the file of settings. Default: ledgermill.json in
	// Project, which may be missing; a file named here must exist.
	File string

	// FS, if set, is what File is read from instead of the disk; such a file may
	// be missing.
	FS fs.FS

	// Env is the environment, as os.Environ gives it. Only names that begin with
	// LEDGERMILL_, those the file refers to, and what S3 tools share (AWS_...) are
	// looked at.
	Env []string

	// Flags are the settings given on the command line, by dotted key;
	// "parameters.NAME" binds a parameter.
	Flags map[string]string

	// Environment is the environment of the file whose settings stand above the rest
	// of it. Default: what LEDGERMILL_ENV names, or none.
	Environment string

	// WorkDir is what relative paths among the flags resolve against, as users
	// expect of a command line. Default: Project.
	WorkDir string

	// reading: the environment is one that another one reads from.
	reading bool
}

// Load makes a Config of the defaults, the file, the environment and the flags,
// and validates it. Its error is [Errors], with all faults at once, or that of
// reading the file. It changes nothing outside the Config that it returns.
func Load(options Options) (Config, error) {
	l := &loader{options: options, config: Default(), rows: map[string]setting{}}
	l.config.Project = options.Project
	l.config.sources = map[string]string{}
	for _, s := range table() {
		l.rows[s.key] = s
	}
	if err := l.file(); err != nil {
		return Config{}, err
	}
	l.environment()
	l.flags()
	l.shared()
	l.resolveDefaults()
	l.other()
	l.faults = append(l.faults, l.config.faults(l.broken)...)
	if err := l.faults.asError(); err != nil {
		return Config{}, err
	}
	return l.config, nil
}

type loader struct {
	options Options
	config  Config
	rows    map[string]setting
	faults  Errors
	// broken are the keys already complained of.
	broken []string

	environmentOf string // the environment that is asked for, "" for none
	reads         string // the one that it reads from
}

func (l *loader) file() error {
	name, optional := l.options.File, l.options.FS != nil || l.options.File == ""
	var data []byte
	var err error
	if l.options.FS != nil {
		if name == "" {
			name = FileName
		}
		data, err = fs.ReadFile(l.options.FS, name)
	} else {
		if name == "" {
			name = filepath.Join(l.options.Project, FileName)
		}
		data, err = os.ReadFile(name)
	}
	if optional && errors.Is(err, fs.ErrNotExist) {
		l.choose(nil, nil)
		return nil
	}
	if err != nil {
		return fmt.Errorf("read settings: %w", err)
	}
	values, environments, faults := readFile(name, data)
	l.faults = append(l.faults, faults...)
	for _, value := range values {
		if _, _, inside := cutEnvironment(value.key); !inside {
			l.fileValue(value)
		}
	}
	l.choose(values, environments)
	return nil
}

func (l *loader) fileValue(value fileValue) {
	text, err := value.text, error(nil)
	if value.quoted {
		text, err = l.expand(value.text)
	} else if s, ok := l.rows[value.key]; ok && s.path {
		err = errors.New("must be a JSON string")
	}
	if err != nil {
		l.broken = append(l.broken, value.key)
		l.faults = append(l.faults, &Error{Source: value.at, Key: value.key, Problem: err.Error()})
		return
	}
	l.set(value.key, text, value.at, l.options.Project)
}

// variable finds a reference: ${NAME}; $${ stands for ${ itself.
var variable = regexp.MustCompile(`\$?\$\{([^}]*)\}?`)

// expand replaces the references of a text by values of the environment. Its
// error names the variable, never the text, which may hold a password.
func (l *loader) expand(text string) (string, error) {
	var faults []string
	out := variable.ReplaceAllStringFunc(text, func(match string) string {
		if strings.HasPrefix(match, "$$") {
			return match[1:]
		}
		if !strings.HasSuffix(match, "}") {
			faults = append(faults, "a ${ without its }")
			return ""
		}
		name := match[2 : len(match)-1]
		value, ok := lookup(l.options.Env, name)
		if !ok {
			faults = append(faults, fmt.Sprintf("refers to ${%s}, which is not set in the environment", name))
		}
		return value
	})
	if len(faults) > 0 {
		return "", errors.New(strings.Join(faults, "; "))
	}
	return out, nil
}

// lookup takes the last setting of a name, as a process does.
func lookup(env []string, name string) (string, bool) {
	for _, entry := range slices.Backward(env) {
		if key, value, ok := strings.Cut(entry, "="); ok && key == name {
			return value, true
		}
	}
	return "", false
}

func (l *loader) environment() {
	byVariable := map[string]string{}
	for key, s := range l.rows {
		byVariable[s.variable()] = key
	}
	keyOf := func(name string) (key string, known bool) {
		if parameter, ok := strings.CutPrefix(name, variableOf(parameterPrefix)); ok {
			return parameterPrefix + strings.ToLower(parameter), parameter != ""
		}
		key, known = byVariable[name]
		return key, known
	}
	names, layer := map[string]bool{}, []string{}
	open := l.open()
	for _, entry := range l.options.Env {
		name, _, ok := strings.Cut(entry, "=")
		if !ok || !strings.HasPrefix(name, variablePrefix) {
			continue
		}
		names[name] = true
		if key, known := keyOf(name); known && open(key) {
			layer = append(layer, key)
		}
	}
	l.replaceKeys(layer)
	for _, name := range sortedKeys(names) {
		value, _ := lookup(l.options.Env, name)
		key, known := keyOf(name)
		switch {
		case name == environmentVariable:
		case known && !open(key):
		case known:
			l.set(key, value, name, l.options.Project)
		case meantForUs(name, sortedKeys(byVariable)):
			l.faults = append(l.faults, &Error{Source: name, Problem: "unknown setting in the environment",
				Remedy: didYouMean(name, sortedKeys(byVariable))})
		}
	}
}

// meantForUs tells a misspelt setting from a variable of something else that
// begins alike: it names a section, or nearly a setting.
func meantForUs(name string, known []string) bool {
	for _, k := range known {
		section, _, nested := strings.Cut(strings.TrimPrefix(k, variablePrefix), "_")
		if nested && strings.HasPrefix(name, variablePrefix+section+"_") {
			return true
		}
		if distance(name, k) <= 2 {
			return true
		}
	}
	return false
}

func (l *loader) flags() {
	base := l.options.WorkDir
	if base == "" {
		base = l.options.Project
	}
	keys := sortedKeys(l.options.Flags)
	l.replaceKeys(keys)
	for _, key := range keys {
		l.set(key, l.options.Flags[key], sourceFlag, base)
	}
}

// set parses a text into the setting of the key and notes the source.
func (l *loader) set(key, text, source, base string) {
	if name, ok := strings.CutPrefix(key, parameterPrefix); ok && name != "" {
		if l.config.Parameters == nil {
			l.config.Parameters = map[string]string{}
		}
		l.config.Parameters[name] = text
		l.config.sources[key] = source
		return
	}
	s, ok := l.rows[key]
	if !ok {
		l.faults = append(l.faults, &Error{Source: source, Key: key, Problem: "unknown setting",
			Remedy: didYouMean(key, sortedKeys(l.rows))})
		return
	}
	if s.path {
		text = resolve(base, text)
	}
	if err := s.set(&l.config, text); err != nil {
		l.broken = append(l.broken, key)
		l.faults = append(l.faults, &Error{Source: source, Key: key, Value: text, Problem: err.Error()})
		return
	}
	l.config.sources[key] = source
}

func (l *loader) resolveDefaults() {
	for key, s := range l.rows {
		if _, given := l.config.sources[key]; !given && s.path {
			// A path takes any text.
			_ = s.set(&l.config, resolve(l.options.Project, s.get(&l.config)))
		}
	}
}
