package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"ledgermill/engine/model"
	"ledgermill/warehouse"
)

func (a *app) migrateCommand() *cli.Command {
	return &cli.Command{
		Name:  "migrate",
		Usage: "apply the migrations of sql/warehouse that the warehouse lacks, or write one",
		Description: `Every command that writes applies them too; this one says which they were.

--from-models compares the tables with the models that are loaded into them and writes
what differs to a new file of sql/warehouse: columns that a model has and its table has
not, columns that no model fills any more, whole numbers and decimals that have grown
wider, and tables that are missing. It applies nothing, and what is in files must be
applied before. Read the file, change it as you like, and run migrate.

EXAMPLE
   ledgermill warehouse migrate --from-models
   ledgermill warehouse migrate`,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "from-models", Usage: "write the migration that the models ask for to sql/warehouse; apply nothing"},
			formatFlag("text or json")},
		Action: func(c *cli.Context) error {
			if c.Bool("from-models") {
				return a.on(a.migrateFromModels, "text", "json")(c)
			}
			return a.warehouseMigrate(c)
		},
	}
}

// evolution is what `migrate --from-models` has written.
type evolution struct {
	File    string             `json:"file,omitempty"` // "": nothing differs
	Changes []warehouse.Change `json:"changes"`
}

func (a *app) migrateFromModels(c *call) (err error) {
	ctx := c.Context.Context
	h, err := c.work.connectWarehouse(ctx, a.say)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Close(ctx)) }()
	files := migrations(c.work.files)
	e := evolution{Changes: []warehouse.Change{}}
	changes, err := h.Evolve(ctx, files, wantedTables(c.work.project))
	if err != nil {
		return err
	}
	if len(changes) > 0 {
		e.Changes = changes
		if e.File, err = writeMigration(c.work.config.Project, files, changes); err != nil {
			return err
		}
	}
	if c.format == "json" {
		return printJSON(a.stdout, e)
	}
	return e.text(a)
}

func (e evolution) text(a *app) error {
	if e.File == "" {
		_, err := fmt.Fprintln(a.stdout, "nothing to do: the tables have the columns of the models")
		return err
	}
	fmt.Fprintf(a.stdout, "wrote %s; it is not applied yet\n", e.File)
	for _, change := range e.Changes {
		for _, statement := range change.Statements {
			fmt.Fprintf(a.stdout, "  %s\n", strings.ReplaceAll(statement, "\n", "\n  "))
		}
	}
	_, err := fmt.Fprintf(a.stdout, "try: read it, then `ledgermill warehouse migrate`; run and load apply it too\n")
	return err
}

// wantedTables are the tables that models of the project are loaded into.
func wantedTables(p *model.Project) []warehouse.Wanted {
	var all []warehouse.Wanted
	for _, name := range p.Order {
		one := p.Models[name]
		if one == nil || one.Load == "" {
			continue
		}
		w := warehouse.Wanted{Table: one.Load, Dataset: name, File: one.File, About: one.About, Key: one.Grain, ColumnAbout: one.ColumnAbout}
		if one.Dated() {
			w.BusinessDate = one.BusinessDate
		}
		for _, col := range one.Columns {
			w.Columns = append(w.Columns, warehouse.Column(col))
		}
		all = append(all, w)
	}
	return all
}

// uncut is a statement that goose does not cut: it takes two dashes within a literal for
// a comment, and then finds no end.
func uncut(statement string) string {
	if last := statement[strings.LastIndexByte(statement, '\n')+1:]; !strings.Contains(last, "--") {
		return statement
	}
	return "-- +goose StatementBegin\n" + statement + "\n-- +goose StatementEnd"
}

// lastMillMigration is the greatest number that files of the mill's own tables may have.
const lastMillMigration = 99

// writeMigration writes changes to a new file of sql/warehouse, numbered behind the
// others, and returns its path below the project.
func writeMigration(project string, files fs.FS, changes []warehouse.Change) (string, error) {
	name := "from_models"
	if len(changes) == 1 {
		name = changes[0].Table
	}
	dir := filepath.Join("sql", "warehouse")
	if _, err := os.Stat(filepath.Join(project, "sql")); err != nil {
		return "", usagef("ledgermill init DIR, which writes the project's files", "%s has no files to add a migration to", project)
	}
	entries, err := fs.ReadDir(files, ".")
	if err != nil {
		return "", fmt.Errorf("write migration: %w", err)
	}
	last := lastMillMigration
	for _, e := range entries {
		var n int
		if _, err := fmt.Sscanf(e.Name(), "%d_", &n); err == nil {
			last = max(last, n)
		}
	}
	var b strings.Builder
	b.WriteString("-- about: what the models have that the warehouse's tables have not\n\n" +
		"-- Written by `ledgermill warehouse migrate --from-models`. Change it as you like before it is applied, and not afterwards.\n\n-- +goose Up\n")
	for _, change := range changes {
		for _, statement := range change.Statements {
			b.WriteString(uncut(statement) + "\n")
		}
	}
	file := filepath.ToSlash(filepath.Join(dir, fmt.Sprintf("%05d_%s.sql", last+1, name)))
	path := filepath.Join(project, filepath.FromSlash(file))
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(b.String()), 0o644)); err != nil {
		return "", fmt.Errorf("write migration: %w", err)
	}
	return file, nil
}
