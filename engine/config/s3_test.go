package config_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine/config"
)

func TestLakeS3IsTheInputsWhereItIsEmpty(t *testing.T) {
	t.Parallel()
	shared := `"s3": {"endpoint": "https://raw.example", "region": "r1", "ca_file": "/ca", "access_key": "a", "secret_key": "b", "session_token": "t"}`
	raw := config.S3{Endpoint: "https://raw.example", Region: "r1", PathStyle: "auto", CAFile: "/ca", AccessKey: "a", SecretKey: "b", SessionToken: "t", Section: "s3"}
	with := func(change func(*config.S3)) config.S3 {
		s := raw
		s.Section, s.CredentialsSection = "lake.s3", "s3"
		change(&s)
		return s
	}
	for file, want := range map[string]config.S3{
		`{` + shared + `}`: raw,
		`{` + shared + `, "lake": {"s3": {"endpoint": "http://lake.example:9000"}}}`: with(func(s *config.S3) { s.Endpoint = "http://lake.example:9000" }),
		`{` + shared + `, "lake": {"s3": {"region": "r2", "path_style": true}}}`:     with(func(s *config.S3) { s.Region, s.PathStyle = "r2", "true" }),
		`{` + shared + `, "lake": {"s3": {"access_key": "c", "secret_key": "d"}}}`: with(func(s *config.S3) {
			s.AccessKey, s.SecretKey, s.SessionToken, s.CredentialsSection = "c", "d", "", ""
		}),
	} {
		c, err := load(t, file, config.Options{})
		if err != nil {
			t.Fatal(err)
		}
		// Secrets print as masks: their texts are compared.
		plain := cmp.Transformer("reveal", func(s config.Secret) string { return s.Reveal() })
		if diff := cmp.Diff(raw, c.InputS3(), plain); diff != "" {
			t.Errorf("%s: input (-want +got):\n%s", file, diff)
		}
		if diff := cmp.Diff(want, c.LakeS3(), plain); diff != "" {
			t.Errorf("%s: lake (-want +got):\n%s", file, diff)
		}
	}
}

