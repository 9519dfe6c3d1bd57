package spark

import (
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// Where statements run is said in one of several places, and what this machine and the
// executors can see of each other hangs by it.

// RunsOn is the master, from where Spark itself takes it: the setting, the properties,
// spark-defaults.conf, the environment, else DefaultMaster.
func (s Settings) RunsOn() string {
	return cmp.Or(s.Master, s.Conf[masterProperty], s.byDefaults(), os.Getenv("MASTER"), DefaultMaster)
}

// IsLocal reports whether all runs on this machine.
func (s Settings) IsLocal() bool { return isLocal(s.RunsOn()) }

func isLocal(master string) bool { return strings.HasPrefix(master, "local") }

const masterProperty = "spark.master"

// masterLine is a line of java.util.Properties.
var masterLine = regexp.MustCompile(`(?m)^[ \t\f]*spark\.master(?:[ \t\f]*[=:][ \t\f]*|[ \t\f]+)(\S+)`)

// byDefaults is the master of spark-defaults.conf; "": it says none.
func (s Settings) byDefaults() string {
	dir := os.Getenv("SPARK_CONF_DIR")
	if dir == "" {
		dir = filepath.Join(s.home(), "conf")
	}
	text, err := os.ReadFile(filepath.Join(dir, "spark-defaults.conf"))
	if err != nil {
		return "" // Spark does without it, too
	}
	found := ""
	for _, line := range masterLine.FindAllStringSubmatch(string(text), -1) {
		found = line[1] // the last one counts
	}
	return found
}

// home is the directory of the Spark that is asked for, else of the one in PATH.
func (s Settings) home() string {
	if home := cmp.Or(s.Home, os.Getenv("SPARK_HOME")); home != "" {
		return home
	}
	submit, err := exec.LookPath("spark-submit")
	if err != nil {
		return ""
	}
	return filepath.Dir(filepath.Dir(submit))
}

// environment is this process's, where SPARK_HOME is not to be preferred to the
// setting, and the time zone is UTC.
func (s Settings) environment() []string {
	all := []string{"TZ=UTC"}
	for _, one := range os.Environ() {
		name, _, _ := strings.Cut(one, "=")
		if name != "TZ" && (name != "SPARK_HOME" || s.Home == "") {
			all = append(all, one)
		}
	}
	return all
}
