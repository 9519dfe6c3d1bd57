package datagen

import (
	"strconv"
	"strings"
	"time"
)

// Positions of the columns of raw_transactions.
const (
	colID = iota
	colDate
	colTimestamp
	colCustomer
	colType
	colAmount
	colCurrency
	colStatus
	colMerchantID
	colMerchantName
	colMerchantCategory
	colCountry
	colChannel
	colCardType
	colFraudulent
	colProcessing
	columns
)

const transactionsHeader = "transaction_id,transaction_date,transaction_timestamp,customer_id,transaction_type,amount," +
	"currency,status,merchant_id,merchant_name,merchant_category,country,channel,card_type,is_fraudulent,processing_time_ms\n"

const millisPerDay = 24 * 60 * 60 * 1000

// maxLate is how many days before the object's day a late record may be.
const maxLate = 3

// row is a record in numbers. Every row is valid; what is wrong with a record is
// put into its text.
type row struct {
	number   int // in the object, from 1: the identifier
	late     int // days before the object's day
	millis   int // of the day
	customer int32
	merchant int32 // -1: none
	amount   int64 // cents

	kind, status, channel uint8
	currency, country     uint8 // blank: empty
	card, fraud           uint8 // blank: empty
	processing            int64 // milliseconds; -1: empty
	implied               uint8 // the currency that an empty one stands for
}

// writer turns the rows of one object into text.
type writer struct {
	*dimensions
	prefix string // of the identifiers: T20250131-
	// The business dates by row.late, and as text.
	days  [maxLate + 1]time.Time
	dates [maxLate + 1]string
}

func newWriter(d *dimensions, date time.Time) *writer {
	w := &writer{dimensions: d, prefix: "T" + date.Format("20060102") + "-"}
	for late := range w.dates {
		w.days[late] = date.AddDate(0, 0, -late)
		w.dates[late] = w.days[late].Format(time.DateOnly)
	}
	return w
}

// append writes the row as a line without its end.
func (w *writer) append(out []byte, r *row) []byte {
	out = appendDigits(append(out, w.prefix...), r.number, 8)
	out = append(append(out, ','), w.dates[r.late]...)
	out = append(append(out, ','), w.dates[r.late]...)
	out = appendClock(append(out, ' '), r.millis)
	out = appendDigits(append(out, ',', 'C'), int(r.customer)+1, 8)
	out = append(append(out, ','), w.names.types[r.kind]...)
	out = appendCents(append(out, ','), r.amount)
	out = appendName(append(out, ','), w.names.currencies, r.currency)
	out = append(append(out, ','), w.names.statuses[r.status]...)
	if r.merchant < 0 {
		out = append(out, ",,,,"...)
	} else {
		out = append(append(append(out, ','), w.merchants.field[r.merchant]...), ',')
	}
	if r.country != blank {
		out = append(out, w.countries[r.country].code...)
	}
	out = append(append(out, ','), w.names.channels[r.channel]...)
	out = appendName(append(out, ','), w.names.cards, r.card)
	out = append(out, ',')
	switch r.fraud {
	case 0:
		out = append(out, "false"...)
	case 1:
		out = append(out, "true"...)
	}
	out = append(out, ',')
	if r.processing >= 0 {
		out = strconv.AppendInt(out, r.processing, 10)
	}
	return out
}

// fields returns the row's fields as CSV text, quotes included.
func (w *writer) fields(r *row) []string {
	return splitLine(string(w.append(nil, r)))
}

// splitLine parts a sound line at the commas outside quotes.
func splitLine(line string) []string {
	out := make([]string, 0, columns)
	quoted, start := false, 0
	for i := range len(line) {
		switch {
		case line[i] == '"':
			quoted = !quoted
		case line[i] == ',' && !quoted:
			out = append(out, line[start:i])
			start = i + 1
		}
	}
	return append(out, line[start:])
}

func joinFields(out []byte, fields []string) []byte {
	return append(append(out, strings.Join(fields, ",")...), '\n')
}

func appendName(out []byte, names []string, at uint8) []byte {
	if at == blank {
		return out
	}
	return append(out, names[at]...)
}

// appendClock writes milliseconds of a day as 15:04:05.000.
func appendClock(out []byte, millis int) []byte {
	h, m, s, f := millis/3_600_000, millis/60_000%60, millis/1000%60, millis%1000
	return append(out, byte('0'+h/10), byte('0'+h%10), ':', byte('0'+m/10), byte('0'+m%10), ':',
		byte('0'+s/10), byte('0'+s%10), '.', byte('0'+f/100), byte('0'+f/10%10), byte('0'+f%10))
}

// appendCents writes an amount that is not negative with two decimals.
func appendCents(out []byte, cents int64) []byte {
	out = strconv.AppendInt(out, cents/100, 10)
	return append(out, '.', byte('0'+cents/10%10), byte('0'+cents%10))
}

func clock(millis int) string { return string(appendClock(nil, millis)) }

func cents(amount int64) string { return string(appendCents(nil, amount)) }
