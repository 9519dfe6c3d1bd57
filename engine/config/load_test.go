package config_test

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine/config"
)

func load(t *testing.T, file string, options config.Options) (config.Config, error) {
	t.Helper()
	options.FS = fstest.MapFS{config.FileName: {Data: []byte(file)}}
	return config.Load(options)
}

func TestEachLayerIsAboveTheOneBefore(t *testing.T) {
	t.Parallel()
	file := `{"engine": {"threads": 1, "batch_days": 1}, "lake": {"settle": "1s"}, "parameters": {"a": 1, "b": "x", "c": true}}`
	got, err := load(t, file, config.Options{
		Project: "/p",
		Env: []string{"LEDGERMILL_ENGINE_THREADS=2", "LEDGERMILL_ENGINE_BATCH_DAYS=2", "LEDGERMILL_PARAMETERS_B=y", "PATH=/bin",
			"AWS_ENDPOINT_URL=https://minio.example", "AWS_REGION=us-east-2", "LEDGERMILL_S3_REGION=eu-central-1",
			"AWS_ACCESS_KEY_ID=" + password, "AWS_SECRET_ACCESS_KEY=" + password},
		Flags: map[string]string{"engine.threads": "3", "parameters.c": "false"},
	})
	if err != nil {
		t.Fatal(err)
	}
	sources := map[string]string{}
	for _, s := range got.Settings() {
		sources[s.Key] = s.Value + " from " + s.Source
	}
	want := map[string]string{
		"name":                        "ledgermill from default",
		"input":                       "/p/raw from default",
		"lake.root":                   "/p/lake from default",
		"lake.keep":                   "3 from default",
		"lake.hold_after":             "0 from default",
		"lake.settle":                 "1s from ledgermill.json:1:64",
		"lake.s3.endpoint":            " from default",
		"lake.s3.region":              " from default",
		"lake.s3.path_style":          " from default",
		"lake.s3.ca_file":             " from default",
		"lake.s3.access_key":          " from default",
		"lake.s3.secret_key":          " from default",
		"lake.s3.session_token":       " from default",
		"s3.endpoint":                 "https://minio.example from AWS_ENDPOINT_URL",
		"s3.region":                   "eu-central-1 from LEDGERMILL_S3_REGION",
		"s3.path_style":               "auto from default",
		"s3.ca_file":                  " from default",
		"s3.access_key":               "*** from AWS_ACCESS_KEY_ID",
		"s3.secret_key":               "*** from AWS_SECRET_ACCESS_KEY",
		"s3.session_token":            " from default",
		"engine.name":                 "duckdb from default",
		"spark.home":                  " from default",
		"spark.master":                " from default",
		"spark.conf":                  " from default",
		"spark.properties":            " from default",
		"spark.packages":              " from default",
		"spark.python":                " from default",
		"spark.exchange":              " from default",
		"engine.memory_limit":         "1GB from default",
		"engine.threads":              "3 from flag",
		"engine.max_object":           "100GB from default",
		"engine.max_ratio":            "200 from default",
		"engine.temp_directory":       " from default",
		"engine.batch_days":           "2 from LEDGERMILL_ENGINE_BATCH_DAYS",
		"lake.trust_reader":           "false from default",
		"engine.cache_directory":      " from default",
		"engine.httpfs":               " from default",
		"engine.fetch_first":          "false from default",
		"warehouse.url":               " from default",
		"warehouse.replica_url":       " from default",
		"warehouse.swap_deadline":     "1m from default",
		"warehouse.load_jobs":         "0 from default",
		"warehouse.private_directory": " from default",
		"openlineage.url":             " from default",
		"openlineage.api_key":         " from default",
		"openlineage.namespace":       " from default",
		"monitor.deadline":            " from default",
		"monitor.token":               " from default",
		"monitor.keep_days":           "30 from default",
		"notify.command":              " from default",
		"notify.url":                  " from default",
		"notify.on":                   "trouble from default",
		"notify.rejects":              "100 from default",
		"log.level":                   "warn from default",
		"log.format":                  "text from default",
		"parameters.a":                "1 from ledgermill.json:1:91",
		"parameters.b":                "y from LEDGERMILL_PARAMETERS_B",
		"parameters.c":                "false from flag",
	}
	if diff := cmp.Diff(want, sources); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
}

