package config_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine/config"
)

const environments = `{
  "name": "bank",
  "input": "s3://raw/in",
  "lake": {"keep": 5},
  "parameters": {"high_amount": "5000.00"},
  "environments": {
    "dev": {"lake": {"root": "lake-dev", "settle": "0s"}, "parameters": {"high_amount": "7500.00"}, "read_from": "prod"},
    "test": {"input": "samples"},
    "prod": {"lake": {"root": "s3://lake/prod", "s3": {"access_key": "${PROD_KEY}"}}, "warehouse": {"url": "postgres://loader@prod/bank"}}
  }
}`

// values are some settings as text, by key.
func values(c config.Config, keys ...string) map[string]string {
	all := map[string]string{}
	for _, s := range c.Settings() {
		if slices.Contains(keys, s.Key) {
			all[s.Key] = s.Value
		}
	}
	return all
}

// TestEnvironments chooses one: what it says stands above the rest of the file, and
// below variables and flags.
func TestEnvironments(t *testing.T) {
	t.Parallel()
	keys := []string{"env", "read_from", "input", "lake.root", "lake.keep", "lake.settle", "parameters.high_amount"}
	for name, c := range map[string]struct {
		options config.Options
		want    map[string]string
	}{
		"none": {config.Options{}, map[string]string{"input": "s3://raw/in", "lake.root": "lake", "lake.keep": "5", "lake.settle": "1m", "parameters.high_amount": "5000.00"}},
		"by flag": {config.Options{Environment: "test", Env: []string{"LEDGERMILL_ENV=prod"}},
			map[string]string{"env": "test", "input": "samples", "lake.root": "lake", "lake.keep": "5", "lake.settle": "1m", "parameters.high_amount": "5000.00"}},
		"by variable, below other variables and flags": {config.Options{Env: []string{"LEDGERMILL_ENV=test", "LEDGERMILL_INPUT=here"}, Flags: map[string]string{"lake.root": "there"}},
			map[string]string{"env": "test", "input": "here", "lake.root": "there", "lake.keep": "5", "lake.settle": "1m", "parameters.high_amount": "5000.00"}},
		"reading another one": {config.Options{Environment: "dev", Env: []string{"PROD_KEY=secret"}},
			map[string]string{"env": "dev", "read_from": "prod", "input": "s3://raw/in", "lake.root": "lake-dev", "lake.keep": "5", "lake.settle": "0s", "parameters.high_amount": "7500.00"}},
	} {
		got, err := load(t, environments, c.options)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if d := cmp.Diff(c.want, values(got, keys...)); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

// TestReadFrom loads the other environment by the file alone: what a person sets for
// today's run is not meant for it, but for how stores are reached.
func TestReadFrom(t *testing.T) {
	t.Parallel()
	got, err := load(t, environments, config.Options{Environment: "dev", Flags: map[string]string{"lake.root": "elsewhere"},
		Env: []string{"PROD_KEY=secret", "LEDGERMILL_LAKE_ROOT=mine", "LEDGERMILL_INPUT=mine", "LEDGERMILL_S3_ENDPOINT=http://minio:9000", "LEDGERMILL_LAKE_S3_ACCESS_KEY=mine"}})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"env": "prod", "input": "s3://raw/in", "lake.root": "s3://lake/prod", "s3.endpoint": "http://minio:9000", "warehouse.url": "postgres://loader@prod/bank"}
	if d := cmp.Diff(want, values(*got.ReadFrom, slices.Collect(maps.Keys(want))...)); d != "" {
		t.Errorf("prod (-want +got):\n%s", d)
	}
	if key := got.ReadFrom.LakeS3().AccessKey.Reveal(); key != "secret" {
		t.Errorf("the key of prod is %q", key)
	}
}

// TestReadFromWhereTheFileIsEmpty takes what reaches the other environment's store from
// variables where the file names a setting and leaves it empty, and where it says one of
// the keys, none of them.
func TestReadFromWhereTheFileIsEmpty(t *testing.T) {
	t.Parallel()
	env := []string{"LEDGERMILL_S3_ENDPOINT=http://minio:9000", "LEDGERMILL_S3_PATH_STYLE=true", "LEDGERMILL_S3_ACCESS_KEY=mine", "LEDGERMILL_S3_SECRET_KEY=mine",
		"LEDGERMILL_S3_SESSION_TOKEN=mine", "LEDGERMILL_LAKE_S3_REGION=mine"}
	for prod, want := range map[string]string{
		`{}`: "http://minio:9000 mine true mine mine mine",
		`{"s3": {"endpoint": "", "path_style": "auto"}}`:                            "http://minio:9000 mine true mine mine mine",
		`{"s3": {"endpoint": "http://prod"}}`:                                       "http://prod mine true mine mine mine",
		`{"s3": {"access_key": "prod", "secret_key": "prod"}}`:                      "http://minio:9000 mine true prod prod ",
		`{"s3": {"path_style": false}, "lake": {"s3": {"region": "eu-central-1"}}}`: "http://minio:9000 eu-central-1 false mine mine mine",
	} {
		file := strings.TrimSuffix(strings.TrimSpace(canonical(t)), "}") +
			`, "environments": {"prod": ` + prod + `, "dev": {"lake": {"root": "lake-dev"}, "read_from": "prod"}}}`
		c, err := load(t, file, config.Options{Environment: "dev", Env: env})
		if err != nil {
			t.Fatal(err)
		}
		s := c.ReadFrom.LakeS3()
		if got := strings.Join([]string{s.Endpoint, s.Region, s.PathStyle, s.AccessKey.Reveal(), s.SecretKey.Reveal(), s.SessionToken.Reveal()}, " "); got != want {
			t.Errorf("prod %s: %s, want %s", prod, got, want)
		}
	}
}

// TestReadFromTakesTheSecretOfItsKey from a variable, or the key of its secret, where
// nothing but that is there: of a shell that has another pair, it is that one's.
func TestReadFromTakesTheSecretOfItsKey(t *testing.T) {
	t.Parallel()
	file := `{"s3": {"access_key": "file"}, "environments": {"prod": {}, "dev": {"lake": {"root": "lake-dev"}, "read_from": "prod"}}}`
	for _, test := range []struct{ has, env, want string }{
		{"access_key", "SECRET_KEY", "file mine "},
		{"access_key", "SECRET_KEY ACCESS_KEY", "file  "},
		{"secret_key", "ACCESS_KEY", "mine file "},
		{"secret_key", "ACCESS_KEY SESSION_TOKEN", "mine file mine"},
		{"secret_key", "ACCESS_KEY SECRET_KEY SESSION_TOKEN", " file "},
	} {
		var env []string
		for _, name := range strings.Fields(test.env) {
			env = append(env, "LEDGERMILL_S3_"+name+"=mine")
		}
		c, err := load(t, strings.Replace(file, "access_key", test.has, 1), config.Options{Environment: "dev", Env: env})
		if err != nil {
			t.Fatal(err)
		}
		s := c.ReadFrom.InputS3()
		if got := strings.Join([]string{s.AccessKey.Reveal(), s.SecretKey.Reveal(), s.SessionToken.Reveal()}, " "); got != test.want {
			t.Errorf("%+v: %q, want %q", test, got, test.want)
		}
	}
}

// TestReadFromKeepsTheLakeOfTheOther where the file has its store as that of the input:
// variables for the lake of this environment stand neither for its server nor its keys.
func TestReadFromKeepsTheLakeOfTheOther(t *testing.T) {
	t.Parallel()
	var env []string
	for _, name := range []string{"REGION", "ACCESS_KEY", "SECRET_KEY", "SESSION_TOKEN"} {
		env = append(env, "LEDGERMILL_LAKE_S3_"+name+"=mine")
	}
	env = append(env, "LEDGERMILL_LAKE_S3_ENDPOINT=http://mine", "LEDGERMILL_LAKE_S3_PATH_STYLE=true")
	for prod, want := range map[string]string{
		`{"s3": {"endpoint": "http://prod", "access_key": "prod", "secret_key": "prod"}}`: "http://prod mine true prod prod ",
		`{"s3": {"region": "prod", "path_style": false, "session_token": "prod"}}`:        "http://mine prod false   prod",
		`{"s3": {"endpoint": "http://prod"}}`:                                             "http://prod mine true mine mine mine",
		// A lake with a key of its own takes nothing of the input's.
		`{"s3": {"access_key": "raw", "secret_key": "raw"}, "lake": {"s3": {"access_key": "prod", "secret_key": "prod"}}}`: "http://mine mine true prod prod ",
	} {
		file := `{"environments": {"prod": ` + prod + `, "dev": {"lake": {"root": "lake-dev"}, "read_from": "prod"}}}`
		c, err := load(t, file, config.Options{Environment: "dev", Env: env})
		if err != nil {
			t.Fatal(err)
		}
		s := c.ReadFrom.LakeS3()
		if got := strings.Join([]string{s.Endpoint, s.Region, s.PathStyle, s.AccessKey.Reveal(), s.SecretKey.Reveal(), s.SessionToken.Reveal()}, " "); got != want {
			t.Errorf("prod %s: %q, want %q", prod, got, want)
		}
	}
	// The secret of an access key that is the lake's own is no matter of the input's.
	c, err := load(t, `{"environments": {"prod": {"s3": {"access_key": "raw", "secret_key": "raw"}, "lake": {"s3": {"access_key": "prod"}}},
		"dev": {"lake": {"root": "lake-dev"}, "read_from": "prod"}}}`, config.Options{Environment: "dev", Env: []string{"LEDGERMILL_LAKE_S3_SECRET_KEY=mine"}})
	if err != nil {
		t.Fatal(err)
	}
	if s := c.ReadFrom.LakeS3(); s.AccessKey.Reveal() != "prod" || s.SecretKey.Reveal() != "mine" {
		t.Errorf("the lake's own access key has the secret %q", s.SecretKey.Reveal())
	}
}

// TestWrongEnvironments name the fault, and never let one environment write to the
// places of another.
func TestWrongEnvironments(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ file, env, want string }{
		"unknown":          {`{"environments": {"prod": {}}}`, "prd", `flag: env: "prd" is no environment of ledgermill.json try did you mean prod?`},
		"none in the file": {`{}`, "dev", `flag: env: "dev" is no environment of ledgermill.json try add it to environments in ledgermill.json`},
		"of itself":        {`{"environments": {"dev": {"read_from": "dev"}}}`, "dev", `environments.dev.read_from: "dev" is the environment itself try name another one, or leave it out`},
		"of nobody":        {`{"environments": {"dev": {"read_from": "prod"}, "prods": {}}}`, "dev", `environments.dev.read_from: "prod" is no environment of ledgermill.json try did you mean prods?`},
		"the same lake": {`{"environments": {"dev": {"read_from": "prod"}, "prod": {}}}`, "dev",
			`read_from: the lake of dev is that of prod: lake try give it one of its own: environments.dev.lake.root`},
		"the same warehouse": {`{"warehouse": {"url": "postgres://u:p@h/d"}, "environments": {"dev": {"lake": {"root": "d"}, "read_from": "prod"}, "prod": {}}}`, "dev",
			`read_from: the warehouse of dev is that of prod: postgres://u:***@h/d try give it one of its own: environments.dev.warehouse.url, "" for a private server`},
		"a variable that is not there": {`{"environments": {"dev": {"lake": {"root": "d"}, "read_from": "prod"}, "prod": {"input": "${NO}"}}}`, "dev",
			`read_from: "prod" cannot be read: ledgermill.json:1:90: input: refers to ${NO}, which is not set in the environment try `},
		"a setting of all":  {`{"environments": {"dev": {"name": "x"}}}`, "dev", `environments.dev.name: unknown setting try `},
		"in itself":         {`{"environments": {"dev": {"environments": {}}}}`, "dev", `environments.dev.environments: unknown setting try `},
		"misspelt, unasked": {`{"environments": {"dev": {"lake": {"rot": "x"}}}}`, "", `environments.dev.lake.rot: unknown setting try did you mean root?`},
		"a bad name":        {`{"environments": {"Dev": {}}}`, "", `environments.Dev: is no name of an environment: lower-case letters, digits, - and _ are`},
		"no object":         {`{"environments": {"dev": 1}}`, "", `environments.dev: must be a JSON object`},
	} {
		_, err := load(t, c.file, config.Options{Environment: c.env})
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		text := err.Error()
		if try, ok := err.(interface{ Try() string }); ok {
			text += " try " + try.Try()
		}
		if !strings.Contains(text, c.want) {
			t.Errorf("%s: %s\nwant %s", name, text, c.want)
		}
	}
}

