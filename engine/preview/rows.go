package preview

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"ledgermill/engine"
	"ledgermill/engine/duckdb"
	"ledgermill/engine/job"
	"ledgermill/engine/sqltext"
)

// RowsOptions say which rows are shown.
type RowsOptions struct {
	Date    string // of the unit; "": the last there is
	CTE     string // of a common table expression, instead of the model's own
	Where   string // a condition over the columns
	Columns []string
	Limit   int   // 0: all
	Sample  int64 // of every input so many rows at most; 0: all
}

// Rows are rows of a unit as they would be published. The caller owes a Close.
type Rows struct {
	*duckdb.Seen
	Dataset string
	CTE     string
	Unit    job.Unit
	Sample  int64
	Took    time.Duration // until the first row could be read
}

// Head is a line about the rows.
func (r *Rows) Head() string {
	var b strings.Builder
	b.WriteString(r.Dataset)
	if r.CTE != "" {
		b.WriteString(", " + r.CTE)
	}
	if r.Unit != job.Whole {
		b.WriteString(" of " + string(r.Unit))
	}
	fmt.Fprintf(&b, ": %s rows", engine.Count(r.Total))
	if r.Matched != r.Total {
		fmt.Fprintf(&b, ", %s of them match", engine.Count(r.Matched))
	}
	if r.Sample > 0 {
		fmt.Fprintf(&b, " of a sample of %s records", engine.Count(r.Sample))
	}
	fmt.Fprintf(&b, ", %.2f s", r.Took.Seconds())
	if len(r.Masked) > 0 {
		b.WriteString("; masked: " + strings.Join(r.Masked, ", "))
	}
	return b.String()
}

// Rows evaluates the dataset on a unit.
func (s *Session) Rows(ctx context.Context, o RowsOptions) (*Rows, error) {
	began := time.Now()
	u, task, statement, err := s.task(ctx, o.Date, o.CTE)
	if err != nil {
		return nil, err
	}
	seen, err := s.bench.Engine.See(ctx, task, duckdb.Sight{SQL: statement, Where: o.Where, Columns: o.Columns, Limit: o.Limit, Order: s.target.Sort(), Sample: o.Sample, Private: s.masks})
	var where *duckdb.WhereError
	var column *duckdb.ColumnError
	switch {
	case errors.As(err, &column):
		return nil, &sqltext.Error{Pos: sqltext.Pos{File: "--columns"}, Msg: column.Error(), Remedy: column.Try()}
	case errors.As(err, &where):
		pos := sqltext.Pos{File: "--where"}
		if where.Fault.Off >= 0 {
			pos.Line, pos.Col = 1, 1+len([]rune(o.Where[:min(where.Fault.Off, len(o.Where))]))
		}
		said := error(where)
		if where.Running {
			said = s.bench.Mill.Discreet(where)
		}
		return nil, &sqltext.Error{Pos: pos, Msg: said.Error(), Remedy: where.Fault.Remedy}
	case err != nil:
		return nil, s.at(err)
	}
	return &Rows{Seen: seen, Dataset: s.dataset, CTE: o.CTE, Unit: u, Sample: o.Sample, Took: time.Since(began)}, nil
}

// Plan is what a statement cost on a unit.
type Plan struct {
	Dataset string   `json:"dataset"`
	Unit    job.Unit `json:"unit"`
	*duckdb.Profile
}

// Explain runs the dataset's statement on a unit and returns its plan.
func (s *Session) Explain(ctx context.Context, o RowsOptions) (*Plan, error) {
	u, task, statement, err := s.task(ctx, o.Date, o.CTE)
	if err != nil {
		return nil, err
	}
	profile, err := s.bench.Engine.Profile(ctx, task, statement)
	if err != nil {
		return nil, s.at(err)
	}
	return &Plan{Dataset: s.dataset, Unit: u, Profile: profile}, nil
}

// task makes what the dataset reads on a unit, and the statement to evaluate.
func (s *Session) task(ctx context.Context, date, cte string) (u job.Unit, t job.Task, statement string, err error) {
	statement = s.target.SQL
	if cte != "" {
		if statement, err = ofCTE(s.target.SQL, cte); err != nil {
			return u, t, "", err
		}
	}
	if u, err = s.unit(date, s.look.Units(s.target.Name)); err != nil {
		return u, t, "", err
	}
	t, err = s.look.Task(ctx, s.target, u)
	return u, t, statement, err
}

// CTEError says that a model has no such common table expression.
type CTEError struct {
	Name  string
	Names []string
}

func (e *CTEError) Error() string {
	if len(e.Names) == 0 {
		return "the statement has no common table expressions (with name as ...)"
	}
	return "the statement has no common table expression " + e.Name + sqltext.DidYouMean(e.Name, e.Names)
}

// Try tells the names.
func (e *CTEError) Try() string {
	if len(e.Names) == 0 {
		return "leave --cte away"
	}
	return "--cte " + strings.Join(e.Names, ", --cte ")
}

// ExitCode is that of usage.
func (e *CTEError) ExitCode() int { return engine.ExitUsage }

// ofCTE is the statement whose rows are those of a common table expression: what stands
// before its end stays as it is, places and all.
func ofCTE(statement, name string) (string, error) {
	tokens, err := sqltext.Lex("", statement)
	if err != nil {
		return "", err
	}
	code := sqltext.Code(tokens)
	var names []string
	at := 1
	if len(code) == 0 || !code[0].Is("with") {
		return "", &CTEError{Name: name}
	}
	if len(code) > 1 && code[1].Is("recursive") {
		at++
	}
	end := 0
	for at < len(code) {
		names = append(names, code[at].Name())
		for at++; at < len(code) && !code[at].Is("as"); { // a list of columns
			if code[at].Is("(") {
				at = closing(code, at)
			}
			at++
		}
		for at < len(code) && !code[at].Is("(") { // as not materialized (
			at++
		}
		at = closing(code, at)
		if at >= len(code) {
			break
		}
		end = code[at].End
		if at++; at >= len(code) || !code[at].Is(",") {
			break
		}
		at++
	}
	if !slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) }) {
		return "", &CTEError{Name: name, Names: names}
	}
	return statement[:end] + "\nselect * from " + sqltext.QuoteName(name), nil
}

// closing is the token that closes the bracket at a token.
func closing(code []sqltext.Token, at int) int {
	depth := 0
	for ; at < len(code); at++ {
		switch {
		case code[at].Is("("):
			depth++
		case code[at].Is(")"):
			if depth--; depth == 0 {
				return at
			}
		}
	}
	return at
}
