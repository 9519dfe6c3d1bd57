package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"ledgermill/engine/sqltext"
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

// millNumbers are up to where migrations have numbers of the mill's, but for 2.
const millNumbers = 9

// unreadMigrations are the faults of a project's files that have the name of one of the
// mill's own: of such a name the program's file is applied, and no other.
func unreadMigrations(project fs.FS) (faults sqltext.Errors, err error) {
	entries, err := fs.ReadDir(project, migrationsDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	for _, e := range entries {
		if e.IsDir() || path.Ext(e.Name()) != ".sql" || !millMigration(e.Name()) {
			continue
		}
		fault := &sqltext.Error{Pos: sqltext.Pos{File: path.Join(migrationsDir, e.Name())}}
		number, _, _ := strings.Cut(e.Name(), "_")
		own, err := fs.ReadFile(sql.FS, path.Join("warehouse", e.Name()))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			rest := strings.TrimPrefix(strings.TrimPrefix(strings.TrimSuffix(e.Name(), ".sql"), number+"_mill"), "_")
			if rest == "" {
				rest = "<name>"
			}
			fault.Msg = "it is never applied: files of this name are the mill's own, and the program has none that is called so"
			fault.Remedy = "rename it: " + number + "_" + rest + ".sql"
			if n, err := strconv.Atoi(number); err != nil || n <= millNumbers && n != 2 {
				fault.Remedy = "rename it, with a number from 00010 on: 00010_" + rest + ".sql"
			}
		case err != nil:
			return nil, fmt.Errorf("read migrations: %w", err)
		default:
			text, err := fs.ReadFile(project, fault.Pos.File)
			if err != nil {
				return nil, fmt.Errorf("read migrations: %w", err)
			}
			if bytes.Equal(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")), own) {
				continue
			}
			fault.Msg = "it is not read: it is one of the mill's own, of which the program applies its own text, and this is another"
			fault.Remedy = "remove it, and put what is yours into a migration of your own, from 00010 on"
		}
		faults = append(faults, fault)
	}
	return faults, nil
}
