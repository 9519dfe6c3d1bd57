package duckdb

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"ledgermill/engine/sqltext"
)

// Remote is a part of an object store that SQL may read, through httpfs.
type Remote struct {
	URI       string // s3://bucket/prefix: what the secret is good for, and the fence lets through
	Endpoint  string // host:port
	Region    string
	TLS       bool
	PathStyle bool   // the bucket stands in the path and not in the host's name
	CAFile    string // certificates to trust, PEM; "": the system's
	// Credentials returns the keys once, when the engine is opened.
	Credentials func(context.Context) (Credentials, error)
}

// Credentials are the keys of a store. They print as a mask.
type Credentials struct {
	KeyID   string
	Secret  string
	Session string // token of temporary keys; "" for none
}

const mask = "***"

// String masks the keys.
func (Credentials) String() string { return mask }

// GoString masks the keys.
func (Credentials) GoString() string { return "duckdb.Credentials(" + mask + ")" }

// LogValue masks the keys.
func (Credentials) LogValue() slog.Value { return slog.StringValue(mask) }

// MarshalText masks the keys.
func (Credentials) MarshalText() ([]byte, error) { return []byte(mask), nil }

// remoteSettings are generous: a store that is busy for a minute costs that minute
// and not the night (0.5 s, 1 s, 2 s ... about a minute in all).
func remoteSettings() []string {
	// Without the word global they would hold for this one connection.
	return []string{"set global http_timeout = 120", "set global http_retries = 8", "set global http_retry_wait_ms = 500", "set global http_retry_backoff = 2",
		// httpfs takes keys from the environment into settings, which any SQL can read.
		"reset global s3_access_key_id", "reset global s3_secret_access_key", "reset global s3_session_token"}
}

// openRemotes loads httpfs and gives it the keys. It comes before the fence, and
// logs no statement: they hold the keys.
func (e *Engine) openRemotes(ctx context.Context, run execute) error {
	if len(e.settings.Remotes) == 0 {
		return nil
	}
	statements := append([]string{"load " + sqltext.QuoteString(e.settings.Extension.Path)}, remoteSettings()...)
	ca, err := commonCA(e.settings.Remotes)
	if err != nil {
		return err
	}
	if ca != "" {
		statements = append(statements, "set global ca_cert_file = "+sqltext.QuoteString(ca))
	}
	if err := e.runAll(ctx, run, statements); err != nil {
		return fmt.Errorf("httpfs: %w", err)
	}
	for i, r := range e.settings.Remotes {
		keys, err := r.Credentials(ctx)
		if err != nil {
			return fmt.Errorf("credentials of %s: %w", r.URI, err)
		}
		if err := run(ctx, r.secret(i, keys)); err != nil {
			return fmt.Errorf("create the secret of %s: %w", r.URI, keys.hidden(err))
		}
	}
	return nil
}

// secret is the statement that makes a temporary secret, good below the URI alone.
func (r Remote) secret(number int, keys Credentials) string {
	style := "vhost"
	if r.PathStyle {
		style = "path"
	}
	options := []string{"type s3", "provider config", "scope " + sqltext.QuoteString(below(r.URI)), "endpoint " + sqltext.QuoteString(r.Endpoint),
		"region " + sqltext.QuoteString(r.Region), "url_style '" + style + "'", fmt.Sprintf("use_ssl %t", r.TLS),
		"key_id " + sqltext.QuoteString(keys.KeyID), "secret " + sqltext.QuoteString(keys.Secret)}
	if keys.Session != "" {
		options = append(options, "session_token "+sqltext.QuoteString(keys.Session))
	}
	return fmt.Sprintf("create temporary secret ledgermill_%d (%s)", number, strings.Join(options, ", "))
}

// hidden is an error without the keys that its text may repeat.
func (c Credentials) hidden(err error) error {
	text := err.Error()
	for _, key := range []string{c.Secret, c.Session, c.KeyID} {
		for _, written := range []string{key, strings.ReplaceAll(key, "'", "''")} {
			if written != "" {
				text = strings.ReplaceAll(text, written, mask)
			}
		}
	}
	// DuckDB shows a piece of the statement, where a key may be cut in two.
	text, _, _ = strings.Cut(text, "\nLINE ")
	return errors.New(strings.TrimSpace(text))
}

// below is a URI or directory with the slash that keeps /lake from being the
// beginning of /lake2.
func below(place string) string { return strings.TrimSuffix(place, "/") + "/" }

// commonCA is the file of certificates that all remotes trust: DuckDB takes one.
func commonCA(remotes []Remote) (string, error) {
	file := ""
	for _, r := range remotes {
		if r.TLS && r.CAFile != "" {
			if file != "" && file != r.CAFile {
				return "", fmt.Errorf("stores with certificates in %s and in %s: httpfs takes one file; put both into one, or set engine.fetch_first", file, r.CAFile)
			}
			file = r.CAFile
		}
	}
	return file, nil
}
