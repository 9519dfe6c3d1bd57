package warehouse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Level is how much a finding matters.
type Level string

// The levels.
const (
	Fine   Level = "ok"
	Advice Level = "advice" // loads or queries would be faster or safer otherwise
	Danger Level = "danger" // data can be lost or wrong
)

// Finding is one thing about the server that loads and queries care about.
type Finding struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Wanted string `json:"wanted"`
	Level  Level  `json:"level"`
	Reason string `json:"reason"`
}

// Diagnosis is what [Warehouse.Doctor] found.
type Diagnosis struct {
	Server   string    `json:"server"` // connection string, masked
	Version  string    `json:"version"`
	Replica  bool      `json:"replica"`
	Findings []Finding `json:"findings"`
}

// Doctor compares the server with what loads and queries want. It changes nothing.
func (w *Warehouse) Doctor(ctx context.Context) (d Diagnosis, err error) {
	d.Server = w.masked
	plain := *w
	plain.config = w.config.Copy()
	// Settings as other people's sessions have them.
	for _, name := range []string{"timezone", "datestyle", "intervalstyle", "search_path", "statement_timeout", "idle_in_transaction_session_timeout"} {
		delete(plain.config.RuntimeParams, name)
	}
	err = plain.with(ctx, func(conn *pgx.Conn) error {
		if err := conn.QueryRow(ctx, "select current_setting('server_version'), pg_is_in_recovery()").Scan(&d.Version, &d.Replica); err != nil {
			return err
		}
		settings, err := readSettings(ctx, conn)
		if err != nil {
			return err
		}
		for _, r := range rules() {
			if (r.replica && !d.Replica) || (r.primary && d.Replica) {
				continue
			}
			if s, known := settings[r.setting]; known {
				d.Findings = append(d.Findings, r.judge(s))
			}
		}
		for _, examine := range []func(context.Context, *pgx.Conn) ([]Finding, error){w.examineDatabase, examineLocks, examineExtensions, examineSchema, examineRights} {
			found, err := examine(ctx, conn)
			if err != nil {
				return err
			}
			d.Findings = append(d.Findings, found...)
		}
		return nil
	})
	var unreachable *UnreachableError
	if err != nil && !errors.As(err, &unreachable) {
		err = fmt.Errorf("examine warehouse: %w", err)
	}
	return d, err
}

// serverSetting is a row of pg_settings.
type serverSetting struct {
	Name  string
	Value string // in the unit of pg_settings
	Shown string // as SHOW prints it
	Unit  float64
}

// readSettings reads all settings, whose numbers become bytes and milliseconds
// when multiplied by their unit.
func readSettings(ctx context.Context, conn *pgx.Conn) (map[string]serverSetting, error) {
	rows, err := conn.Query(ctx, `
		select name, setting, current_setting(name),
		       case unit when 'ms' then 1 when 's' then 1000 when 'min' then 60000 when 'h' then 3600000 when 'd' then 86400000
		            when 'B' then 1 when 'kB' then 1024 when '8kB' then 8192 when 'MB' then 1048576 when 'GB' then 1073741824 else 1 end::float8
		from pg_settings`)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[serverSetting])
	settings := make(map[string]serverSetting, len(list))
	for _, s := range list {
		settings[s.Name] = s
	}
	return settings, err
}

// number is the setting's value in bytes, milliseconds or as it is.
func (s serverSetting) number() (float64, error) {
	n, err := strconv.ParseFloat(s.Value, 64)
	if err != nil {
		return 0, fmt.Errorf("setting %s: %q is not a number", s.Name, s.Value)
	}
	return n * s.Unit, nil
}

// Text prints a line a finding, and the reason of what is not as it should be.
func (d Diagnosis) Text(w io.Writer) error {
	b := &strings.Builder{}
	fmt.Fprintf(b, "PostgreSQL %s, %s\n", d.Version, d.Server)
	advice, danger := 0, 0
	for _, f := range d.Findings {
		fmt.Fprintf(b, "%-7s %-38s %-16s wanted: %s\n", f.Level, f.Name, f.Value, f.Wanted)
		if f.Level != Fine {
			fmt.Fprintf(b, "        %s\n", f.Reason)
		}
		switch f.Level {
		case Advice:
			advice++
		case Danger:
			danger++
		}
	}
	fmt.Fprintf(b, "%d settings looked at, %d to think about, %d dangerous; nothing was changed\n", len(d.Findings), advice, danger)
	_, err := io.WriteString(w, b.String())
	return err
}
