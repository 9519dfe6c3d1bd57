package datagen

import (
	"strings"
	"time"
)

// record is what is sent in place of a row, and what must become of it.
type record struct {
	writer *writer
	row    row
	fields []string // CSV text, quotes included
	outcome
}

// outcome is how the contract must account for a record.
type outcome struct {
	date       string // business date, or undated
	reason     string // "" accepted, duplicated, or the reason of the refusal
	group      string // the control group: the currency after its default
	cents      int64
	unreadable bool // the amount, of which nothing is added then
}

const (
	// Undated is the date of records whose business date cannot be read.
	Undated = "none"
	// Unreadable is the group of records of which no column can be read.
	Unreadable = "unreadable"

	duplicated  = "duplicate"
	keyConflict = "key_conflict"
)

func (w *writer) outcome(r *row) outcome {
	return outcome{date: w.dates[r.late], group: w.names.currencies[r.implied], cents: r.amount}
}

func (w *writer) record(r *row) *record {
	return &record{writer: w, row: *r, fields: w.fields(r), outcome: w.outcome(r)}
}

// put writes a text into a column.
func (r *record) put(column int, text string) { r.fields[column] = quoteField(text) }

// soundDate is the business date that the record has without its defect.
func (r *record) soundDate() time.Time { return r.writer.days[r.row.late] }

// refuse notes the reason. What a column's fault makes unreadable follows from
// it.
func (r *record) refuse(reason string) { r.reason = reason }

func (r *record) undated() { r.date = Undated }

func (r *record) withoutAmount() { r.cents, r.unreadable = 0, true }

// shapeless is a record that cannot be parted into columns.
func (r *record) shapeless(reason string) {
	r.refuse(reason)
	r.undated()
	r.withoutAmount()
	r.group = Unreadable
}

// respell writes every value in another of its spellings, the amount always and
// the others often.
func (r *record) respell(s *source) {
	f, w := r.fields, r.writer
	f[colAmount] = respellAmount(f[colAmount], s)
	often := func() bool { return s.below(2) == 0 }
	if often() {
		f[colTimestamp] = strings.Replace(f[colTimestamp], " ", "T", 1)
	}
	if often() {
		f[colTimestamp] += "000"
	}
	for _, column := range []int{colID, colDate, colCustomer, colType, colStatus, colChannel} {
		if often() {
			f[column] = []string{" ", "\t", ""}[s.below(3)] + f[column] + []string{"  ", " "}[s.below(2)]
		}
	}
	switch f[colCurrency] {
	case "":
		f[colCurrency] = "EUR"
	case "EUR":
		f[colCurrency] = ""
	}
	for _, column := range []int{colMerchantID, colMerchantName, colMerchantCategory, colCardType} {
		if f[column] == "" && often() {
			f[column] = "UNKNOWN"
		}
	}
	if often() {
		f[colChannel] = `"` + w.names.channels[r.row.channel] + `"`
	}
	if r.row.fraud == 1 {
		f[colFraudulent] = []string{"1", "T", "t", "yes", "Y", "TRUE", "True"}[s.below(7)]
	} else {
		f[colFraudulent] = []string{"0", "F", "f", "no", "N", "FALSE", "False", ""}[s.below(8)]
	}
	if f[colProcessing] != "" && often() {
		f[colProcessing] = []string{"+", "0", "000"}[s.below(3)] + f[colProcessing]
	}
}

// respellAmount writes an amount with two decimals in another way.
func respellAmount(text string, s *source) string {
	if short, ok := strings.CutSuffix(text, ".00"); ok && s.below(2) == 0 {
		return short
	}
	if short, ok := strings.CutSuffix(text, "0"); ok && s.below(2) == 0 {
		return short
	}
	if rest, ok := strings.CutPrefix(text, "0."); ok && s.below(2) == 0 {
		return "." + rest
	}
	return []string{"+" + text, "0" + text, text + "0", text + "000", " " + text, text + "\t"}[s.below(6)]
}
