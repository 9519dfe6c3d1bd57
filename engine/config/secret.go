package config

import (
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"strings"
)

// mask stands for every hidden text, whatever its length.
const mask = "***"

// Secret is a text that every form of printing, logging and encoding hides.
// Only [Secret.Reveal] gives the text itself.
type Secret string

// Reveal returns the hidden text. Call it where the text is used, never where
// it is shown.
func (s Secret) Reveal() string { return string(s) }

// String returns the mask, or "" for an empty secret: whether one is set is no
// secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return mask
}

// GoString masks %#v.
func (s Secret) GoString() string { return `config.Secret("` + s.String() + `")` }

// Format masks every verb, %x and %q included.
func (s Secret) Format(f fmt.State, verb rune) {
	text := s.String()
	switch {
	case verb == 'q':
		text = `"` + text + `"`
	case verb == 'v' && f.Flag('#'):
		text = s.GoString()
	}
	// A fmt.State reports no write error to its caller's caller.
	_, _ = io.WriteString(f, text)
}

// LogValue masks the secret in slog records.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText masks the secret in text encodings.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalJSON masks the secret in JSON.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + s.String() + `"`), nil }

// URL returns the secret as a URL that may be shown: scheme, user, host and
// path stay, the password and the values of password-like query parameters are
// masked. A text that is no URL with a host is masked whole.
func (s Secret) URL() string {
	return MaskURL(string(s))
}

// MaskURL hides the password of a URL: postgres://u:secret@h/db becomes
// postgres://u:***@h/db. A text that is no URL with a scheme is masked whole,
// for a connection string of another form may hold a password anywhere.
func MaskURL(text string) string {
	if text == "" {
		return ""
	}
	parsed, err := url.Parse(text)
	if err != nil || parsed.Scheme == "" || parsed.Opaque != "" {
		return mask
	}
	var out strings.Builder
	out.WriteString(parsed.Scheme + "://")
	if parsed.User != nil {
		out.WriteString(url.User(parsed.User.Username()).String())
		if _, set := parsed.User.Password(); set {
			out.WriteString(":" + mask)
		}
		out.WriteByte('@')
	}
	out.WriteString(parsed.Host + parsed.EscapedPath())
	if parsed.RawQuery != "" {
		out.WriteString("?" + maskQuery(parsed.RawQuery))
	}
	return out.String()
}

// maskQuery keeps the names of all parameters and the values of those known to
// be harmless: a parameter this program does not know may hold a secret.
func maskQuery(raw string) string {
	pairs := strings.Split(raw, "&")
	for i, pair := range pairs {
		name, _, found := strings.Cut(pair, "=")
		if found && !harmless(name) {
			pairs[i] = name + "=" + mask
		}
	}
	return strings.Join(pairs, "&")
}

func harmless(parameter string) bool {
	switch parameter {
	case "sslmode", "sslrootcert", "application_name", "search_path",
		"connect_timeout", "pool_max_conns", "pool_min_conns", "host", "port",
		"dbname", "user", "target_session_attrs", "region", "endpoint":
		return true
	}
	return false
}
