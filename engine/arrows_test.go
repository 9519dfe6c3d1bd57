package engine_test

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

const module = "ledgermill"

// arrows say who may import whom: the table of the design, by package below the
// module. "x/..." is x and all below it. A package that is not here is not foreseen.
func arrows() map[string][]string {
	return map[string][]string{
		"cmd/ledgermill": {"..."},
		"bench":          {"bench/result", "engine/..."},
		"bench/cases":    {"bench/...", "bench", "engine/...", "warehouse", "queries"},
		"bench/datagen":  {},
		"bench/layout":   {"engine/config", "engine/model", "queries"},
		"bench/peers":    {},
		"bench/pipeline": {"engine/duckdb"},
		"bench/result":   {},
		"engine":         {"engine/..."},

		"bench/stats":        {},
		"bench/report":       {"bench/result", "bench/stats", "bench/report/chart"},
		"bench/report/chart": {},

		"engine/contract": {"engine/sqltext"},
		"engine/model":    {"engine/contract", "engine/sqltext"},
		"engine/sqltext":  {},
		"engine/lineage":  {"engine/contract", "engine/model", "engine/sqltext"},
		// What a project's files say of its data, for people.
		"engine/dictionary": {"engine/contract", "engine/model", "engine/lineage"},
		"engine/lake":       {"engine/config", "engine/scratch"},
		"engine/ledger":     {"engine/lake"},
		"engine/config":     {},
		"engine/notify":     {},
		// What a run leaves for others to see while it is at work.
		"engine/progress": {},
		// Local directories that go with their process.
		"engine/scratch": {},
		// How a lake stands, from its ledger alone.
		"engine/standing": {"engine/job", "engine/ledger"},

		// What a run asks of an engine, and what both count records by.
		"engine/job":     {"engine/contract", "engine/model", "engine/ledger", "engine/records", "engine/sqltext"},
		"engine/records": {},
		"engine/duckdb":  {"engine/contract", "engine/model", "engine/job", "engine/ledger", "engine/records", "engine/scratch", "engine/sqltext"},
		"engine/spark":   {"engine/contract", "engine/model", "engine/job", "engine/ledger", "engine/records", "engine/sqltext"},
		// What goes wrong later, from the trees and plans of sound files.
		"engine/check": {"engine/contract", "engine/model", "engine/sqltext"},
		// What an edit makes, before it is published.
		"engine/preview": {"engine", "engine/contract", "engine/duckdb", "engine/job", "engine/model", "engine/sqltext"},
		// A first contract from the look of an object.
		"engine/draft": {"engine/contract", "engine/records", "engine/sqltext"},

		"warehouse":         {"engine/config"},
		"warehouse/monitor": {"engine/config", "engine/sqltext", "warehouse"},
		// A named query is a file that engine/model has checked.
		"queries": {"engine/sqltext", "engine/duckdb", "engine/lake", "engine/ledger", "engine/config", "engine/model", "engine/job", "warehouse"},
		"sql":     {},

		// For tests alone: see onlyTests.
		"sql/reference":            {},
		"engine/faulttest":         {},
		"engine/lake/laketest":     {"engine/lake"},
		"engine/lake/s3test":       {"engine/config", "engine/lake"},
		"engine/lake/s3test/minio": {"engine/lake/s3test"}, // just minio
		"warehouse/warehousetest":  {"warehouse"},

		"warehouse/monitor/prometheustest": {},
	}
}

// onlyTests may be imported by tests and by one another.
func onlyTests() []string {
	return []string{"sql/reference", "engine/faulttest", "engine/lake/laketest", "engine/lake/s3test", "engine/lake/s3test/minio", "warehouse/warehousetest", "warehouse/monitor/prometheustest"}
}

