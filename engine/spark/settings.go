package spark

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
)

// Version is the Spark that this package was tried with.
const Version = "4.3.0"

// DefaultMaster is where statements run unless a setting or spark-defaults.conf says
// otherwise: on all cores of this machine.
const DefaultMaster = "local[*]"

// Settings say how the user's Spark is started.
type Settings struct {
	Home     string                                        // of a Spark; "": SPARK_HOME, then spark-submit in PATH
	Python   string                                        // that runs the driver; "": PYSPARK_DRIVER_PYTHON, PYSPARK_PYTHON, then python3
	Master   string                                        // as spark-submit takes it; "": as RunsOn says
	Packages string                                        // Maven coordinates parted by commas
	Conf     map[string]string                             // Spark's own properties
	Secrets  map[string]string                             // properties that nobody may see: they go into a file, as all do
	Name     string                                        // of the application
	Memory   int64                                         // bytes of the driver's heap where all runs in it; 0: Spark's default
	Work     string                                        // existing directory of this machine, for the driver
	Exchange string                                        // directory, or s3:// of a store, that this machine and all executors see at the same place; "": Work
	Clear    func(ctx context.Context, place string) error // removes what is below a place of a store; nil where Exchange is none
	Log      *slog.Logger
}

// agreement are the properties with which Spark reads portable SQL as DuckDB does.
func agreement() map[string]string {
	return map[string]string{
		"spark.sql.variable.substitute":                          "false", // "${...}" of a text is the sender's, and no variable of this machine
		"spark.sql.session.timeZone":                             "UTC",
		"spark.sql.timestampType":                                "TIMESTAMP_NTZ",
		"spark.sql.ansi.enabled":                                 "true",
		"spark.sql.ansi.doubleQuotedIdentifiers":                 "true",
		"spark.sql.parser.escapedStringLiterals":                 "false",
		"spark.sql.caseSensitive":                                "false",
		"spark.sql.decimalOperations.allowPrecisionLoss":         "false",
		"spark.sql.parquet.inferTimestampNTZ.enabled":            "true",
		"spark.sql.parquet.datetimeRebaseModeInRead":             "CORRECTED",
		"spark.sql.parquet.datetimeRebaseModeInWrite":            "CORRECTED",
		"spark.sql.parquet.compression.codec":                    "snappy",
		"spark.sql.files.ignoreCorruptFiles":                     "false",
		"spark.sql.files.ignoreMissingFiles":                     "false",
		"spark.sql.sources.partitionOverwriteMode":               "static",
		"spark.sql.sources.partitionColumnTypeInference.enabled": "false",
		"spark.executorEnv.TZ":                                   "UTC", // as the driver's, which environment sets
	}
}

// ConfError says that a property would make Spark read the SQL otherwise.
type ConfError struct{ Key, Value, Want string }

func (e *ConfError) Error() string {
	return fmt.Sprintf("spark property %s=%s: it is always %s, or the two engines would not agree", e.Key, e.Value, e.Want)
}

// Try returns the remedy.
func (e *ConfError) Try() string { return "leave " + e.Key + " out" }

// ExitCode is that of a configuration.
func (e *ConfError) ExitCode() int { return 2 }

// properties are all of an application, what the settings say and what always holds.
func (s Settings) properties() (map[string]string, error) {
	all := map[string]string{
		"spark.sql.catalogImplementation": "in-memory",
		"spark.sql.warehouse.dir":         "file://" + s.Work + "/warehouse",
		"spark.ui.showConsoleProgress":    "false",
		// The first attempt to commit a task is the only one that is seen: the second
		// version of the committer shows files of a task that is being committed.
		"spark.hadoop.mapreduce.fileoutputcommitter.algorithm.version": "1",
	}
	if s.IsLocal() {
		all["spark.local.dir"] = s.Work + "/local"
		all["spark.ui.enabled"] = "false"
		all["spark.sql.shuffle.partitions"] = "8"                               // of 200 tiny ones most of a small night would go
		all["spark.sql.sources.parallelPartitionDiscovery.threshold"] = "10000" // files are found without a job
		all["spark.driver.bindAddress"] = "127.0.0.1"
		all["spark.driver.host"] = "127.0.0.1"
		if s.Memory > 0 {
			all["spark.driver.memory"] = fmt.Sprintf("%dm", max(s.Memory, 1<<30)>>20)
		}
	}
	maps.Copy(all, s.Conf)
	maps.Copy(all, s.Secrets)
	always := agreement()
	for _, key := range slices.Sorted(maps.Keys(always)) {
		value := always[key]
		if mine, set := s.Conf[key]; set && !strings.EqualFold(mine, value) {
			return nil, &ConfError{key, mine, value}
		}
		all[key] = value
	}
	return all, sameZone(s.Conf)
}

// sameZone refuses a time zone among options of Java, which it prefers to TZ. The options
// themselves are left to the user: set here, those of spark-defaults.conf would be lost.
func sameZone(conf map[string]string) error {
	const zone = "-Duser.timezone="
	for _, key := range slices.Sorted(maps.Keys(conf)) {
		if !strings.HasSuffix(key, "JavaOptions") {
			continue
		}
		for _, option := range strings.Fields(conf[key]) {
			if option = strings.Trim(option, `"'`); strings.HasPrefix(option, zone) && option != zone+"UTC" {
				return &ConfError{key, option, zone + "UTC"}
			}
		}
	}
	return nil
}

// propertyFile writes properties as java.util.Properties reads them.
func propertyFile(all map[string]string) string {
	escape := strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`, "\t", `\t`)
	var b strings.Builder
	for _, key := range slices.Sorted(maps.Keys(all)) {
		k := strings.NewReplacer(" ", `\ `, "=", `\=`, ":", `\:`).Replace(escape.Replace(key))
		fmt.Fprintf(&b, "%s=%s\n", k, escape.Replace(all[key]))
	}
	return b.String()
}

// ReadProperties reads a file of Spark properties: a key and its value a line, parted
// by = or by white space; # begins a comment.
func ReadProperties(path string) (map[string]string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	all := map[string]string{}
	for i, line := range strings.Split(string(data), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") || strings.HasPrefix(line, "!") {
			continue
		}
		end := strings.IndexAny(line, "= \t")
		if end < 0 {
			return nil, fmt.Errorf("%s:%d: a property without a value", path, i+1)
		}
		all[line[:end]] = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line[end:]), "="))
	}
	return all, nil
}
