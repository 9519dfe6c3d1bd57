package duckdb

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"strings"

	duck "github.com/duckdb/duckdb-go/v2"

	"ledgermill/engine/contract"
	"ledgermill/engine/job"
	"ledgermill/engine/ledger"
	"ledgermill/engine/model"
	"ledgermill/engine/records"
	"ledgermill/engine/sqltext"
)

// rejectColumns are the columns of a file of rejects behind reject_id.
const rejectColumns = "object varchar, record bigint, byte_offset bigint, reason varchar, reasons varchar, raw varchar"

// RejectColumns are the columns of a file of rejects.
func RejectColumns() []model.Column {
	columns := []model.Column{{Name: "reject_id", Type: "VARCHAR"}}
	for _, column := range strings.Split(rejectColumns, ", ") {
		name, kind, _ := strings.Cut(column, " ")
		columns = append(columns, model.Column{Name: name, Type: strings.ToUpper(kind)})
	}
	return columns
}

// writeRejects writes the refused records of a settled unit.
func (l *landing) writeRejects(ctx context.Context, s *session, u job.Unit, directory string) (*job.File, error) {
	var structural []job.Object
	if l.contract.BusinessDate == "" {
		structural = l.objects
	}
	rows := fmt.Sprintf("select %s from refused_%s where %s", l.rejectOf(), l.suffix(), job.Within(l.contract, []job.Unit{u}))
	return l.rejectFile(ctx, s, rows, structural, u, directory+"/"+u.Key("_rejects/"+l.contract.Name))
}

// rejectOf selects the columns of a reject from a landed record.
func (l *landing) rejectOf() string {
	keys := ""
	for i, o := range l.objects {
		if i > 0 {
			keys += ", "
		}
		keys += sqltext.QuoteString(o.Key)
	}
	number := "cast(null as bigint)" // costs time, so a contract asks for it
	if l.contract.FillsRecord {
		number = contract.RecordColumn
	}
	return fmt.Sprintf("([%s])[_o + 1] as object, "+number+" as record, cast(null as bigint) as byte_offset, "+
		"split_part(_reasons, ',', 1) as reason, _reasons as reasons, _raw as raw", keys)
}

// Strays writes the rejects of one object that have no business date: records
// that could not be divided into fields, and those whose date cannot be read. Nil
// where it has none.
func (e *Engine) Strays(ctx context.Context, c *contract.Contract, object, path string) (file *job.File, err error) {
	l := e.landings[c.Name]
	if l == nil || c.BusinessDate == "" {
		return nil, nil
	}
	s, err := e.session(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	for i, o := range l.objects {
		if o.Key != object {
			continue
		}
		rows := fmt.Sprintf("select %s from %s where _o = %d and %s is null and _reasons is not null",
			l.rejectOf(), l.undated(), i, sqltext.QuoteName(c.BusinessDate))
		return l.rejectFile(ctx, s, rows, []job.Object{o}, ledger.NoDate, path)
	}
	return nil, nil
}

func (l *landing) rejectFile(ctx context.Context, s *session, rows string, structural []job.Object, u job.Unit, path string) (*job.File, error) {
	err := s.script(ctx, "create or replace temp table rejects ("+rejectColumns+")", "insert into rejects "+rows)
	if err == nil {
		err = l.appendStructural(ctx, s, structural)
	}
	if err != nil {
		return nil, fmt.Errorf("rejects of %s %s: %w", l.contract.Name, u, err)
	}
	var n int64
	if err := s.rows(ctx, "select count(*) from rejects", []any{&n}, func() error { return nil }); err != nil || n == 0 {
		return nil, err
	}
	// Every column in the order: the same rejects are the same bytes.
	w := writing{query: rejectIDs(u), order: "all", path: path, stamp: ""}
	file, err := s.write(ctx, w)
	if err != nil {
		return nil, fmt.Errorf("rejects of %s %s: %w", l.contract.Name, u, err)
	}
	file.Dataset, file.Unit = "_rejects/"+l.contract.Name, u
	return file, nil
}

// rejectIDs gives every reject of a unit an id by what was sent, and not by why it
// is refused: it stays when a rule is edited or the object is sent again. Equal
// records of an object are told apart by their number among these.
func rejectIDs(u job.Unit) string {
	return fmt.Sprintf(`select left(md5(concat_ws(chr(31), object, %s, coalesce(raw, ''), _copy)), 16) as reject_id, * exclude (_copy)
from (select *, row_number() over (partition by object, raw order by record, byte_offset, reasons) as _copy from rejects)`, sqltext.QuoteString(string(u)))
}

// flushBytes is how much text of rejects waits for the table at most, outside the
// engine's own memory.
const flushBytes = 8 << 20

// appendStructural adds the records that the independent count took out.
func (l *landing) appendStructural(ctx context.Context, s *session, objects []job.Object) error {
	return s.conn.Raw(func(raw any) (err error) {
		appender, err := duck.NewAppenderFromConn(raw.(driver.Conn), "", "rejects")
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, appender.Close()) }()
		waiting := 0
		for _, o := range objects {
			err := eachBroken(o, func(b records.Bad) error {
				text := b.Raw
				if len(l.contract.Private) > 0 {
					text = contract.Mask // its fields cannot be told apart, so any may be private
				}
				if err := appender.AppendRow(o.Key, b.Number, b.Offset, string(b.Reason), string(b.Reason), text); err != nil {
					return err
				}
				if waiting += len(o.Key) + len(text); waiting < flushBytes {
					return nil
				}
				waiting = 0
				return errors.Join(ctx.Err(), appender.Flush())
			})
			if err != nil {
				return fmt.Errorf("object %s: %w", o.Key, err)
			}
		}
		return nil
	})
}

// eachBroken goes through the broken records of an object, and fails where they are
// more or fewer than were counted: none may be lost on the way.
func eachBroken(o job.Object, do func(records.Bad) error) (err error) {
	counted := o.Report.Broken()
	if counted == 0 {
		return nil
	}
	list, err := os.Open(o.Broken)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, list.Close()) }()
	var n int64
	for b, err := range records.ReadBad(list) {
		if err == nil {
			err = do(b)
		}
		if err != nil {
			return err
		}
		n++
	}
	if n != counted {
		return fmt.Errorf("%d broken records were counted, and %d are listed", counted, n)
	}
	return nil
}