func TestEverySettingReachesItsField(t *testing.T) {
	t.Parallel()
	got, err := load(t, `{
  "name": "n",
  "input": "s3://b/raw",
  "s3": {"endpoint": "https://minio.example:9000", "region": "eu-central-1", "path_style": true, "ca_file": "ca.pem", "access_key": "a", "secret_key": "${PW}", "session_token": "t"},
  "lake": {"root": "../lake", "settle": "0s", "trust_reader": true, "keep": 7, "hold_after": 40, "s3": {"endpoint": "http://other", "region": "r", "path_style": "false", "ca_file": "/ca", "access_key": "b", "secret_key": "c", "session_token": "d"}},
  "engine": {"name": "spark", "memory_limit": "1.5GiB", "threads": 4, "max_object": "5GB", "max_ratio": 50, "temp_directory": "/t", "batch_days": 3, "cache_directory": "c", "httpfs": "https://mirror", "fetch_first": "true"},
  "spark": {"home": "/opt/spark", "master": "yarn", "conf": "a=1 b.password=2", "properties": "spark.conf", "packages": "g:a:1", "python": "py", "exchange": "/x"},
  "warehouse": {"url": "postgres://u:${PW}@h/db?x=$${PW}", "swap_deadline": "500ms", "load_jobs": 3, "private_directory": "pg"},
  "monitor": {"deadline": "06:30", "token": "t", "keep_days": 7},
  "notify": {"command": "mail -s night", "url": "https://hooks.example/x", "on": "always", "rejects": 2},
  "log": {"level": "DEBUG", "format": "json"}
}`, config.Options{Project: "/p/q", Env: []string{"PW=first", "PW=hunter2"}})
	if err != nil {
		t.Fatal(err)
	}
	want := config.Config{
		Project: "/p/q",
		Name:    "n",
		Input:   "s3://b/raw",
		S3: config.S3{Endpoint: "https://minio.example:9000", Region: "eu-central-1", PathStyle: "true", CAFile: "/p/q/ca.pem",
			AccessKey: "a", SecretKey: "hunter2", SessionToken: "t"},
		Lake: config.Lake{Root: "/p/lake", TrustReader: true, Keep: 7, HoldAfter: 40, S3: config.S3{Endpoint: "http://other", Region: "r", PathStyle: "false", CAFile: "/ca",
			AccessKey: "b", SecretKey: "c", SessionToken: "d"}},
		Engine: config.Engine{Name: "spark", MemoryLimit: 3 << 29, Threads: 4, MaxObject: 5e9, MaxRatio: 50, TempDirectory: "/t", BatchDays: 3,
			CacheDirectory: "/p/q/c", HTTPFS: "https://mirror", FetchFirst: true},
		Spark: config.Spark{Home: "/opt/spark", Master: "yarn", Conf: "a=1 b.password=2", Properties: "/p/q/spark.conf", Packages: "g:a:1", Python: "py", Exchange: "/x"},
		Warehouse: config.Warehouse{URL: "postgres://u:hunter2@h/db?x=${PW}", SwapDeadline: 500 * time.Millisecond,
			LoadJobs: 3, PrivateDirectory: "/p/q/pg"},
		Monitor: config.Monitor{Deadline: "06:30", Token: "t", KeepDays: 7},
		Notify:  config.Notify{Command: "mail -s night", URL: "https://hooks.example/x", On: "always", Rejects: 2},
		Log:     config.Log{Level: slog.LevelDebug, Format: "json"},
	}
	if due := got.Monitor.Due(); due != 6*time.Hour+30*time.Minute {
		t.Errorf("due %s after midnight", due)
	}
	if due := config.Default().Monitor.Due(); due >= 0 {
		t.Errorf("due %s after midnight, without a deadline", due)
	}
	fields := cmp.FilterPath(func(p cmp.Path) bool { return p.String() == "sources" }, cmp.Ignore())
	if diff := cmp.Diff(want, got, fields, cmp.AllowUnexported(config.Config{})); diff != "" {
		t.Errorf("config (-want +got):\n%s", diff)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		file  string
		env   []string
		flags map[string]string
		want  string
	}{
		"unknown setting": {file: "{\n  \"lake\": {\"rooot\": 1}}", want: "ledgermill.json:2:12: lake.rooot: unknown setting\ntry root"},
		"unknown section": {file: `{"lakes": {"root": [1, {}]}, "engine": {"threads": -1}}`,
			want: "ledgermill.json:1:2: lakes: unknown setting\nledgermill.json:1:52: engine.threads: \"-1\" is not between 0 and 1024\ntry lake"},
		"names are exact":     {file: `{"Input": "x"}`, want: "ledgermill.json:1:2: Input: unknown setting\ntry input"},
		"garbage behind":      {file: "{}\n {}", want: "ledgermill.json:2:2: not JSON: invalid character"},
		"set twice":           {file: `{"input": "a", "input": "b"}`, want: "ledgermill.json:1:16: input: set twice"},
		"not an object":       {file: `[1]`, want: "ledgermill.json:1:1: the settings must be a JSON object"},
		"section is a value":  {file: `{"lake": "x"}`, want: "ledgermill.json:1:10: lake: must be a JSON object"},
		"section is a list":   {file: `{"lake": ["x"], "inptu": 1}`, want: "ledgermill.json:1:10: lake: must be a JSON object\nledgermill.json:1:17: inptu: unknown setting\ntry input"},
		"value is an object":  {file: `{"input": {"a": {}}}`, want: "ledgermill.json:1:11: input: must be a single value"},
		"null":                {file: `{"input": null}`, want: "ledgermill.json:1:11: input: null is no value: leave the setting out for its default"},
		"number for a path":   {file: `{"input": 5}`, want: "ledgermill.json:1:11: input: must be a JSON string"},
		"no comma":            {file: "{\"input\": \"a\"\n \"log\": {}}", want: "ledgermill.json:2:2: not JSON"},
		"not JSON":            {file: "{\"input\": \n  raw}", want: "ledgermill.json:2:3: not JSON"},
		"ends early":          {file: "{\"input\": \"a\"", want: "ledgermill.json:1:14: not JSON: unexpected end"},
		"empty file":          {file: "", want: "ledgermill.json:1:1: not JSON: unexpected end"},
		"unset variable":      {file: `{"warehouse": {"url": "postgres://u:${PW}@h"}}`, want: "ledgermill.json:1:23: warehouse.url: refers to ${PW}, which is not set in the environment"},
		"open variable":       {file: `{"input": "${PW"}`, want: "ledgermill.json:1:11: input: a ${ without its }"},
		"bad duration":        {file: `{"lake": {"settle": "1 min"}}`, want: "ledgermill.json:1:21: lake.settle: \"1 min\" is not a duration such as"},
		"bad size":            {env: []string{"LEDGERMILL_ENGINE_MEMORY_LIMIT=1XB"}, want: "LEDGERMILL_ENGINE_MEMORY_LIMIT: engine.memory_limit: \"1XB\" is not a size"},
		"small size":          {env: []string{"LEDGERMILL_ENGINE_MEMORY_LIMIT=1MB"}, want: "LEDGERMILL_ENGINE_MEMORY_LIMIT: engine.memory_limit: \"1MB\" must be at least 64MB"},
		"bad level":           {flags: map[string]string{"log.level": "loud"}, want: "flag: log.level: \"loud\" is none of debug, info, warn, error"},
		"bad format":          {flags: map[string]string{"log.format": "xml"}, want: "flag: log.format: \"xml\" is none of text, json"},
		"no deadline":         {flags: map[string]string{"warehouse.swap_deadline": "0s"}, want: "flag: warehouse.swap_deadline: \"0s\" must be more than 0"},
		"unknown flag":        {flags: map[string]string{"lake.rot": "x"}, want: "flag: lake.rot: unknown setting\ntry lake.root"},
		"empty root":          {flags: map[string]string{"lake.root": ""}, want: "flag: lake.root: is empty"},
		"misspelt variable":   {env: []string{"LEDGERMILL_WAREHOSE_URL=x"}, want: "LEDGERMILL_WAREHOSE_URL: unknown setting in the environment\ntry LEDGERMILL_WAREHOUSE_URL"},
		"unknown in section":  {env: []string{"LEDGERMILL_LAKE_COLOUR=x"}, want: "LEDGERMILL_LAKE_COLOUR: unknown setting in the environment\ntry "},
		"parameter name":      {file: `{"parameters": {"A b": 1}}`, want: "ledgermill.json:1:24: parameters.A b: is no name of a parameter"},
		"parameter is a list": {file: `{"parameters": {"a": [1]}}`, want: "ledgermill.json:1:22: parameters.a: must be a single value"},
		"no time of day":      {flags: map[string]string{"monitor.deadline": "6"}, want: "flag: monitor.deadline: \"6\" is no time of day such as 06:00"},
		"no hook":             {env: []string{"LEDGERMILL_NOTIFY_URL=hunter2"}, want: "LEDGERMILL_NOTIFY_URL: notify.url: \"***\" is no URL"},
		"told of what":        {flags: map[string]string{"notify.on": "sometimes"}, want: "flag: notify.on:"},
		"not postgres":        {env: []string{"LEDGERMILL_WAREHOUSE_URL=mysql://u:hunter2@h"}, want: "LEDGERMILL_WAREHOUSE_URL: warehouse.url: \"mysql://u:***@h\" is not a URL"},
		"no URL at all":       {env: []string{"LEDGERMILL_WAREHOUSE_URL=password=hunter2"}, want: "LEDGERMILL_WAREHOUSE_URL: warehouse.url: \"***\" is not a URL"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			options := config.Options{Env: test.env, Flags: test.flags}
			file := test.file
			if test.env != nil || test.flags != nil {
				file = "{}"
			}
			_, err := load(t, file, options)
			faults, ok := errors.AsType[config.Errors](err)
			if !ok {
				t.Fatalf("error %v, want config.Errors", err)
			}
			want, try, _ := strings.Cut(test.want, "\ntry ")
			got := err.Error()
			if strings.Count(got, "\n") != strings.Count(want, "\n") || !strings.HasPrefix(got, want) {
				t.Errorf("error:\n%s\nwant:\n%s", got, want)
			}
			if !strings.Contains(faults.Try(), try) {
				t.Errorf("try: %q, want %q in it", faults.Try(), try)
			}
			if strings.Contains(got+faults.Try(), password) {
				t.Errorf("the password shows: %s", got)
			}
		})
	}
}

