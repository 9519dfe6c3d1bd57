package pipeline

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

// transaction is one accepted record.
type transaction struct {
	object int // its place among the objects

	id, customer, kind, currency, status string
	merchant, name, category             string
	country, channel, card               string // country: empty for none
	date, stamp                          time.Time
	cents                                int64
	fraudulent, timed                    bool
	processing                           int32 // if timed
}

// rawColumns are the columns of raw_transactions, in the order of the objects.
func rawColumns() []string {
	return []string{"transaction_id", "transaction_date", "transaction_timestamp", "customer_id", "transaction_type",
		"amount", "currency", "status", "merchant_id", "merchant_name", "merchant_category", "country", "channel",
		"card_type", "is_fraudulent", "processing_time_ms"}
}

const unknown = "UNKNOWN"

// readObject parses an object record by record and keeps what the contract accepts.
func readObject(ctx context.Context, path string, object int) (accepted []transaction, err error) {
	err = eachRecord(ctx, path, func(fields []string) {
		if t, ok := judge(fields); ok {
			t.object = object
			accepted = append(accepted, t)
		}
	})
	return accepted, err
}

// eachRecord hands over the records behind the header; the fields are valid until
// the next.
func eachRecord(ctx context.Context, path string, do func(fields []string)) (err error) {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	r := csv.NewReader(bufio.NewReaderSize(f, 1<<20))
	r.ReuseRecord = true
	header, err := r.Read()
	if err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	if !slices.Equal(header, rawColumns()) {
		return fmt.Errorf("read %s: columns %v", path, header)
	}
	for n := 0; ; n++ {
		if n%4096 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
		do(fields)
	}
}

// judge makes a transaction of a record's fields if they obey the contract.
func judge(fields []string) (t transaction, ok bool) {
	text := func(column int, instead string) string {
		if s := strings.Trim(fields[column], " \t"); s != "" {
			return s
		}
		return instead
	}
	var dated, stamped, priced, labelled bool
	t.id, t.customer, t.kind = text(0, ""), text(3, ""), text(4, "")
	t.date, dated = parseDate(text(1, ""))
	t.stamp, stamped = parseTimestamp(text(2, ""))
	t.cents, priced = parseCents(text(5, ""))
	t.currency, t.status = text(6, "EUR"), text(7, "")
	t.merchant, t.name, t.category = text(8, unknown), text(9, unknown), text(10, unknown)
	t.country, t.channel, t.card = text(11, ""), text(12, ""), text(13, unknown)
	t.fraudulent, labelled = parseBoolean(text(14, "false"))
	if processing := text(15, ""); processing != "" {
		if t.processing, t.timed = parseInteger(processing); !t.timed {
			return t, false
		}
	}
	return t, t.id != "" && t.customer != "" && dated && stamped && priced && labelled && t.allowed()
}

// allowed is the contract's CHECKs.
func (t *transaction) allowed() bool {
	switch t.kind {
	case "PAYMENT", "TRANSFER", "WITHDRAWAL", "DEPOSIT", "MOBILE_PAYMENT", "DIRECT_DEBIT", "CHECK", "ONLINE_PURCHASE":
	default:
		return false
	}
	switch t.status {
	case "COMPLETED", "PENDING", "FAILED", "CANCELLED":
	default:
		return false
	}
	switch t.channel {
	case "ONLINE", "POS", "ATM", "MOBILE", "BRANCH":
	default:
		return false
	}
	if len(t.currency) != 3 {
		return false
	}
	for i := range 3 {
		if t.currency[i] < 'A' || t.currency[i] > 'Z' {
			return false
		}
	}
	return t.cents > 0 && t.cents <= 1_000_000_00 && t.stamp.Truncate(24*time.Hour).Equal(t.date)
}

// inferred reads an object once more than needed and finds for each column the
// narrowest type that all its values have, as a reader does that is told nothing.
func inferred(ctx context.Context, path string) ([]string, error) {
	kinds := []struct {
		name string
		is   func(string) bool
	}{
		{"integer", func(s string) bool { _, ok := parseInteger(s); return ok }},
		{"decimal", func(s string) bool { _, ok := parseCents(s); return ok }},
		{"date", func(s string) bool { _, ok := parseDate(s); return ok }},
		{"timestamp", func(s string) bool { _, ok := parseTimestamp(s); return ok }},
		{"boolean", func(s string) bool { _, ok := parseBoolean(s); return ok }},
		{"text", func(string) bool { return true }},
	}
	at := make([]int, len(rawColumns()))
	err := eachRecord(ctx, path, func(fields []string) {
		for i, field := range fields {
			for field != "" && !kinds[at[i]].is(field) {
				at[i]++
			}
		}
	})
	types := make([]string, len(at))
	for i, k := range at {
		types[i] = kinds[k].name
	}
	return types, err
}
