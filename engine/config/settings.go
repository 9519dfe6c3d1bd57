package config

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

const (
	parameterSection = "parameters"
	parameterPrefix  = parameterSection + "."
	sourceDefault    = "default"
	sourceFlag       = "flag"
	variablePrefix   = "LEDGERMILL_"
)

// setting is one row of the table that file, environment, flags, validation and
// doctor share. Its functions work on one field of a Config.
type setting struct {
	key, doc string

	// set parses text into the field. Its error says what the text should be.
	set func(c *Config, text string) error
	// get is the text that set would turn into the field's value.
	get func(c *Config) string
	// show is get with passwords masked.
	show func(c *Config) string
	// check says what is wrong with the field's value, or nil.
	check func(c *Config) error

	// number: the canonical file has a JSON number or truth value, not a string.
	number bool
	// path: a relative text is resolved against the project's directory.
	path bool
	// secret: the canonical file has a reference to the variable, not the text.
	secret bool
	// json is the type of the value in the file beside a string; "": a string alone.
	json string
	// words are all that the value may be; nil: it may be more.
	words []string
}

func (s setting) variable() string { return variableOf(s.key) }

func variableOf(key string) string {
	return variablePrefix + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// table lists the settings in the order of the canonical file. It is a function
// so that the package has no mutable state.
func table() []setting {
	return slices.Concat([]setting{
		row("name", `name of the project, which a lake holds one of; default "ledgermill"`,
			plain(), func(c *Config) *string { return &c.Name }, notEmpty),
		row("input", `where the raw objects lie, a directory or a URL; default "raw"`,
			place(), func(c *Config) *string { return &c.Input }, notEmpty),
	}, s3Rows("s3", func(c *Config) *S3 { return &c.S3 }), []setting{
		row("lake.root", `where the processed lake lies, a directory or a URL; default "lake"`,
			place(), func(c *Config) *string { return &c.Lake.Root }, notEmpty),
		row("lake.settle", "how long an object without control file must stay unchanged before it is read; default 60s; 0 reads at once",
			duration(), func(c *Config) *timeDuration { return &c.Lake.Settle }, atLeast[timeDuration](0, "0 or more")),
		row("lake.trust_reader", "read an object of an object store in place though it has no control file, and count it nowhere else; default false",
			truth(), func(c *Config) *bool { return &c.Lake.TrustReader }, nil),
		row("lake.keep", "former versions of a unit that are kept, to roll back to; default 3; 0 keeps none",
			count(), func(c *Config) *int { return &c.Lake.Keep }, between(0, 100)),
		row("lake.hold_after", "age in days, counted back from the newest published unit, from which published units are remade on request only; default 0: never",
			count(), func(c *Config) *int { return &c.Lake.HoldAfter }, between(0, 36500)),
	}, s3Rows("lake.s3", func(c *Config) *S3 { return &c.Lake.S3 }), []setting{
		row("engine.name", "what evaluates contracts and models: duckdb, in this process, or spark; default duckdb",
			plain(), func(c *Config) *string { return &c.Engine.Name }, oneOf("duckdb", "spark")).of("duckdb", "spark"),
		row("engine.memory_limit", "memory of the engine before it spills, in bytes or as 1GB; default 1GB, at least "+LeastMemory.String(),
			size(), func(c *Config) *Size { return &c.Engine.MemoryLimit }, atLeast(LeastMemory, "at least "+LeastMemory.String())),
		row("engine.threads", "threads of the engine; default 0: all cores",
			count(), func(c *Config) *int { return &c.Engine.Threads }, between(0, 1024)),
		row("engine.max_object", "largest object that is read, in bytes of its decompressed text; default 100GB; 0: no limit",
			size(), func(c *Config) *Size { return &c.Engine.MaxObject }, atLeast[Size](0, "0 or more")),
		row("engine.max_ratio", "most bytes of text that a byte of a compressed object unpacks to, behind the first 64 MiB of text; default 200; 0: no limit",
			count(), func(c *Config) *int { return &c.Engine.MaxRatio }, between(0, 1_000_000)),
		row("engine.temp_directory", `where the engine spills and stages; default "": the system's temporary directory`,
			directory(), func(c *Config) *string { return &c.Engine.TempDirectory }, nil),
		row("engine.batch_days", "units computed in one go, 1 to 366; default 30; changes speed, never a result",
			count(), func(c *Config) *int { return &c.Engine.BatchDays }, between(1, 366)),
		row("engine.cache_directory", `where what can be fetched again is kept; default "": ledgermill in the user's cache directory`,
			directory(), func(c *Config) *string { return &c.Engine.CacheDirectory }, nil),
		row("engine.httpfs", `where DuckDB's signed httpfs extension comes from: a file httpfs.duckdb_extension, or a mirror's URL or directory; default "": DuckDB's repository, then PyPI`,
			place(), func(c *Config) *string { return &c.Engine.HTTPFS }, nil),
		row("engine.fetch_first", "copy objects of an object store to the local disk before they are read, and never load httpfs; default false",
			truth(), func(c *Config) *bool { return &c.Engine.FetchFirst }, nil),
		row("spark.home", `directory of a Spark; default "": SPARK_HOME, then spark-submit in PATH`,
			directory(), func(c *Config) *string { return &c.Spark.Home }, nil),
		row("spark.master", `where Spark runs, spark://host:7077, yarn, k8s://https://host:6443 or local[4]; default "": by spark-defaults.conf, else local[*]`,
			plain(), func(c *Config) *string { return &c.Spark.Master }, nil),
		row("spark.conf", `properties of Spark, key=value parted by spaces; default "": none`,
			sparkProperties(), func(c *Config) *string { return &c.Spark.Conf }, properties),
		row("spark.properties", `file of Spark properties, which may hold secrets; default "": none`,
			directory(), func(c *Config) *string { return &c.Spark.Properties }, nil),
		row("spark.packages", `Maven coordinates of jars that Spark fetches, parted by commas; default "": none`,
			plain(), func(c *Config) *string { return &c.Spark.Packages }, nil),
		row("spark.python", `program that runs the driver; default "": PYSPARK_DRIVER_PYTHON, PYSPARK_PYTHON, then python3`,
			plain(), func(c *Config) *string { return &c.Spark.Python }, nil),
		row("spark.exchange", `where Spark and this machine leave rows to each other: a directory that all executors see, or lake: the lake's store; default "": lake for a lake in a store and a master that is not local, else the run's staging directory`,
			plain(), func(c *Config) *string { return &c.Spark.Exchange }, exchangePlace),
		row("warehouse.url", `the PostgreSQL server, postgres://user:password@host:port/database; default "": a private server`,
			secretURL(), func(c *Config) *Secret { return &c.Warehouse.URL }, postgresURL),
		row("warehouse.replica_url", `a streaming replica that queries and reconciliations go to; default "": they go to the server that is loaded`,
			secretURL(), func(c *Config) *Secret { return &c.Warehouse.ReplicaURL }, postgresURL),
		row("warehouse.swap_deadline", "how long a load tries to get the locks of a swap; default 60s, more than 0",
			duration(), func(c *Config) *timeDuration { return &c.Warehouse.SwapDeadline }, atLeast[timeDuration](1, "more than 0")),
		row("warehouse.load_jobs", "streams and index builds at once in a load, at most 64; default 0: as many as suit the server",
			count(), func(c *Config) *int { return &c.Warehouse.LoadJobs }, between(0, 64)),
		row("warehouse.private_directory", `where the private server keeps programs and data; default "": chosen and printed`,
			directory(), func(c *Config) *string { return &c.Warehouse.PrivateDirectory }, nil),
		row("openlineage.url", `where a run's events of OpenLineage go, the URL of an endpoint or a file; default "": nowhere`,
			place(), func(c *Config) *string { return &c.OpenLineage.URL }, eventURL),
		row("openlineage.api_key", `bearer token for the endpoint; default "": none`,
			secret(), func(c *Config) *Secret { return &c.OpenLineage.APIKey }, nil),
		row("openlineage.namespace", `namespace of the jobs in the events; default "": the project's name`,
			plain(), func(c *Config) *string { return &c.OpenLineage.Namespace }, nil),
		row("monitor.deadline", `time of day, UTC, as 06:00, by which a run must have succeeded; default "": none`,
			plain(), func(c *Config) *string { return &c.Monitor.Deadline }, clockTime),
		row("monitor.token", `token for who reads the served monitor from another machine; default "": only this machine is served`,
			secret(), func(c *Config) *Secret { return &c.Monitor.Token }, nil),
		row("monitor.keep_days", "days for which samples of the monitor are kept in the warehouse; default 30",
			count(), func(c *Config) *int { return &c.Monitor.KeepDays }, between(1, 3650)),
		row("notify.command", `command line that sh runs at the end of a run, with the message as JSON on its standard input; default "": none`,
			plain(), func(c *Config) *string { return &c.Notify.Command }, nil),
		row("notify.url", `webhook that the message is posted to as JSON, with a text as Slack takes it; default "": none`,
			secret(), func(c *Config) *Secret { return &c.Notify.URL }, hookURL),
		row("notify.on", "which ends of a run are told of: trouble, always or never; default trouble",
			plain(), func(c *Config) *string { return &c.Notify.On }, oneOf("trouble", "always", "never")),
		row("notify.rejects", "share of rejected records, in per cent, above which a feed's accounts are trouble; default 100: none is",
			count(), func(c *Config) *int { return &c.Notify.Rejects }, between(0, 100)),
		row("log.level", "least level that is logged: debug, info, warn or error; default warn",
			level(), func(c *Config) *slogLevel { return &c.Log.Level }, nil).of("debug", "info", "warn", "error"),
		row("log.format", "form of the log on standard error: text or json; default text",
			plain(), func(c *Config) *string { return &c.Log.Format }, oneOf("text", "json")).of("text", "json"),
	})
}

// row ties a kind of value to a field.
func row[T any](key, doc string, k kind[T], field func(*Config) *T, check func(T) error) setting {
	show := k.show
	if show == nil {
		show = k.format
	}
	return setting{
		key: key, doc: doc, number: k.number, path: k.path, secret: k.secret, json: k.json,
		set: func(c *Config, text string) error {
			value, err := k.parse(text)
			if err != nil {
				return err
			}
			*field(c) = value
			return nil
		},
		get:  func(c *Config) string { return k.format(*field(c)) },
		show: func(c *Config) string { return show(*field(c)) },
		check: func(c *Config) error {
			if check == nil {
				return nil
			}
			return check(*field(c))
		},
	}
}

// of says what words a setting may be, for an editor.
func (s setting) of(words ...string) setting {
	s.words = words
	return s
}

// resolve makes a relative path absolute or relative to where the process runs,
// as base is. URLs and empty texts stay.
func resolve(base, text string) string {
	if text == "" || base == "" || filepath.IsAbs(text) || strings.Contains(text, "://") {
		return text
	}
	return filepath.Join(base, filepath.FromSlash(text))
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
