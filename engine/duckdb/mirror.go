package duckdb

import (
	"compress/gzip"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"

	duck "github.com/duckdb/duckdb-go/v2"
)

// fetchMirror downloads the extension from a mirror that speaks https: DuckDB would
// need httpfs for that. Whose it is shows when DuckDB checks its signature.
func fetchMirror(ctx context.Context, client *http.Client, mirror, directory string) (file string, err error) {
	ctx, cancel := context.WithTimeout(ctx, installTime)
	defer cancel()
	platform, err := platformName(ctx)
	if err != nil {
		return "", err
	}
	place, err := url.JoinPath(mirror, "v"+Version, platform, extensionFile+".gz")
	if err != nil {
		return "", err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, place, nil)
	if err != nil {
		return "", err
	}
	answer, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, answer.Body.Close()) }()
	if answer.StatusCode != http.StatusOK {
		return "", fmt.Errorf("get %s: %s", place, answer.Status)
	}
	text, err := gzip.NewReader(answer.Body)
	if err != nil {
		return "", fmt.Errorf("get %s: %w", place, err)
	}
	file = filepath.Join(directory, extensionFile)
	return file, writeExtension(file, text, place)
}

// writeExtension copies an extension to a file, and no more than one can have.
func writeExtension(file string, from io.Reader, what string) error {
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	n, err := io.Copy(out, io.LimitReader(from, maxExtension))
	if err == nil && n == maxExtension {
		err = fmt.Errorf("%s is larger than %d bytes", what, maxExtension)
	}
	return errors.Join(err, out.Close())
}

// platformName is what DuckDB's repository calls this platform.
func platformName(ctx context.Context) (name string, err error) {
	connector, err := duck.NewConnector("", nil)
	if err != nil {
		return "", err
	}
	db := sql.OpenDB(connector)
	defer func() { err = errors.Join(err, db.Close(), connector.Close()) }()
	err = db.QueryRowContext(ctx, "pragma platform").Scan(&name)
	return name, err
}

var passwordInURL = regexp.MustCompile(`(://[^/\s:@'"]*):[^/\s@'"]*@`)

// withoutPasswords masks the passwords of the URLs in a text.
func withoutPasswords(text string) string {
	return passwordInURL.ReplaceAllString(text, "${1}:"+mask+"@")
}