// TestSchema knows every setting, each with its meaning, and no other names.
func TestSchema(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := config.WriteSchema(&out); err != nil {
		t.Fatal(err)
	}
	var schema map[string]any
	if err := json.Unmarshal(out.Bytes(), &schema); err != nil {
		t.Fatal(err)
	}
	got := leaves(t, "", schema)
	want := map[string]bool{"$schema": true, "parameters.*": true}
	environment := map[string]bool{"environments.*.parameters.*": true, "environments.*.read_from": true}
	for _, s := range config.Default().Settings() {
		want[s.Key] = true
		if s.Key != "name" {
			environment["environments.*."+s.Key] = true
		}
	}
	maps.Copy(want, environment)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("settings (-want +got):\n%s", d)
	}
}

// leaves are the dotted names that a schema allows; * stands for any name.
func leaves(t *testing.T, prefix string, node map[string]any) map[string]bool {
	t.Helper()
	properties, nested := node["properties"].(map[string]any)
	other, open := node["additionalProperties"].(map[string]any)
	all := map[string]bool{}
	if !nested && !open {
		all[strings.TrimPrefix(prefix, ".")] = true
		if prefix != "" && node["description"] == nil && !strings.HasSuffix(prefix, "*") {
			t.Errorf("%s has no description", prefix)
		}
		return all
	}
	if !open && node["additionalProperties"] != false {
		t.Errorf("%q allows any name", prefix)
	}
	for name, child := range properties {
		maps.Copy(all, leaves(t, prefix+"."+name, child.(map[string]any)))
	}
	if open {
		maps.Copy(all, leaves(t, prefix+".*", other))
	}
	return all
}