// modules are the packages that may import a dependency: what is one package's
// business stays there, so that it can be exchanged. Others are free.
func modules() map[string][]string {
	return map[string][]string{
		"github.com/duckdb/duckdb-go":         {"engine/duckdb", "bench/datagen", "bench/cases", "bench/pipeline"},
		"github.com/jackc/pgx":                {"warehouse", "warehouse/warehousetest", "warehouse/monitor", "queries", "bench", "bench/cases", "bench/layout", "bench/pipeline"},
		"github.com/pressly/goose":            {"warehouse"},
		"github.com/fergusstrange":            {"warehouse"},
		"github.com/minio/minio-go":           {"engine/lake"},
		"github.com/urfave/cli":               {"cmd/ledgermill"},
		"github.com/vbauerster/mpb":           {"cmd/ledgermill"},
		"github.com/charmbracelet":            {"cmd/ledgermill"},
		"golang.org/x/term":                   {"cmd/ledgermill"},
		"github.com/brianvoe/gofakeit":        {"bench/datagen"},
		"gonum.org":                           {"bench/stats", "bench/report/chart"},
		"github.com/prometheus/client_golang": {"warehouse/monitor", "cmd/ledgermill"},
		"github.com/rogpeppe/go-internal":     {"engine"}, // its diff, of an edited model
		"github.com/google/go-cmp":            onlyTests(),
		"testing":                             onlyTests(),
		"github.com/olekukonko/tablewriter":   {"queries", "cmd/ledgermill", "bench"},
		"github.com/marcboeker/go-duckdb":     {},
		"github.com/stretchr/testify":         {},
		"github.com/shirou/gopsutil":          {"bench", "warehouse/monitor", "cmd/ledgermill"},
		"database/sql":                        {"engine/duckdb", "warehouse", "bench/cases", "bench/datagen", "bench/pipeline"},
	}
}

// listed is a package as `go list` describes it.
type listedPackage struct {
	ImportPath string
	Imports    []string
}

func goList(t *testing.T) []listedPackage {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports", "./...")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Logf("%s", exit.Stderr)
		}
		t.Fatal(err)
	}
	var packages []listedPackage
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listedPackage
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}

// covers reports whether a package is one of some patterns.
func covers(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		above, wide := strings.CutSuffix(p, "...")
		return p == name || wide && (strings.HasPrefix(name, above) || name == strings.TrimSuffix(above, "/"))
	})
}

// TestArrows holds the imports of every package to the table.
func TestArrows(t *testing.T) {
	t.Parallel()
	table, outside := arrows(), modules()
	for _, p := range goList(t) {
		name := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
		allowed, known := table[name]
		if !known {
			t.Errorf("package %s is in no design: say in arrows what it is for and what it may import", name)
			continue
		}
		for _, path := range p.Imports {
			own, ours := strings.CutPrefix(path, module+"/")
			switch {
			case ours && slices.Contains(onlyTests(), own) && !slices.Contains(onlyTests(), name):
				t.Errorf("%s imports %s, which is for tests", name, own)
			case ours && !covers(allowed, own):
				t.Errorf("%s imports %s: it may import %v", name, own, allowed)
			}
			for dependency, users := range outside {
				if (path == dependency || strings.HasPrefix(path, dependency+"/")) && !slices.Contains(users, name) {
					t.Errorf("%s imports %s: that is the business of %v", name, path, users)
				}
			}
		}
	}
}

