package monitor

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"
)

// Sample is what was seen at one time.
type Sample struct {
	At     time.Time    `json:"at"`               // UTC
	Server string       `json:"server,omitempty"` // connection string, masked
	Fault  string       `json:"fault,omitempty"`  // why the server cannot be asked; "" while it answers
	Views  []ViewSample `json:"views"`
}

// ViewSample is a view of a sample.
type ViewSample struct {
	Number int      `json:"number"`
	Name   string   `json:"name"`
	About  string   `json:"about"`
	Panels []Result `json:"panels"`
}

// View returns a view of the sample.
func (s Sample) View(name string) (ViewSample, bool) {
	for _, v := range s.Views {
		if v.Name == name {
			return v, true
		}
	}
	return ViewSample{}, false
}

// Latest is when the panel was asked that was asked last; the zero time if none was.
func (s Sample) Latest() time.Time {
	var latest time.Time
	for _, v := range s.Views {
		for _, r := range v.Panels {
			if r.At.After(latest) {
				latest = r.At
			}
		}
	}
	return latest
}

// Result is what came of a panel. Its rows are objects in JSON.
type Result struct {
	Panel   *Panel
	At      time.Time // when it was asked, UTC; earlier than the sample's where it is asked seldom
	Missing string    // why there is nothing; "" where there is
	Unknown []string  // columns that the panel's header names and its statement does not have
	Table
}

// Table is columns and rows.
type Table struct {
	Columns []Column
	Rows    [][]Value
	Absent  map[string]string // column to the reason of a value that is not there
}

// Column is a column of a table. The end of its name says its unit: _bytes, _seconds,
// _ms, _percent, _at.
type Column struct {
	Name    string
	Numeric bool
	Hidden  bool // not shown in a text: its rate is
}

// Value is a figure or a text as it was printed; the zero Value is none.
type Value struct {
	Text  string
	Known bool
}

// Text is a value that is there.
func Text(text string) Value { return Value{Text: text, Known: true} }

// Int is a whole number.
func Int(n int64) Value { return Text(strconv.FormatInt(n, 10)) }

// Float is a number with so many digits behind the point.
func Float(f float64, digits int) Value { return Text(strconv.FormatFloat(f, 'f', digits, 64)) }

// Time is an instant, none where it is zero.
func Time(t time.Time) Value {
	if t.IsZero() {
		return Value{}
	}
	return Text(t.UTC().Format(time.RFC3339))
}

// Date is a day, none where it is zero.
func Date(t time.Time) Value {
	if t.IsZero() {
		return Value{}
	}
	return Text(t.Format(time.DateOnly))
}

// Number is the value as a number.
func (v Value) Number() (f float64, ok bool) {
	if !v.Known {
		return 0, false
	}
	f, err := strconv.ParseFloat(v.Text, 64)
	return f, err == nil
}

// index of a column, -1 where there is none.
func (t Table) index(name string) int {
	for i, c := range t.Columns {
		if c.Name == name {
			return i
		}
	}
	return -1
}

// key is what a row is known by from one sample to the next.
func (r Result) key(row []Value) string {
	b := &bytes.Buffer{}
	for _, name := range r.Panel.Key {
		if i := r.index(name); i >= 0 && i < len(row) {
			b.WriteString(strconv.Quote(row[i].Text))
		}
	}
	return b.String()
}

// MarshalJSON writes rows as objects, in the order of the columns; numbers keep their
// digits.
func (r Result) MarshalJSON() ([]byte, error) {
	b := &bytes.Buffer{}
	head := struct {
		Panel   string            `json:"panel"`
		Heading string            `json:"heading"`
		Figures bool              `json:"figures,omitempty"` // a single row
		Alarm   bool              `json:"alarm,omitempty"`   // each row is something to look at
		Hidden  []string          `json:"hidden,omitempty"`  // columns of which people see the rate
		At      *time.Time        `json:"at,omitempty"`
		Missing string            `json:"missing,omitempty"`
		Absent  map[string]string `json:"absent,omitempty"`
		Unknown []string          `json:"unknown,omitempty"` // columns that the header names and the statement does not have
	}{Panel: r.Panel.Name, Heading: r.heading(), Figures: r.Panel.Figures != "", Alarm: r.Panel.Alarm, Missing: r.Missing, Absent: r.reasons(), Unknown: r.Unknown}
	for _, c := range r.Columns {
		if c.Hidden {
			head.Hidden = append(head.Hidden, c.Name)
		}
	}
	if !r.At.IsZero() {
		head.At = &r.At
	}
	text, err := json.Marshal(head)
	if err != nil {
		return nil, err
	}
	b.Write(text[:len(text)-1])
	b.WriteString(`,"rows":[`)
	for i, row := range r.Rows {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := r.writeRow(b, row); err != nil {
			return nil, err
		}
	}
	b.WriteString("]}")
	return b.Bytes(), nil
}

func (t Table) writeRow(b *bytes.Buffer, row []Value) error {
	b.WriteByte('{')
	for i, v := range row {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(t.Columns[i].Name)
		if err != nil {
			return err
		}
		b.Write(name)
		b.WriteByte(':')
		switch {
		case !v.Known:
			b.WriteString("null")
		case t.Columns[i].Numeric && json.Valid([]byte(v.Text)):
			b.WriteString(v.Text)
		default:
			text, err := json.Marshal(v.Text)
			if err != nil {
				return err
			}
			b.Write(text)
		}
	}
	b.WriteByte('}')
	return nil
}

// reasons are those of the columns in which a value is not there.
func (r Result) reasons() map[string]string {
	found := map[string]string{}
	for i, c := range r.Columns {
		reason := r.Absent[c.Name]
		if reason == "" {
			reason = r.Panel.Absent[c.Name]
		}
		if reason == "" {
			continue
		}
		for _, row := range r.Rows {
			if !row[i].Known {
				found[c.Name] = reason
				break
			}
		}
	}
	return found
}
