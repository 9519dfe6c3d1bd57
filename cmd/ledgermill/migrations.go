package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"ledgermill/engine/sqltext"
	"ledgermill/sql"
)

// millNumbers are up to where migrations have numbers of the mill's, but for 2.
const millNumbers = 9

// migrationFaults are those of the names of a project's migrations: one of the mill's
// own, of which the program's file is applied and no other, and a number that another
// migration has. A renaming that is proposed takes the next free number.
func migrationFaults(project fs.FS) (faults sqltext.Errors, err error) {
	entries, err := fs.ReadDir(project, migrationsDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	applied, err := fs.ReadDir(migrations(project), ".")
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	by, free := map[int]string{}, millNumbers+1
	for _, e := range applied {
		n := migrationNumber(e.Name())
		free = max(free, n+1)
		if millMigration(e.Name()) {
			by[n] = e.Name()
		}
	}
	fault := func(name, remedy, format string, args ...any) {
		faults = append(faults, &sqltext.Error{Pos: sqltext.Pos{File: path.Join(migrationsDir, name)}, Msg: fmt.Sprintf(format, args...), Remedy: remedy})
	}
	rename := func(name string) string {
		_, rest, _ := strings.Cut(strings.TrimSuffix(name, ".sql"), "_")
		rest = strings.TrimPrefix(strings.TrimPrefix(rest, "mill"), "_")
		if rest == "" {
			rest = "<name>"
		}
		free++
		return fmt.Sprintf("rename it: %05d_%s.sql", free-1, rest)
	}
	for _, e := range entries {
		if e.IsDir() || path.Ext(e.Name()) != ".sql" {
			continue
		}
		if millMigration(e.Name()) {
			same, known, err := millText(project, e.Name())
			switch {
			case err != nil:
				return nil, err
			case !known:
				fault(e.Name(), rename(e.Name()), "it is never applied: files of this name are the mill's own, and the program has none that is called so")
			case !same:
				fault(e.Name(), "remove it, and put what is yours into a migration of your own, from 00010 on",
					"it is not read: it is one of the mill's own, of which the program applies its own text, and this is another")
			}
			continue
		}
		n := migrationNumber(e.Name())
		if other, taken := by[n]; taken {
			fault(e.Name(), rename(e.Name()), "its number is that of %s: no migration would be applied", other)
			continue
		}
		by[n] = e.Name()
	}
	return faults, nil
}

// migrationNumber is the number before the name, 0 without one.
func migrationNumber(name string) int {
	number, _, _ := strings.Cut(name, "_")
	n, err := strconv.Atoi(number)
	if err != nil {
		return 0
	}
	return n
}

// millText tells whether the program knows a migration of the mill's, and has the same
// text, wherever its lines end.
func millText(project fs.FS, name string) (same, known bool, err error) {
	own, err := fs.ReadFile(sql.FS, path.Join("warehouse", name))
	if errors.Is(err, fs.ErrNotExist) {
		return false, false, nil
	}
	text, readErr := fs.ReadFile(project, path.Join(migrationsDir, name))
	if err := errors.Join(err, readErr); err != nil {
		return false, false, fmt.Errorf("read migrations: %w", err)
	}
	return bytes.Equal(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")), own), true, nil
}
