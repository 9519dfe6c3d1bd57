package monitor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"ledgermill/engine/config"
)

const (
	// recordedRows of a panel are kept: history is for the first ones.
	recordedRows = 20
	// lookBack is how old the last rows of a panel may be for a look at some time.
	lookBack = time.Hour
	// recordPatience is how long it may take to keep a sample: the next one comes.
	recordPatience = 20 * time.Second
	// recordLock is how long it waits for a lock, in milliseconds: those who read what was
	// kept wait behind it.
	recordLock = "2000"
)

// Record keeps a sample in monitor.samples: the panels that were asked after a time, which
// is that of [Sample.Latest] of the sample that was kept last. What is older than so many
// days is dropped. It connects for it and writes in one transaction, and gives up rather
// than wait for somebody: what was not kept is kept with the next sample, as far as it
// is still the last of its panel.
func Record(ctx context.Context, url config.Secret, s Sample, since time.Time, days int) (err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, recordPatience, fmt.Errorf("no answer within %s", recordPatience))
	defer cancel()
	conn, err := dial(ctx, url, map[string]string{"lock_timeout": recordLock})
	if err != nil {
		return fmt.Errorf("keep a sample: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		batch := &pgx.Batch{}
		rooms := map[string]bool{} // a look may go on over midnight
		for _, v := range s.Views {
			for _, r := range v.Panels {
				if !r.At.After(since) {
					continue
				}
				rows, err := r.rowsJSON(recordedRows)
				if err != nil {
					return err
				}
				rooms[r.At.UTC().Format(time.DateOnly)] = true
				batch.Queue("insert into monitor.samples (at, view, panel, missing, rows) values ($1, $2, $3, nullif($4, ''), $5)", r.At, v.Name, r.Panel.Name, r.Missing, string(rows))
			}
		}
		for _, day := range sortedKeys(rooms) {
			if _, err := tx.Exec(ctx, "select monitor.make_room($1::date, $2)", day, days); err != nil {
				return err
			}
		}
		return tx.SendBatch(ctx, batch).Close()
	})
	if err != nil {
		return fmt.Errorf("keep a sample: %w", err)
	}
	return nil
}

func (r Result) rowsJSON(most int) ([]byte, error) {
	b := &bytes.Buffer{}
	b.WriteByte('[')
	for i, row := range r.Rows[:min(most, len(r.Rows))] {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := r.writeRow(b, row); err != nil {
			return nil, err
		}
	}
	b.WriteByte(']')
	return b.Bytes(), nil
}

// At is what was kept of the views at some time: of each panel the last rows before
// it, no more than an hour old.
func At(ctx context.Context, url config.Secret, views []View, at time.Time) (s Sample, err error) {
	s = Sample{At: at.UTC(), Server: url.URL(), Views: []ViewSample{}}
	conn, err := dial(ctx, url, nil)
	if err != nil {
		return s, fmt.Errorf("look at %s: %w", at.Format(time.RFC3339), err)
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	rows, err := conn.Query(ctx, `select distinct on (view, panel) view || '.' || panel, at, coalesce(missing, ''), rows::text
		from monitor.samples where at <= $1 and at > $1 - $2::interval order by view, panel, at desc`, at, lookBack)
	if err != nil {
		return s, fmt.Errorf("look at %s: %w", at.Format(time.RFC3339), err)
	}
	type kept struct {
		at      time.Time
		missing string
		rows    string
	}
	found := map[string]kept{}
	var name string
	var one kept
	if _, err = pgx.ForEachRow(rows, []any{&name, &one.at, &one.missing, &one.rows}, func() error { found[name] = one; return nil }); err != nil {
		return s, fmt.Errorf("look at %s: %w", at.Format(time.RFC3339), err)
	}
	for i := range views {
		v := ViewSample{Number: views[i].Number, Name: views[i].Name, About: views[i].About, Panels: []Result{}}
		seen := map[string]bool{}
		for j := range views[i].Panels {
			p := &views[i].Panels[j]
			if seen[p.Name] {
				continue
			}
			seen[p.Name] = true
			r := Result{Panel: p, Missing: "nothing was kept in the hour before"}
			if k, ok := found[v.Name+"."+p.Name]; ok {
				r.At, r.Missing = k.at.UTC(), k.missing
				if r.Table, err = readTable(k.rows, p); err != nil {
					return s, fmt.Errorf("look at %s: panel %s: %w", at.Format(time.RFC3339), p.Name, err)
				}
			}
			v.Panels = append(v.Panels, r)
		}
		s.Views = append(s.Views, v)
	}
	return s, nil
}

// measured are columns that are numbers though no value of theirs is there.
var measured = regexp.MustCompile(`_(bytes|seconds|ms|percent)$`)

// readTable reads rows as Result writes them, with the columns in their order.
func readTable(text string, p *Panel) (t Table, err error) {
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber()
	var row []Value
	var column string
	inside, named := 0, false
	for d.More() || inside > 0 {
		token, err := d.Token()
		if err != nil {
			return t, err
		}
		switch v := token.(type) {
		case json.Delim:
			switch v {
			case '[', '{':
				inside++
				row = nil
			case '}':
				t.Rows = append(t.Rows, row)
				inside--
			case ']':
				inside--
			}
			continue
		case string:
			if !named {
				column, named = v, true
				if t.index(column) < 0 {
					t.Columns = append(t.Columns, Column{Name: column, Numeric: measured.MatchString(column), Hidden: slices.Contains(p.Rates, column)})
				}
				continue
			}
			row = append(row, Text(v))
		case json.Number:
			row = append(row, Text(v.String()))
			t.Columns[t.index(column)].Numeric = true
		default:
			row = append(row, Value{})
		}
		named = false
	}
	return t, nil
}
