package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"ledgermill/engine/config"
	"ledgermill/queries"
	"ledgermill/sql"
)

func (a *app) initCommand() *cli.Command {
	return &cli.Command{
		Name:      "init",
		Usage:     "write a project to edit: ledgermill.json, sql/ and queries/ of the built-in bank",
		ArgsUsage: "DIR",
		Description: `Nothing is overwritten: a directory that has one of the files is refused. Editors that
know JSON schemas complete ledgermill.json by sql/ledgermill.schema.json.`,
		Action: func(c *cli.Context) error {
			dir := c.Args().First()
			if dir == "" || c.NArg() > 1 {
				return usagef("ledgermill init bank", "init takes one directory")
			}
			files, err := builtinFiles()
			if err != nil {
				return err
			}
			for name := range files {
				if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
					return usagef("an empty directory", "%s exists", filepath.Join(dir, name))
				} else if !errors.Is(err, fs.ErrNotExist) {
					return err
				}
			}
			for name, data := range files {
				path := filepath.Join(dir, filepath.FromSlash(name))
				if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, data, 0o644)); err != nil {
					return fmt.Errorf("init: %w", err)
				}
			}
			_, err = fmt.Fprintf(a.stdout, initText, len(files), dir)
			return err
		},
	}
}

// initText says how to have a project run in a minute.
const initText = `wrote %d files to %[2]s
try: cd %[2]s
     ledgermill check                                        every SQL file, without data
     ledgermill generate --output raw --rows 5000 --days 3   raw objects to play with
     ledgermill run --until lake                             the lake, without a server
     ledgermill preview merchant_daily_summary               rows; then edit the file and see
     ledgermill help                                         and what else there is
`

// bankSettings are those of the project that ships: what a bank has reported on is
// made again on request only.
func bankSettings() config.Config {
	c := config.Default()
	c.Lake.HoldAfter = 35
	return c
}

// builtinFiles are the files of a project as the program carries them, by path, but for
// those of the mill's own tables.
func builtinFiles() (map[string][]byte, error) {
	files := map[string][]byte{}
	for top, from := range map[string]fs.FS{"sql": sql.FS, "queries": queries.FS} {
		err := fs.WalkDir(from, ".", func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(path) != ".sql" {
				return err
			}
			if strings.HasPrefix(path, "warehouse/") && millMigration(d.Name()) {
				return nil // the program applies its own, and an edit would do nothing
			}
			data, err := fs.ReadFile(from, path)
			files[top+"/"+path] = data
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	var b strings.Builder
	if err := config.Write(&b, config.SchemaFile, bankSettings()); err != nil {
		return nil, err
	}
	files[config.FileName] = []byte(b.String())
	b.Reset()
	if err := config.WriteSchema(&b); err != nil {
		return nil, err
	}
	files[config.SchemaFile] = []byte(b.String())
	return files, nil
}
