package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"ledgermill/engine/config"
)

const password = "hunter2"

func TestSecretIsNeverPrinted(t *testing.T) {
	t.Parallel()
	secret := config.Secret("postgres://u:" + password + "@h/db")
	holder := struct{ URL config.Secret }{secret}
	var out bytes.Buffer
	for _, verb := range []string{"%s", "%v", "%+v", "%#v", "%q", "%x", "%X", "%d", "%10s", "%T"} {
		fmt.Fprintf(&out, verb+verb+verb+"\n", secret, &secret, holder)
	}
	for _, value := range []any{secret, &secret, holder, map[string]config.Secret{"url": secret}} {
		encoded, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(encoded)
	}
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "secret", secret, "holder", holder)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "secret", secret, "holder", holder)
	for _, shown := range []string{password, fmt.Sprintf("%x", password), fmt.Sprintf("%X", password)} {
		if strings.Contains(out.String(), shown) {
			t.Errorf("the password shows:\n%s", out.String())
		}
	}
	if got := fmt.Sprintf("%s|%q|%v", secret, secret, config.Secret("")); got != `***|"***"|` {
		t.Errorf("masked as %s", got)
	}
	if secret.Reveal() != "postgres://u:hunter2@h/db" {
		t.Error("Reveal does not give the text")
	}
}

func TestMaskURL(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                    "",
		"postgres://u:hunter2@h/db":           "postgres://u:***@h/db",
		"postgres://u:hunter2@h:5432/db":      "postgres://u:***@h:5432/db",
		"postgres://u@h/db":                   "postgres://u@h/db",
		"postgres://u:@h/db":                  "postgres://u:***@h/db",
		"postgres:///db?host=/tmp&user=u":     "postgres:///db?host=/tmp&user=u",
		"postgres://h/db?password=hunter2&a":  "postgres://h/db?password=***&a",
		"postgres://h/db?p%61ssword=hunter2":  "postgres://h/db?p%61ssword=***",
		"postgres://u:hun%ter2@h/db":          "***",
		"host=h password=hunter2":             "***",
		"u:hunter2@h":                         "***",
		"s3://key:hunter2@bucket/a%20b?x=y":   "s3://key:***@bucket/a%20b?x=***",
		"s3://bucket/prefix?region=eu-west-1": "s3://bucket/prefix?region=eu-west-1",
	} {
		if got := config.MaskURL(text); got != want {
			t.Errorf("MaskURL(%q) = %q, want %q", text, got, want)
		}
	}
}
