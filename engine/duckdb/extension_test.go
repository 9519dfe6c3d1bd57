package duckdb

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// httpfs is the extension as the tests of this machine share it.
func httpfs(t *testing.T) Extension {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	x := FindHTTPFS(t.Context(), ExtensionSource{Directory: filepath.Join(cache, "ledgermill", "duckdb")})
	if !x.Available() {
		t.Skipf("%v", x.Err())
	}
	return x
}

// mirror is a directory laid out as DuckDB's repository is, and the platform in it.
func mirror(t *testing.T, x Extension) string {
	t.Helper()
	dir := t.TempDir()
	below := filepath.Join(dir, "v"+Version, filepath.Base(filepath.Dir(x.Path)))
	if err := os.MkdirAll(below, 0o755); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(x.Path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(below, "httpfs.duckdb_extension.gz"))
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewWriterLevel(f, gzip.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []func() error{func() error { _, err := z.Write(data); return err }, z.Close, f.Close} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestHTTPFSIsFoundAgainWithoutANetwork(t *testing.T) {
	x := httpfs(t)
	if x.Version == "" || x.From == "" || x.Try() != "" || x.Err() != nil {
		t.Errorf("found %+v, try %q, error %v", x, x.Try(), x.Err())
	}
	t.Setenv("PATH", "")
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	again := FindHTTPFS(t.Context(), ExtensionSource{Directory: filepath.Join(x.Path, "..", "..", "..")})
	if !again.Available() || again.Version != x.Version {
		t.Errorf("found %+v, before %+v", again, x)
	}
}

func TestHTTPFSFromAMirror(t *testing.T) {
	t.Parallel()
	dir := mirror(t, httpfs(t))
	server := httptest.NewServer(http.FileServer(http.Dir(dir)))
	defer server.Close()
	for name, from := range map[string]string{"directory": dir, "http": server.URL} {
		t.Run(name, func(t *testing.T) {
			source := ExtensionSource{Directory: filepath.Join(t.TempDir(), "new"), From: from}
			var all [3]Extension
			var wait sync.WaitGroup
			for i := range all {
				wait.Go(func() { all[i] = FindHTTPFS(t.Context(), source) })
			}
			wait.Wait()
			for _, x := range all {
				if !x.Available() || x.From != from {
					t.Errorf("found %+v", x)
				}
			}
		})
	}
}

// TestHTTPFSFromAMirrorWithTLS uses a mirror that DuckDB itself cannot speak to
// without httpfs, and that wants a password.
func TestHTTPFSFromAMirrorWithTLS(t *testing.T) {
	t.Parallel()
	files := http.FileServer(http.Dir(mirror(t, httpfs(t))))
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, password, _ := r.BasicAuth(); password != "hunter2" {
			http.Error(w, "no", http.StatusUnauthorized)
			return
		}
		files.ServeHTTP(w, r)
	}))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "https://")
	log := &bytes.Buffer{}
	find := func(from string) Extension {
		return FindHTTPFS(t.Context(), ExtensionSource{Directory: t.TempDir(), From: from, Client: server.Client(), Log: slog.New(slog.NewTextHandler(log, nil))})
	}
	if x := find("https://u:hunter2@" + host); !x.Available() || x.From != "a mirror" {
		t.Errorf("found %+v", x)
	}
	for _, from := range []string{"https://u:hunter2@" + host + "/elsewhere", "http://u:hunter2@127.0.0.1:1", "https://u:hunter2@127.0.0.1:1"} {
		x := find(from)
		if x.Available() || len(x.Causes) != 1 || !strings.Contains(x.Err().Error(), "127.0.0.1") {
			t.Errorf("found %+v", x)
		} else if strings.Contains(x.Err().Error(), "hunter2") {
			t.Errorf("%s tells the password: %v", from, x.Err())
		}
	}
	if strings.Contains(log.String(), "hunter2") {
		t.Errorf("the log tells the password: %s", log)
	}
}

func TestHTTPFSFromAFile(t *testing.T) {
	t.Parallel()
	x := httpfs(t)
	found := FindHTTPFS(t.Context(), ExtensionSource{From: x.Path})
	if found.Path != x.Path || found.From != x.Path || found.Version != x.Version {
		t.Errorf("found %+v", found)
	}
}

