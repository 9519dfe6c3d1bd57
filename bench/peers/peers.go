// Package peers holds the programs that the mill is measured against, as people who
// know them would write the same work, and finds on this machine what they need.
package peers

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Job is the PySpark program.
//
//go:embed pyspark_job.py
var Job []byte

// Spark is a Python that has PySpark.
type Spark struct {
	Python  string
	Version string
	Java    string   // its version
	Driver  string   // PostgreSQL's JDBC driver; "" if there is none
	S3A     []string // jars of Hadoop's S3A; nil if there are none
}

// MissingError is a peer that is not installed.
type MissingError struct{ Name, Remedy string }

func (e *MissingError) Error() string { return e.Name + " is not installed: " + e.Remedy }

// home is where peers are looked for before PATH: a virtual environment, and a jar.
func home() string {
	cache, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(cache, "ledgermill", "peers")
}

// FindSpark looks for PySpark in the cache's virtual environment, then in PATH. The
// error is a [MissingError].
func FindSpark(ctx context.Context) (s Spark, err error) {
	dir := home()
	missing := &MissingError{"PySpark", fmt.Sprintf("python3 -m venv %[1]s && %[1]s/bin/pip install pyspark==4.3.0, and Java 17 or later", dir)}
	java, err := exec.CommandContext(ctx, "java", "-version").CombinedOutput()
	if err != nil {
		return s, missing
	}
	s.Java, _, _ = strings.Cut(string(java), "\n")
	for _, python := range []string{filepath.Join(dir, "bin", "python"), "python3"} {
		version, err := exec.CommandContext(ctx, python, "-c", "import pyspark; print(pyspark.__version__)").Output()
		if err == nil {
			s.Python, s.Version = python, strings.TrimSpace(string(version))
			break
		}
	}
	if s.Python == "" {
		return s, missing
	}
	if jars, err := filepath.Glob(filepath.Join(dir, "postgresql-*.jar")); err == nil && len(jars) > 0 {
		s.Driver = jars[len(jars)-1]
	}
	s.S3A, err = filepath.Glob(filepath.Join(dir, "s3a", "*.jar"))
	return s, err
}

// FindDriver is FindSpark where the job is to load, too.
func FindDriver(ctx context.Context) (Spark, error) {
	s, err := FindSpark(ctx)
	if err == nil && s.Driver == "" {
		err = &MissingError{"PostgreSQL's JDBC driver", "put postgresql-42.7.8.jar of Maven's org.postgresql into " + home()}
	}
	return s, err
}

// FindShells looks for duckdb and psql. The error is a [MissingError].
func FindShells() (duckdb, psql string, err error) {
	if duckdb, err = exec.LookPath(filepath.Join(home(), "bin", "duckdb")); err != nil {
		duckdb, err = exec.LookPath("duckdb")
	}
	if err != nil {
		return "", "", &MissingError{"duckdb", fmt.Sprintf("python3 -m venv %[1]s && %[1]s/bin/pip install duckdb-cli==1.5.5", home())}
	}
	if psql, err = exec.LookPath("psql"); err != nil {
		return "", "", &MissingError{"psql", "install PostgreSQL's client"}
	}
	return duckdb, psql, nil
}

// Missing is why something is not found, "" if it is.
func Missing(err error) string {
	var missing *MissingError
	if errors.As(err, &missing) {
		return missing.Error()
	}
	return ""
}