func TestAllFaultsAtOnce(t *testing.T) {
	t.Parallel()
	_, err := load(t, `{"lake": {"settle": "x"}, "log": {"format": "xml"}, "who": 1}`, config.Options{
		Env: []string{"LEDGERMILL_ENGINE_THREADS=many"}, Flags: map[string]string{"engine.batch_days": "0"}})
	for _, key := range []string{"lake.settle", "log.format", "who", "engine.threads", "engine.batch_days"} {
		if err == nil || !strings.Contains(err.Error(), key+": ") {
			t.Errorf("the error does not name %s:\n%v", key, err)
		}
	}
	if one, ok := errors.AsType[*config.Error](err); !ok || one.Key == "" {
		t.Errorf("no single fault can be taken out of %v", err)
	}
}

func TestVariablesOfOthersAreLeftAlone(t *testing.T) {
	t.Parallel()
	if _, err := load(t, "{}", config.Options{Env: []string{"LEDGERMILL_TEST_MINIO=x", "LEDGERMILL_CHILD=1"}}); err != nil {
		t.Error(err)
	}
}

func TestFileOnDisk(t *testing.T) {
	t.Parallel()
	project := t.TempDir()
	if _, err := config.Load(config.Options{Project: project}); err != nil {
		t.Errorf("a project without the file: %v", err)
	}
	missing := filepath.Join(project, "other.json")
	if _, err := config.Load(config.Options{Project: project, File: missing}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a named file that is missing: %v", err)
	}
	if err := os.WriteFile(filepath.Join(project, config.FileName), []byte(`{"input": "in"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := config.Load(config.Options{Project: project, WorkDir: "/elsewhere", Flags: map[string]string{"lake.root": "l"}})
	if err != nil {
		t.Fatal(err)
	}
	if got.Input != filepath.Join(project, "in") || got.Lake.Root != filepath.FromSlash("/elsewhere/l") {
		t.Errorf("paths resolved to %q and %q", got.Input, got.Lake.Root)
	}
}

func TestWriteIsReadBack(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{
		"defaults": `{}`,
		"all set": `{"input": "s3://b", "s3": {"path_style": false, "secret_key": "hunter2"},
			"lake": {"root": "/a/$${X}", "settle": "90s", "s3": {"region": "r", "access_key": "hunter2"}}, "engine": {"memory_limit": 123456789, "threads": 2},
			"warehouse": {"url": "postgres://u:hunter2@h/<db>"}, "log": {"level": "error"}, "parameters": {"z": "date '2025-01-31'", "a": -1.50}}`,
	} {
		first, err := load(t, file, config.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := config.Write(&out, "", first); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(out.String(), password) {
			t.Errorf("%s: the password shows:\n%s", name, out.String())
		}
		second, err := load(t, out.String(), config.Options{Env: []string{"LEDGERMILL_WAREHOUSE_URL=" + first.Warehouse.URL.Reveal(),
			"LEDGERMILL_S3_SECRET_KEY=" + first.S3.SecretKey.Reveal(), "LEDGERMILL_LAKE_S3_ACCESS_KEY=" + first.Lake.S3.AccessKey.Reveal()}})
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out.String())
		}
		sources := cmp.FilterPath(func(p cmp.Path) bool { return p.String() == "sources" }, cmp.Ignore())
		if diff := cmp.Diff(first, second, sources, cmp.AllowUnexported(config.Config{})); diff != "" {
			t.Errorf("%s (-written +read):\n%s", name, diff)
		}
	}
}

func TestCanonicalFile(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := config.Write(&out, "", config.Default()); err != nil {
		t.Fatal(err)
	}
	want := `{
  "name": "ledgermill",
  "input": "raw",
  "s3": {
    "endpoint": "",
    "region": "",
    "path_style": "auto",
    "ca_file": "",
    "access_key": "",
    "secret_key": "",
    "session_token": ""
  },
  "lake": {
    "root": "lake",
    "settle": "1m",
    "trust_reader": false,
    "keep": 3,
    "hold_after": 0,
    "s3": {
      "endpoint": "",
      "region": "",
      "path_style": "",
      "ca_file": "",
      "access_key": "",
      "secret_key": "",
      "session_token": ""
    }
  },
  "engine": {
    "name": "duckdb",
    "memory_limit": "1GB",
    "threads": 0,
    "max_object": "100GB",
    "max_ratio": 200,
    "temp_directory": "",
    "batch_days": 30,
    "cache_directory": "",
    "httpfs": "",
    "fetch_first": false
  },
  "spark": {
    "home": "",
    "master": "",
    "conf": "",
    "properties": "",
    "packages": "",
    "python": "",
    "exchange": ""
  },
  "warehouse": {
    "url": "",
    "replica_url": "",
    "swap_deadline": "1m",
    "load_jobs": 0,
    "private_directory": ""
  },
  "openlineage": {
    "url": "",
    "api_key": "",
    "namespace": ""
  },
  "monitor": {
    "deadline": "",
    "token": "",
    "keep_days": 30
  },
  "notify": {
    "command": "",
    "url": "",
    "on": "trouble",
    "rejects": 100
  },
  "log": {
    "level": "warn",
    "format": "text"
  },
  "parameters": {}
}
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("canonical file (-want +got):\n%s", diff)
	}
	if err := config.Default().Validate(); err != nil {
		t.Errorf("the defaults are not valid: %v", err)
	}
}

func TestSize(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"1GB": "1GB", "1024MiB": "1GiB", "1.5 gb": "1500MB", "1000": "1KB", "7": "7B", "0": "0B", "9223372036854775807": "9223372036854775807B",
		"": "", "GB": "", "-1GB": "", "1e3": "", "1..5GB": "", "1 G": "", "0x10": "", "inf": "", "9223372036854775807KB": "", "99999999999999999999": "",
	} {
		got, err := config.ParseSize(text)
		if (err == nil) != (want != "") || err == nil && got.String() != want {
			t.Errorf("ParseSize(%q) = %v, %v; want %q", text, got, err, want)
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(`{"lake": {"root": "${A}"}, "engine": {"memory_limit": "1GB"}, "parameters": {"a": 1}} x`)
	f.Add(`{"lake": [[{]}`)
	f.Fuzz(func(t *testing.T, file string) {
		got, err := load(t, file, config.Options{Env: []string{"A=b"}})
		if _, ok := errors.AsType[config.Errors](err); err != nil && !ok {
			t.Fatalf("error of another type: %v", err)
		}
		if err == nil && got.Validate() != nil {
			t.Fatalf("loaded, but not valid: %v", got.Validate())
		}
	})
}