// canonical is a file that names every setting, and sets none.
func canonical(t *testing.T) string {
	t.Helper()
	var out strings.Builder
	if err := config.Write(&out, "", config.Default()); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestSharedCredentialsAreTakenTogether never mixes the pair of a file with the
// token of a shell.
func TestSharedCredentialsAreTakenTogether(t *testing.T) {
	t.Parallel()
	env := []string{"AWS_ACCESS_KEY_ID=shell", "AWS_SECRET_ACCESS_KEY=shell", "AWS_SESSION_TOKEN=shell", "AWS_CA_BUNDLE=/shell", "AWS_DEFAULT_REGION=shell",
		"AWS_ENDPOINT_URL=http://shell", "AWS_ENDPOINT_URL_S3=http://shell-s3"}
	for file, want := range map[string]string{
		`{}`: "shell shell shell http://shell-s3 shell /shell",
		`{"s3": {"access_key": "file", "secret_key": "file", "endpoint": "http://file"}}`: "file file  http://file shell /shell",
		`{"lake": {"s3": {"access_key": "file", "secret_key": "file"}}}`:                  "shell shell shell http://shell-s3 shell /shell",
		canonical(t): "shell shell shell http://shell-s3 shell /shell",
	} {
		c, err := load(t, file, config.Options{Env: env})
		if err != nil {
			t.Fatal(err)
		}
		s := c.InputS3()
		if got := strings.Join([]string{s.AccessKey.Reveal(), s.SecretKey.Reveal(), s.SessionToken.Reveal(), s.Endpoint, s.Region, s.CAFile}, " "); got != want {
			t.Errorf("%s: %s, want %s", file, got, want)
		}
	}
}

// TestKeysOfAnotherPlaceAreReplacedWhole never sends the token or the secret key of one
// layer with the access key of another.
func TestKeysOfAnotherPlaceAreReplacedWhole(t *testing.T) {
	t.Parallel()
	const keys = `{"access_key": "file", "secret_key": "file", "session_token": "file"}`
	section := map[string]string{"s3": `{"s3": ` + keys + `}`, "lake.s3": `{"lake": {"s3": ` + keys + `}}`}
	secret := map[string]string{"s3": `{"s3": {"secret_key": "file"}}`, "lake.s3": `{"lake": {"s3": {"secret_key": "file"}}}`}
	rest := map[string]string{"s3": `{"s3": {"secret_key": "file", "session_token": "file"}}`, "lake.s3": `{"lake": {"s3": {"secret_key": "file", "session_token": "file"}}}`}
	environment := map[string]string{
		"s3":      `{"s3": ` + keys + `, "environments": {"test": {"s3": {"secret_key": "test", "access_key": "test"}}}}`,
		"lake.s3": `{"lake": {"s3": ` + keys + `}, "environments": {"test": {"lake": {"s3": {"secret_key": "test", "access_key": "test"}}}}}`,
	}
	variables := func(section, value string, names ...string) (env []string) {
		for _, name := range names {
			env = append(env, "LEDGERMILL_"+strings.ToUpper(strings.ReplaceAll(section, ".", "_"))+"_"+name+"="+value)
		}
		return env
	}
	for _, s := range []string{"s3", "lake.s3"} {
		for name, c := range map[string]struct {
			file    string
			options config.Options
			want    string
		}{
			"the file alone":              {section[s], config.Options{}, "file file file"},
			"a variable over the file":    {section[s], config.Options{Env: variables(s, "new", "ACCESS_KEY", "SECRET_KEY")}, "new new "},
			"with a token of its own":     {section[s], config.Options{Env: variables(s, "new", "ACCESS_KEY", "SECRET_KEY", "SESSION_TOKEN")}, "new new new"},
			"an environment of the file":  {environment[s], config.Options{Environment: "test"}, "test test "},
			"a variable over environment": {environment[s], config.Options{Environment: "test", Env: variables(s, "new", "ACCESS_KEY", "SECRET_KEY")}, "new new "},
			"a flag over variables": {`{}`, config.Options{Flags: map[string]string{s + ".access_key": "flag", s + ".secret_key": "flag"},
				Env: variables(s, "new", "ACCESS_KEY", "SECRET_KEY", "SESSION_TOKEN")}, "flag flag "},
			"an access key for the secret of the file": {secret[s], config.Options{Env: variables(s, "new", "ACCESS_KEY")}, "new file "},
			"a flag for the secret of a variable": {`{}`, config.Options{Flags: map[string]string{s + ".access_key": "flag"}, Env: variables(s, "new", "SECRET_KEY")},
				"flag new "},
			"a pair over a secret and its token": {rest[s], config.Options{Env: variables(s, "new", "ACCESS_KEY", "SECRET_KEY")}, "new new "},
			"an access key alone":                {section[s], config.Options{Flags: map[string]string{s + ".access_key": "flag"}}, "flag  "},
			"a secret key, rotated":              {section[s], config.Options{Env: variables(s, "new", "SECRET_KEY")}, "file new file"},
		} {
			got, err := load(t, c.file, c.options)
			if err != nil {
				t.Fatal(err)
			}
			of := got.InputS3()
			if s == "lake.s3" {
				of = got.LakeS3()
			}
			if keys := strings.Join([]string{of.AccessKey.Reveal(), of.SecretKey.Reveal(), of.SessionToken.Reveal()}, " "); keys != c.want {
				t.Errorf("%s, %s: %q, want %q", s, name, keys, c.want)
			}
		}
	}
}

func TestS3Faults(t *testing.T) {
	t.Parallel()
	for _, endpoint := range []string{"minio.example:9000", "ftp://minio.example", "https://", "https://u:hunter2@minio.example", "https://minio.example/path",
		"https://minio.example?x=hunter2", "u:hunter2@minio.example:9000", "https://min io"} {
		_, err := load(t, "{}", config.Options{Flags: map[string]string{"s3.endpoint": endpoint}})
		if err == nil || !strings.Contains(err.Error(), "flag: s3.endpoint: ") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("endpoint %s: %v", endpoint, err)
		}
	}
	for key, value := range map[string]string{"s3.path_style": "maybe", "lake.s3.path_style": "maybe", "s3.bucket": "x", "lake.s3.bucket": "x"} {
		if _, err := load(t, "{}", config.Options{Flags: map[string]string{key: value}}); err == nil || !strings.Contains(err.Error(), "flag: "+key+": ") {
			t.Errorf("%s=%s: %v", key, value, err)
		}
	}
	if _, err := load(t, `{"lake": {"s3": {"endpont": "x"}}}`, config.Options{}); err == nil || !strings.Contains(err.Error(), "lake.s3.endpont: unknown setting") {
		t.Errorf("a misspelt key: %v", err)
	}
	if _, err := load(t, `{"lake": {"s3": "x"}}`, config.Options{}); err == nil || !strings.Contains(err.Error(), "lake.s3: must be a JSON object") {
		t.Errorf("a section that is a text: %v", err)
	}
}
