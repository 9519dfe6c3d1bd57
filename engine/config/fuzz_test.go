package config_test

import (
	"net/url"
	"strings"
	"testing"

	"ledgermill/engine/config"
)

// FuzzSize: a size that is read is not negative, and its text reads as the same size.
func FuzzSize(f *testing.F) {
	for _, seed := range []string{"1GB", "1.5 GiB", "0", "9223372036854775807B", "9999999999TB", ".", "1e9", "-1", "１GB"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		size, err := config.ParseSize(text)
		if err != nil {
			return
		}
		again, err := config.ParseSize(size.String())
		if size < 0 || err != nil || again != size {
			t.Fatalf("%q is %d bytes, %s, which is %d: %v", text, size, size, again, err)
		}
	})
}

// FuzzMaskURL: a password never shows, whatever stands round it.
func FuzzMaskURL(f *testing.F) {
	f.Add("postgres://u:", "@h:5432/db?sslmode=disable")
	f.Add("postgres://h/db?password=", "&user=x")
	f.Add("host=h password=", " dbname=d")
	f.Add("://", "@")
	f.Fuzz(func(t *testing.T, before, after string) {
		const secret = "hunter2hunter2"
		text := before + secret + after
		shown := config.MaskURL(text)
		parsed, err := url.Parse(text)
		if err == nil && parsed.User != nil {
			if password, _ := parsed.User.Password(); strings.Contains(password, secret) && strings.Contains(shown, secret) {
				t.Fatalf("%q is shown as %q", text, shown)
			}
		}
		if err == nil && strings.Contains(parsed.Query().Get("password"), secret) && strings.Contains(shown, secret) {
			t.Fatalf("%q is shown as %q", text, shown)
		}
		if (err != nil || parsed.Scheme == "") && strings.Contains(shown, secret) {
			t.Fatalf("%q is no URL and is shown as %q", text, shown)
		}
	})
}
