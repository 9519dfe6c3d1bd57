package datagen

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// ReportKey is the key of the report in the output.
const ReportKey = "generated.json"

// Report is what was generated, and the ledger of its defects.
type Report struct {
	// Complete is false in the output while the generation runs, and after one
	// that was interrupted.
	Complete bool     `json:"complete"`
	Options  Recorded `json:"options"`
	// Objects are the transactions, by day.
	Objects []Object `json:"objects"`
	// Datasets are the objects that hold a whole dataset: records by key.
	Datasets map[string]int64 `json:"datasets"`

	// Reused: the output held this generation already; nothing was written.
	Reused bool `json:"-"`
}

// Recorded is the part of the options that decides what is generated.
type Recorded struct {
	RowsPerDay int     `json:"rows"`
	Days       int     `json:"days"`
	EndDate    string  `json:"end_date"`
	As         string  `json:"as"`
	Customers  int     `json:"customers"`
	Merchants  int     `json:"merchants"`
	Defects    float64 `json:"defects"`
	Seed       uint64  `json:"seed"`
	Canary     string  `json:"canary,omitempty"`
}

// Object is one day's object of transactions.
type Object struct {
	Key  string `json:"key"`
	Date string `json:"date"`
	// Records as sent, without the header; Bytes before compression, of Parquet
	// those of the CSV that it was made of.
	Records int64 `json:"records"`
	Bytes   int64 `json:"bytes"`
	// Injected counts the injected records by kind.
	Injected map[string]int64 `json:"injected"`
	// Accounts are the cells by business date, or [Undated].
	Accounts map[string]*Cell `json:"accounts"`
}

// Total returns the account of all records of the object.
func (o Object) Total() Cell {
	var out Cell
	for _, cell := range o.Accounts {
		out.plus(*cell)
	}
	return out
}

// Total returns the account of all objects.
func (r Report) Total() Cell {
	var out Cell
	for _, object := range r.Objects {
		out.plus(object.Total())
	}
	return out
}

// Units returns the accounts by business date, or [Undated], over all objects.
func (r Report) Units() map[string]Cell {
	out := map[string]Cell{}
	for _, object := range r.Objects {
		for date, cell := range object.Accounts {
			sum := out[date]
			sum.plus(*cell)
			out[date] = sum
		}
	}
	return out
}

// Injected counts the injected records by kind over all objects.
func (r Report) Injected() map[string]int64 {
	out := map[string]int64{}
	for _, object := range r.Objects {
		for kind, n := range object.Injected {
			out[kind] += n
		}
	}
	return out
}

// keys returns the keys of everything that the generation writes but its report.
func (r Recorded) keys() ([]string, error) {
	o, err := r.options()
	if err != nil {
		return nil, err
	}
	out := []string{customersKey, controlKey(customersKey), merchantsKey, controlKey(merchantsKey)}
	for _, date := range o.dates() {
		key := o.key(date)
		out = append(out, key, controlKey(key))
	}
	return out, nil
}

// control is the control file of an object: what its sender says it sent.
type control struct {
	Records int64                       `json:"records"`
	Sums    map[string]map[string]Cents `json:"sums,omitempty"` // of transactions
}

func (o Object) control() control {
	read := o.Total().Read
	sums := map[string]Cents{}
	for group, g := range read.Groups {
		if g.Records > g.Unreadable {
			sums[group] = g.Sum
		}
	}
	return control{Records: read.Records, Sums: map[string]map[string]Cents{"amount": sums}}
}

// ReadReport reads the report of an earlier generation; its error is
// fs.ErrNotExist if the output holds none.
func ReadReport(ctx context.Context, output Output) (report Report, err error) {
	object, err := output.Open(ctx, ReportKey)
	if err != nil {
		return Report{}, fmt.Errorf("open %s: %w", ReportKey, err)
	}
	defer func() { err = errors.Join(err, object.Close()) }()
	if err := json.NewDecoder(object).Decode(&report); err != nil {
		return Report{}, fmt.Errorf("read %s: %w", ReportKey, err)
	}
	return report, nil
}

func writeJSON(ctx context.Context, output Output, key string, value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return fmt.Errorf("write object %s: %w", key, err)
	}
	return writeObject(ctx, output, key, func(w io.Writer) error {
		_, err := w.Write(append(text, '\n'))
		return err
	})
}

func exists(ctx context.Context, output Output, key string) (bool, error) {
	object, err := output.Open(ctx, key)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for object %s: %w", key, err)
	}
	return true, object.Close()
}
