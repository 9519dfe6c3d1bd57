package config

import (
	"log/slog"
	"time"
)

// FileName is the name of the file of settings in a project's directory.
const FileName = "ledgermill.json"

// Config is every setting of a project. Make one with [Default] or [Load].
type Config struct {
	// Project is the project's directory, against which relative paths resolve.
	// It comes from [Options], not from a setting.
	Project string

	// Environment is the one that was chosen, "" for none. It comes from [Options] or
	// LEDGERMILL_ENV; its settings are in the others.
	Environment string

	// ReadFrom are the settings of the environment whose lake is read beside this
	// one's; nil: none is. Nothing is written to any of its places.
	ReadFrom *Config

	// Name is the project's: a lake holds the units of one project, and another
	// one is refused on it. Default "ledgermill".
	Name string

	// Input is where the raw objects lie: a directory or a URL such as
	// s3://bucket/prefix. Default "raw".
	Input string

	S3        S3
	Lake      Lake
	Engine    Engine
	Spark     Spark
	Warehouse Warehouse
	Log       Log

	OpenLineage OpenLineage
	Monitor     Monitor
	Notify      Notify

	// Parameters binds parameters of SQL files: a name without its $ to the text
	// of a literal. Default none: each parameter has its value in the SQL.
	Parameters map[string]string

	sources map[string]string
}

// Lake says where the processed lake is and when raw objects are read.
type Lake struct {
	// Root is where the lake lies: a directory or a URL such as
	// s3://bucket/prefix. Default "lake".
	Root string

	// Settle is how long an object of a directory that has no control file must
	// keep its size and modification time before it is read. Default 60s; 0 reads
	// at once.
	Settle time.Duration

	// TrustReader lets the engine read an object of an object store in place that
	// has no control file, without its records being counted beside it. Default
	// false.
	TrustReader bool

	// Keep is how many former versions of a unit are kept, to roll back to.
	// Default 3; 0 keeps none.
	Keep int

	// HoldAfter is the age in days, counted back from a dataset's newest published
	// unit, from which a published unit is made again on request only. Default 0:
	// units of any age are.
	HoldAfter int

	// S3 is how the lake's store is reached where that is another one than the
	// input's: what is empty here is as in [Config.S3]. [Config.LakeS3] has both.
	S3 S3
}

// Engine bounds what the engine may use.
type Engine struct {
	// Name is the engine that contracts and models are evaluated in: "duckdb", in
	// this process, or "spark", as [Config.Spark] says. Default "duckdb".
	Name string

	// MemoryLimit is the memory the engine may use before it spills, in bytes.
	// Default 1GB; at least 64MB.
	MemoryLimit Size

	// Threads is the number of threads of the engine. Default 0: all cores.
	Threads int

	// MaxObject is the largest object that is read, in bytes of its decompressed
	// text; a larger one is refused. Default 100GB; 0: no limit.
	MaxObject Size

	// MaxRatio is how many bytes of text a byte of a compressed object may unpack to,
	// behind the first 64 MiB of text; an object of more is refused. Default 200; 0:
	// no limit.
	MaxRatio int

	// TempDirectory is where the engine spills and stages. Default "": the
	// system's temporary directory.
	TempDirectory string

	// BatchDays is the number of units computed in one go, 1 to 366. It changes
	// speed and memory, never a result. Default 30.
	BatchDays int

	// CacheDirectory keeps what can be read or fetched again: objects by ETag,
	// extensions. Default "": ledgermill in the user's cache directory.
	CacheDirectory string

	// HTTPFS is where DuckDB's extension for object stores comes from: the signed
	// file httpfs.duckdb_extension, or the URL or directory of a mirror of DuckDB's
	// repository of extensions; then nothing else is tried. Default "": DuckDB's
	// repository, then PyPI.
	HTTPFS string

	// FetchFirst copies objects of an object store to the local disk before they
	// are read, and never loads httpfs. Default false.
	FetchFirst bool
}

// Spark says which Spark evaluates contracts and models, where Engine.Name is "spark".
type Spark struct {
	// Home is the directory of a Spark. Default "": SPARK_HOME, then spark-submit in
	// PATH.
	Home string

	// Master is where statements run, as spark-submit takes it: spark://host:7077,
	// yarn, k8s://https://host:6443, local[4]. Default "": by spark-defaults.conf,
	// else local[*].
	Master string

	// Conf are properties of Spark, key=value parted by spaces. Default "": none.
	Conf string

	// Properties is a file of Spark properties, for values with spaces and for
	// secrets: it is read and nothing of it is printed. Default "": none.
	Properties string

	// Packages are Maven coordinates of jars, parted by commas, that Spark fetches.
	// Default "": none.
	Packages string

	// Python runs the program that hands statements to Spark. Default "":
	// PYSPARK_DRIVER_PYTHON, PYSPARK_PYTHON, then python3 beside spark-submit or in
	// PATH.
	Python string

	// Exchange is where Spark and this machine leave rows to each other: the absolute
	// path of a directory that all executors see, or ExchangeLake. Default "":
	// ExchangeLake where the lake is in a store and Master is not local, else the run's
	// staging directory, which does for local[*] and a lake on a shared file system.
	Exchange string
}

