package config

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

type (
	timeDuration = time.Duration
	slogLevel    = slog.Level
)

// kind is how values of one Go type are written as text.
type kind[T any] struct {
	parse  func(string) (T, error)
	format func(T) string
	// show masks passwords; nil: as format.
	show                 func(T) string
	number, path, secret bool
	// json is the type of a value in the file that is no string; "": it is a string.
	json string
}

func plain() kind[string] {
	same := func(s string) string { return s }
	return kind[string]{parse: func(s string) (string, error) { return s, nil }, format: same}
}

func directory() kind[string] {
	k := plain()
	k.path = true
	return k
}

// place is a directory or the URL of a store.
func place() kind[string] {
	k := directory()
	k.show = func(s string) string {
		if strings.Contains(s, "://") {
			return MaskURL(s)
		}
		return s
	}
	return k
}

// address is the URL of a server, which may hold a password where none is expected.
func address() kind[string] {
	k := plain()
	k.show = func(s string) string {
		if strings.Contains(s, "://") || strings.Contains(s, "@") {
			return MaskURL(s)
		}
		return s
	}
	return k
}

func count() kind[int] {
	return kind[int]{
		number: true,
		json:   "integer",
		format: strconv.Itoa,
		parse: func(s string) (int, error) {
			n, err := strconv.Atoi(s)
			if err != nil {
				return 0, errors.New("is not a whole number")
			}
			return n, nil
		},
	}
}

func truth() kind[bool] {
	return kind[bool]{
		number: true,
		json:   "boolean",
		format: strconv.FormatBool,
		parse: func(s string) (bool, error) {
			switch s {
			case "true":
				return true, nil
			case "false":
				return false, nil
			}
			return false, errors.New("is neither true nor false")
		},
	}
}

func duration() kind[time.Duration] {
	return kind[time.Duration]{
		format: formatDuration,
		parse: func(s string) (time.Duration, error) {
			d, err := time.ParseDuration(s)
			if err != nil {
				return 0, errors.New("is not a duration such as 500ms, 60s, 5m or 1h30m")
			}
			return d, nil
		},
	}
}

// formatDuration drops the zero parts that time.Duration prints: 1m, not 1m0s.
func formatDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

func size() kind[Size] {
	return kind[Size]{format: Size.String, parse: ParseSize}
}

func level() kind[slog.Level] {
	return kind[slog.Level]{
		format: func(l slog.Level) string { return strings.ToLower(l.String()) },
		parse: func(s string) (slog.Level, error) {
			for _, l := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError} {
				if strings.EqualFold(s, l.String()) {
					return l, nil
				}
			}
			return 0, errors.New("is none of debug, info, warn, error")
		},
	}
}

func secretURL() kind[Secret] {
	return kind[Secret]{
		secret: true,
		format: Secret.Reveal,
		show:   Secret.URL,
		parse:  func(s string) (Secret, error) { return Secret(s), nil },
	}
}

func secret() kind[Secret] {
	k := secretURL()
	k.show = Secret.String
	return k
}

func notEmpty(s string) error {
	if s == "" {
		return errors.New("is empty")
	}
	return nil
}

func atLeast[T cmp.Ordered](least T, bound string) func(T) error {
	return func(value T) error {
		if value < least {
			return errors.New("must be " + bound)
		}
		return nil
	}
}

func between(least, most int) func(int) error {
	return func(value int) error {
		if value < least || value > most {
			return fmt.Errorf("is not between %d and %d", least, most)
		}
		return nil
	}
}

func oneOf(choices ...string) func(string) error {
	return func(value string) error {
		if !slices.Contains(choices, value) {
			return fmt.Errorf("is none of %s", strings.TrimSuffix(strings.Join(choices, ", "), ", "))
		}
		return nil
	}
}

// postgresURL repeats nothing of the text in its errors, as it may hold a
// password where none is expected.
func postgresURL(secret Secret) error {
	if secret == "" {
		return nil
	}
	parsed, err := url.Parse(secret.Reveal())
	if err != nil || (parsed.Scheme != "postgres" && parsed.Scheme != "postgresql") {
		return errors.New("is not a URL of the form postgres://user:password@host:port/database")
	}
	return nil
}

// clockTime takes a time of day, or nothing.
func clockTime(text string) error {
	if _, err := time.Parse(clockLayout, text); text != "" && err != nil {
		return errors.New("is no time of day such as 06:00")
	}
	return nil
}

// hookURL repeats nothing of the address: that is the secret of many webhooks.
func hookURL(secret Secret) error {
	if secret == "" {
		return nil
	}
	parsed, err := url.Parse(secret.Reveal())
	if err != nil || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https" {
		return errors.New("is no URL of the form https://host/path")
	}
	return nil
}

// eventURL takes the URL of an endpoint, or the path of a file.
func eventURL(text string) error {
	if !strings.Contains(text, "://") {
		return nil
	}
	parsed, err := url.Parse(text)
	if err != nil || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https" {
		return errors.New("is neither a file nor a URL of the form https://host:port/path")
	}
	return nil
}

// sparkProperties are key=value parted by white space, some of which are secrets.
func sparkProperties() kind[string] {
	k := plain()
	k.show = func(text string) string {
		shown := strings.Fields(text)
		for i, one := range shown {
			if key, _, ok := strings.Cut(one, "="); ok && secretProperty.MatchString(key) {
				shown[i] = key + "=" + Secret("x").String()
			}
		}
		return strings.Join(shown, " ")
	}
	return k
}

// secretProperty is what Spark itself leaves out of its pages, and access keys.
var secretProperty = regexp.MustCompile(`(?i)secret|password|token|access[.]?key|credential`)

// properties refuses what is not key=value. Its error repeats no value.
func properties(text string) error {
	for _, one := range strings.Fields(text) {
		if key, _, ok := strings.Cut(one, "="); !ok || key == "" {
			return errors.New("is not key=value parted by spaces; values with spaces go into the file of spark.properties")
		}
	}
	return nil
}

// exchangePlace takes a path that means the same on every machine.
func exchangePlace(text string) error {
	if text != "" && text != ExchangeLake && !filepath.IsAbs(text) {
		return errors.New("is neither the absolute path of a directory nor " + ExchangeLake)
	}
	return nil
}
