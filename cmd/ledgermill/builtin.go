package main

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"ledgermill/queries"
	"ledgermill/sql"
)

// builtin is the bank that the program carries: sql/ and queries/ of a project.
type builtin struct{}

// Open implements fs.FS.
func (builtin) Open(name string) (fs.File, error) {
	top, rest, _ := strings.Cut(name, "/")
	if rest == "" {
		rest = "."
	}
	switch top {
	case "sql":
		return sql.FS.Open(rest)
	case "queries":
		return queries.FS.Open(rest)
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// migrations are the mill's own tables and the project's.
func migrations(project fs.FS) fs.FS { return migrationFS{project} }

// migrationsDir is where a project has migrations.
const migrationsDir = "sql/warehouse"

// millMigration tells the files of the mill's tables, which every project has: by the
// name behind the number, NNNNN_mill.sql or NNNNN_mill_*.sql.
func millMigration(name string) bool {
	_, rest, _ := strings.Cut(name, "_")
	return rest == "mill.sql" || strings.HasPrefix(rest, "mill_")
}

type migrationFS struct{ project fs.FS }

// Open implements fs.FS.
func (m migrationFS) Open(name string) (fs.File, error) {
	if millMigration(name) {
		return sql.FS.Open(path.Join("warehouse", name))
	}
	return m.project.Open(path.Join(migrationsDir, name))
}

// ReadDir implements fs.ReadDirFS: the project's files and the mill's.
func (m migrationFS) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(m.project, path.Join(migrationsDir, name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	own, err := fs.ReadDir(sql.FS, "warehouse")
	if err != nil {
		return nil, err
	}
	entries = slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return millMigration(e.Name()) })
	for _, e := range own {
		if millMigration(e.Name()) {
			entries = append(entries, e)
		}
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, nil
}