// TestTopLevel holds the directories of the repository to the design.
func TestTopLevel(t *testing.T) {
	t.Parallel()
	allowed := []string{"cmd", "engine", "queries", "warehouse", "bench", "sql", "examples", "docs", "faulttest", ".ci", ".github", ".git",
		"go.mod", "go.sum", "justfile", "README.md", "LICENSE", ".gitignore", "ledgermill.json"}
	entries, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !slices.Contains(allowed, e.Name()) && !ignored(t, e.Name()) {
			t.Errorf("%s has no place at the top", e.Name())
		}
	}
	err = filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && slices.Contains([]string{"internal", "pkg", "util", "utils", "common", "helpers"}, d.Name()) {
			t.Errorf("%s is a name for nothing", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// ignored reports whether .gitignore names a file at the top: what people try out
// there is their own.
func ignored(t *testing.T, name string) bool {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", ".gitignore"))
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(strings.Fields(string(text)), func(line string) bool { return strings.Trim(line, "/") == name })
}

// ordinary are columns of the bank whose names are ordinary words, the mill's own
// words, a function of SQL, or the mill's own columns of any warehouse table: a Go file that uses one of them
// does not betray that it knows the bank.
func ordinary() []string {
	return strings.Fields(`country city status channel year month day hour category email phone records sums bound
		transaction_timestamp etl_job_id etl_processed_timestamp closed_at
		is_inferred valid_from valid_to is_current attribute_hash description`)
}

// TestNoBankInGo looks for the bank's columns in Go. The bank lives in SQL files: a
// project with wholly different tables must run without a change of the program.
//
// Names are taken from the contracts, the models and the migrations; those of
// several words (customer_id) may stand in no identifier and no string, in whatever
// case; those of one word (amount) in no string that is that word, or that uses it
// as SQL would: in brackets, quotes, or beside a comma, dot or operator. Comments may
// name columns: they explain by example and decide nothing. The generator makes this
// bank's data, so bench is free; tests and the reference that checks the bank are, too.
func TestNoBankInGo(t *testing.T) {
	t.Parallel()
	names := bankColumns(t)
	for _, want := range []string{"customer_id", "transaction_id", "merchant_id", "amount", "currency", "is_fraudulent", "processing_time_ms", "risk_score", "total_revenue"} {
		if !names[want] {
			t.Errorf("%s is not found among the bank's columns: %v", want, slices.Sorted(maps.Keys(names)))
		}
	}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		name, _ := filepath.Rel("..", path)
		switch {
		case err != nil:
			return err
		case d.IsDir() && (name == "bench" || name == "examples" || name == filepath.Join("sql", "reference") || strings.HasPrefix(d.Name(), ".") && name != "."):
			return fs.SkipDir
		case d.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			found := ""
			switch n := n.(type) {
			case *ast.Ident:
				found = bankWord(snake(n.Name), names, false)
			case *ast.BasicLit:
				if text, err := strconv.Unquote(n.Value); err == nil && n.Kind == token.STRING {
					found = bankWord(text, names, true)
				}
			}
			if found != "" {
				t.Errorf("%s names %s, a column of the bank", set.Position(n.Pos()), found)
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// bankColumns are the tell-tale names in the bank's SQL files, read roughly: what
// stands first in a line of a CREATE TABLE, what an AS names, what a select list
// holds by itself.
func bankColumns(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	column := regexp.MustCompile(`(?m)^\s+([a-z][a-z0-9_]*)\s+(?:varchar|date|timestamp|decimal|numeric|boolean|smallint|integer|bigint|double|text)\b|\bas\s+([a-z][a-z0-9_]*)\b|(?m)^\s+([a-z][a-z0-9_]*),?$`)
	comment := regexp.MustCompile(`--.*`)
	for _, dir := range []string{"contracts", "models", "warehouse"} {
		files, err := filepath.Glob(filepath.Join("..", "sql", dir, "*.sql"))
		if err != nil || files == nil {
			t.Fatalf("sql/%s: %v, %v", dir, files, err)
		}
		for _, path := range files {
			if strings.Contains(filepath.Base(path), "_mill") {
				continue // the mill's own tables
			}
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range column.FindAllStringSubmatch(comment.ReplaceAllString(string(text), ""), -1) {
				for _, name := range m[1:] {
					if len(name) > 2 && !slices.Contains(ordinary(), name) && !slices.Contains(sqlWords(), name) {
						names[name] = true
					}
				}
			}
		}
	}
	return names
}

// sqlWords stand where columns may stand, and are none.
func sqlWords() []string {
	return strings.Fields(`select from where group order with end else case when then and null true false default not varchar text date
		timestamp decimal numeric boolean smallint integer bigint double constraint primary check select distinct partition loop`)
}

// bankWord finds a column's name in an identifier or a string.
func bankWord(text string, names map[string]bool, isString bool) string {
	lower := strings.ToLower(text)
	for i, r := range lower {
		if !nameRune(r) || i > 0 && nameRune(rune(lower[i-1])) {
			continue
		}
		end := i
		for end < len(lower) && nameRune(rune(lower[end])) {
			end++
		}
		word := lower[i:end]
		switch {
		case !names[word]:
		case strings.Contains(word, "_"), isString && word == lower:
			return word
		case isString && (usedAsSQL(lower, i-1) || usedAsSQL(lower, end)):
			return word
		}
	}
	return ""
}

// usedAsSQL reports whether what stands beside a word makes it a name.
func usedAsSQL(text string, at int) bool {
	return at >= 0 && at < len(text) && strings.ContainsRune("()\"'`,.=<>+-*/", rune(text[at]))
}

func nameRune(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }

// snake writes customerID as customer_id.
func snake(name string) string {
	var b strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		next := i+1 < len(runes) && unicode.IsLower(runes[i+1])
		if i > 0 && unicode.IsUpper(r) && (unicode.IsLower(runes[i-1]) || next && unicode.IsUpper(runes[i-1])) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
