package duckdb

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

const (
	// wheelName is the package on PyPI that holds the signed extension.
	wheelName     = "duckdb-extension-httpfs==" + Version
	extensionFile = "httpfs.duckdb_extension"
	maxExtension  = 256 << 20
)

// fetchWheel lets pip download the package into a directory and takes the
// extension out of it: pip knows the site's proxies, mirrors and certificates.
func fetchWheel(ctx context.Context, directory string) (file string, err error) {
	ctx, cancel := context.WithTimeout(ctx, installTime)
	defer cancel()
	var pip []string
	for _, try := range [][]string{{"pip3"}, {"pip"}, {"python3", "-m", "pip"}} {
		if _, err := exec.LookPath(try[0]); err == nil {
			pip = try
			break
		}
	}
	if pip == nil {
		return "", errors.New("there is no pip in the path")
	}
	args := append(pip[1:], "download", "--no-deps", "--only-binary", ":all:", "--disable-pip-version-check", "--no-input", "--quiet",
		"--retries", "1", "--timeout", "10", "--dest", directory, wheelName)
	out, err := exec.CommandContext(ctx, pip[0], args...).CombinedOutput()
	if err != nil {
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		return "", fmt.Errorf("pip download: %w: %s", err, lines[len(lines)-1])
	}
	wheels, err := filepath.Glob(filepath.Join(directory, "*.whl"))
	if err != nil || len(wheels) != 1 {
		return "", errors.Join(fmt.Errorf("pip downloaded %d packages", len(wheels)), err)
	}
	return unpackWheel(wheels[0], filepath.Join(directory, extensionFile))
}

// unpackWheel writes the one extension that a wheel for this DuckDB holds.
func unpackWheel(wheel, to string) (file string, err error) {
	archive, err := zip.OpenReader(wheel)
	if err != nil {
		return "", fmt.Errorf("open %s: %w", filepath.Base(wheel), err)
	}
	defer func() { err = errors.Join(err, archive.Close()) }()
	want := path.Join("duckdb_extension_httpfs", "extensions", "v"+Version, extensionFile)
	packed, err := archive.Open(want)
	if err != nil {
		return "", fmt.Errorf("open %s: %w", filepath.Base(wheel), err)
	}
	defer func() { err = errors.Join(err, packed.Close()) }()
	return to, writeExtension(to, packed, want)
}