// TestHTTPFSAltered loads a file that is not the one that DuckDB's makers signed.
func TestHTTPFSAltered(t *testing.T) {
	t.Parallel()
	x := httpfs(t)
	data, err := os.ReadFile(x.Path)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	file := filepath.Join(t.TempDir(), "httpfs.duckdb_extension")
	if err := os.WriteFile(file, data, 0o644); err != nil {
		t.Fatal(err)
	}
	found := FindHTTPFS(t.Context(), ExtensionSource{From: file})
	if found.Available() || !strings.Contains(found.Err().Error(), "signature") || found.Try() == "" {
		t.Errorf("found %+v: %v", found, found.Err())
	}
	if _, err := Open(t.Context(), Settings{Work: t.TempDir(), Extension: Extension{Path: file},
		Remotes: []Remote{{URI: "s3://b/p"}}}); err == nil || !strings.Contains(err.Error(), "signature") {
		t.Errorf("opened with %v", err)
	}
}

func TestHTTPFSNotAvailable(t *testing.T) {
	t.Parallel()
	found := FindHTTPFS(t.Context(), ExtensionSource{Directory: t.TempDir(), From: "http://127.0.0.1:1"})
	if found.Available() || len(found.Causes) != 1 || !strings.Contains(found.Causes[0].Error(), "install httpfs from http://127.0.0.1:1") {
		t.Errorf("found %+v", found)
	}
	if !strings.Contains(found.Try(), "engine.httpfs") {
		t.Errorf("try %q", found.Try())
	}
	file := filepath.Join(t.TempDir(), "no-directory")
	if f, err := os.Create(file); err != nil || f.Close() != nil {
		t.Fatal(err)
	}
	if found := FindHTTPFS(t.Context(), ExtensionSource{Directory: file}); found.Available() || found.Err() == nil {
		t.Errorf("found %+v", found)
	}
}

// TestHTTPFSWithoutPip tries both sources in vain.
func TestHTTPFSWithoutPip(t *testing.T) {
	t.Setenv("PATH", "")
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	found := FindHTTPFS(t.Context(), ExtensionSource{Directory: t.TempDir()})
	if found.Available() || len(found.Causes) != 2 || !strings.Contains(found.Causes[1].Error(), "no pip") {
		t.Errorf("found %+v", found)
	}
}

// TestRemoteKeysStayHidden looks for keys wherever SQL and people look.
func TestRemoteKeysStayHidden(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "environment-id")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "environment-secret")
	t.Setenv("AWS_SESSION_TOKEN", "environment-token")
	var seen bytes.Buffer
	keys := Credentials{KeyID: "the-id", Secret: "the'secret", Session: "the-token"}
	remote := Remote{URI: "s3://bucket/raw", Endpoint: "127.0.0.1:1", Region: "eu-1", PathStyle: true,
		Credentials: func(context.Context) (Credentials, error) { return keys, nil }}
	log := slog.New(slog.NewTextHandler(&seen, &slog.HandlerOptions{Level: slog.LevelDebug}))
	e, err := Open(t.Context(), Settings{Work: t.TempDir(), Extension: httpfs(t), Remotes: []Remote{remote}, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	for query, refused := range map[string]string{
		"from duckdb_secrets()":                        "",
		"select name, value from duckdb_settings()":    "",
		"from duckdb_logs":                             "",
		"from which_secret('s3://bucket/raw/x', 's3')": "",
		"from duckdb_secrets(redact := false)":         "unredacted secrets is disabled",
		"from read_text('s3://bucket/raw2/x')":         "disabled by configuration",
		"from read_text('s3://other/x')":               "disabled by configuration",
		"from read_text('http://127.0.0.1:1/x')":       "disabled by configuration",
	} {
		lines, err := answered(t.Context(), e, nil, query)
		if refused != "" && (err == nil || !strings.Contains(err.Error(), refused)) {
			t.Errorf("%s: %v %v", query, lines, err)
		}
		fmt.Fprintln(&seen, lines, err, remote, keys)
		fmt.Fprintf(&seen, "%+v %#v", keys, keys)
	}
	log.Info("keys", "keys", keys)
	for _, text := range []string{"the'secret", "the''secret", "the-token", "environment-secret", "environment-token", "environment-id"} {
		if strings.Contains(seen.String(), text) {
			t.Errorf("%q shows", text)
		}
	}
	for _, text := range []string{"ledgermill_0", "secret=redacted", "http_retries|8", "http_timeout|120", "lock_configuration|true"} {
		if !strings.Contains(seen.String(), text) {
			t.Errorf("%q is not there", text)
		}
	}
}

// TestRemoteKeysInErrors makes DuckDB complain of a statement with keys in it.
func TestRemoteKeysInErrors(t *testing.T) {
	t.Parallel()
	keys := Credentials{KeyID: "the-id", Secret: "the'secret", Session: "the-token"}
	cause := errors.New("Parser Error: syntax error at the-token or 'the''secret'\n\nLINE 1: ..., secret 'the''sec...")
	if got := keys.hidden(cause).Error(); got != "Parser Error: syntax error at *** or '***'" {
		t.Error(got)
	}
}
