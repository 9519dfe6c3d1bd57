package monitor

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"ledgermill/engine/sqltext"
)

// plansFrom is the first version that plans a statement without its values.
const plansFrom = 16

// Plan is how the server would do a statement of pg_stat_statements, whatever its
// values: it is planned and not run. A plan that cannot be had is a
// [*NotAvailableError].
func (c *Collector) Plan(ctx context.Context, queryid string) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ctx, done := c.living(ctx)
	defer done()
	s := &c.session
	if err := s.open(ctx); err != nil {
		return "", err
	}
	switch {
	case s.version < plansFrom:
		return "", &NotAvailableError{Reason: fmt.Sprintf("PostgreSQL %d plans statements without their values, this is %d", plansFrom, s.version)}
	case !s.extensions["pg_stat_statements"]:
		return "", &NotAvailableError{Reason: "the extension pg_stat_statements is not installed"}
	}
	var statement string
	err := s.conn.QueryRow(ctx, "select query from pg_stat_statements where queryid::text = $1 and queryid is not null order by total_exec_time desc limit 1", queryid).Scan(&statement)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", &NotAvailableError{Reason: "there is no statement " + queryid + ", or it is somebody else's"}
	}
	if err != nil {
		return "", &NotAvailableError{Reason: reason(err)}
	}
	if tokens, err := sqltext.Lex(queryid, statement); err != nil || len(sqltext.Statements(tokens)) != 1 {
		return "", &NotAvailableError{Reason: "the text of " + queryid + " is not one statement"}
	}
	// As a simple query: only there may a statement's parameters be left without values.
	results, err := s.conn.PgConn().Exec(ctx, "explain (generic_plan) "+statement).ReadAll()
	if err != nil {
		return "", &NotAvailableError{Reason: "the server does not plan it: " + reason(err)}
	}
	b := &strings.Builder{}
	b.WriteString(strings.TrimSpace(statement) + "\n\n")
	for _, r := range results {
		for _, row := range r.Rows {
			b.Write(row[0])
			b.WriteByte('\n')
		}
	}
	return b.String(), nil
}
