package spark

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// Installation is a Spark that can be started.
type Installation struct {
	Submit string // spark-submit
	Python string
	Java   string // its version
}

// MissingError says what a Spark cannot be started without.
type MissingError struct{ What, Remedy string }

func (e *MissingError) Error() string { return "spark: " + e.What }

// Try returns the remedy.
func (e *MissingError) Try() string { return e.Remedy }

// ExitCode is that of a configuration.
func (e *MissingError) ExitCode() int { return 2 }

// leastJava is the oldest Java that Spark 4 runs on.
const leastJava = 17

var javaVersion = regexp.MustCompile(`version "(\d+)`)

// Find looks for what an application needs on this machine. The error is a
// *MissingError.
func Find(ctx context.Context, s Settings) (Installation, error) {
	var found Installation
	home := cmp.Or(s.Home, os.Getenv("SPARK_HOME"))
	if home != "" {
		found.Submit = filepath.Join(home, "bin", "spark-submit")
		if _, err := os.Stat(found.Submit); err != nil {
			return found, &MissingError{home + " holds no bin/spark-submit", "point spark.home or SPARK_HOME at a Spark " + Version}
		}
	} else if path, err := exec.LookPath("spark-submit"); err == nil {
		found.Submit = path
	} else {
		return found, &MissingError{"there is no spark-submit", "set spark.home or SPARK_HOME, or: pip install pyspark==" + Version + " and put its bin into PATH"}
	}
	python := cmp.Or(s.Python, os.Getenv("PYSPARK_DRIVER_PYTHON"), os.Getenv("PYSPARK_PYTHON"))
	if python == "" { // of a virtual environment, Python lies beside spark-submit
		python = filepath.Join(filepath.Dir(found.Submit), "python3")
		if _, err := os.Stat(python); err != nil {
			python = "python3"
		}
	}
	path, err := exec.LookPath(python)
	if err != nil {
		return found, &MissingError{fmt.Sprintf("there is no %s, which the driver is written in", python), "install Python 3.10 or later, or set spark.python"}
	}
	found.Python = path
	java := "java"
	if home := os.Getenv("JAVA_HOME"); home != "" {
		java = filepath.Join(home, "bin", "java")
	}
	said, err := exec.CommandContext(ctx, java, "-version").CombinedOutput()
	m := javaVersion.FindSubmatch(said)
	if err != nil || m == nil {
		return found, &MissingError{"there is no Java", fmt.Sprintf("install Java %d or later, or set JAVA_HOME", leastJava)}
	}
	found.Java, _, _ = strings.Cut(string(said), "\n")
	var major int
	if fmt.Sscan(string(m[1]), &major); major < leastJava {
		return found, &MissingError{"Java is too old: " + found.Java, fmt.Sprintf("install Java %d or later, or set JAVA_HOME", leastJava)}
	}
	return found, nil
}