// ExchangeLake is the value of Spark.Exchange that means the lake's own store.
const ExchangeLake = "lake"

// Warehouse says which PostgreSQL server is loaded.
type Warehouse struct {
	// URL is the server's, as postgres://user:password@host:port/database.
	// Default "": a private server that ledgermill starts itself.
	URL Secret

	// ReplicaURL is that of a streaming replica, which queries and reconciliations
	// go to once it has replayed the last load. Default "": they go to URL's.
	ReplicaURL Secret

	// SwapDeadline is how long the load tries to get the locks that swapping a
	// unit needs. Default 60s; more than 0.
	SwapDeadline time.Duration

	// LoadJobs is how many COPY streams and index builds run at once, 0 to 64.
	// Default 0: as many as suit the server.
	LoadJobs int

	// PrivateDirectory is where the private server keeps its programs and data.
	// Default "": a place chosen by the warehouse, and printed.
	PrivateDirectory string
}

// OpenLineage says who is told of runs, and of what their columns come from.
type OpenLineage struct {
	// URL is where events go: http:// or https:// of an endpoint, else a file to
	// which they are appended, one a line. Default "": nobody is told.
	URL string

	// APIKey is sent to the endpoint as a bearer token. Default "": none.
	APIKey Secret

	// Namespace is that of the jobs. Default "": the project's name.
	Namespace string
}

// Monitor says what the monitor expects and keeps.
type Monitor struct {
	// Deadline is the time of day, UTC, as 06:00, by which the night's run must have
	// succeeded. Default "": none.
	Deadline string

	// Token is asked of who reads `monitor --serve` from another machine. Default "":
	// only this machine is served.
	Token Secret

	// KeepDays is for how many days samples are kept in the warehouse, 1 to 3650.
	// Default 30.
	KeepDays int
}

// Due is the deadline as time since midnight, negative where there is none.
func (m Monitor) Due() time.Duration {
	at, err := time.Parse(clockLayout, m.Deadline)
	if err != nil {
		return -1
	}
	return time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute
}

// clockLayout is how a time of day is written.
const clockLayout = "15:04"

// Notify says who is told how a run ended.
type Notify struct {
	// Command is run by sh with the message as JSON on its standard input. Default "":
	// none.
	Command string

	// URL is a webhook that the message is posted to as JSON, with a text as Slack
	// takes it. Default "": none.
	URL Secret

	// On is which ends are told of: "trouble", "always" or "never". Default "trouble".
	On string

	// Rejects is the share of rejected records, in per cent, above which a feed's
	// accounts are trouble, 0 to 100. Default 100: no share is.
	Rejects int
}

// Log says what is logged on standard error, and how.
type Log struct {
	// Level is the least level that is logged: debug, info, warn or error.
	// Default warn: a run's own lines say the rest.
	Level slog.Level

	// Format is "text" or "json". Default "text".
	Format string
}

// Setting is one setting as a person may see it.
type Setting struct {
	// Key is the dotted name, such as "lake.root".
	Key string `json:"key"`
	// Value is the text form of the value; passwords are masked.
	Value string `json:"value"`
	// Source is where the value came from: "default", "ledgermill.json:3:5", the
	// name of an environment variable, or "flag".
	Source string `json:"source"`
	// Doc is a line of documentation with unit, default and special values.
	Doc string `json:"doc"`
}

// Default returns the settings of a project that sets none. Paths are relative
// to the project's directory.
func Default() Config {
	return Config{
		Name:  "ledgermill",
		Input: "raw",
		S3:    S3{PathStyle: PathStyleAuto},
		Lake:  Lake{Root: "lake", Settle: time.Minute, Keep: 3},
		Engine: Engine{
			Name:        "duckdb",
			MemoryLimit: 1_000_000_000,
			MaxObject:   100_000_000_000,
			MaxRatio:    200,
			BatchDays:   30,
		},
		Warehouse: Warehouse{SwapDeadline: time.Minute},
		Monitor:   Monitor{KeepDays: 30},
		Notify:    Notify{On: "trouble", Rejects: 100},
		Log:       Log{Level: slog.LevelWarn, Format: "text"},
	}
}

// Settings returns every setting with its value and source, in the order of the
// table; bound parameters follow, by name.
func (c Config) Settings() []Setting {
	var out []Setting
	if c.Environment != "" {
		out = append(out, Setting{Key: "env", Value: c.Environment, Source: c.source("env"), Doc: "environment of ledgermill.json whose settings stand above the rest of it"})
	}
	if c.ReadFrom != nil {
		out = append(out, Setting{Key: readFromKey, Value: c.ReadFrom.Environment, Source: c.source(readFromKey), Doc: readFromDoc})
	}
	for _, s := range table() {
		out = append(out, Setting{Key: s.key, Value: s.show(&c), Source: c.source(s.key), Doc: s.doc})
	}
	for _, name := range sortedKeys(c.Parameters) {
		key := parameterPrefix + name
		out = append(out, Setting{Key: key, Value: c.Parameters[name], Source: c.source(key),
			Doc: "value of the SQL parameter $" + name})
	}
	return out
}

func (c Config) source(key string) string {
	if source, ok := c.sources[key]; ok {
		return source
	}
	return sourceDefault
}
