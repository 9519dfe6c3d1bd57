package reference

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// transaction is one accepted record of raw_transactions.
type transaction struct {
	object string // key of the object that sent it

	id         string
	date       time.Time
	stamp      time.Time
	customer   string
	kind       string
	cents      int64
	currency   string
	status     string
	merchant   string
	name       string
	category   string
	country    *string
	channel    string
	card       string
	fraudulent bool
	processing *int32
}

const unknown = "UNKNOWN"

func rawColumns() []string {
	return []string{"transaction_id", "transaction_date", "transaction_timestamp", "customer_id", "transaction_type",
		"amount", "currency", "status", "merchant_id", "merchant_name", "merchant_category", "country", "channel",
		"card_type", "is_fraudulent", "processing_time_ms"}
}

func required() []string {
	return []string{"transaction_id", "transaction_date", "transaction_timestamp", "customer_id", "transaction_type",
		"amount", "status", "channel"}
}

// defaultOf is what an empty field of the column stands for.
func defaultOf(column string) string {
	switch column {
	case "currency":
		return "EUR"
	case "merchant_id", "merchant_name", "merchant_category", "card_type":
		return unknown
	case "is_fraudulent":
		return "false"
	}
	return ""
}

// plain is a column's name as headers are compared. The contract compares after
// NFKC; ASCII headers are the only ones here.
func plain(name string) string {
	return strings.ToLower(strings.NewReplacer(" ", "", "_", "", "-", "", ".", "").Replace(name))
}

// places says which field of a record each column is.
func places(header []string) (map[string]int, error) {
	names := map[string]string{"txnid": "transaction_id", "transactiontime": "transaction_timestamp",
		"processingms": "processing_time_ms"}
	for _, column := range rawColumns() {
		names[plain(column)] = column
	}
	at := map[string]int{}
	for i, text := range header {
		column, known := names[plain(text)]
		if !known {
			continue
		}
		if _, twice := at[column]; twice {
			return nil, fmt.Errorf("header names %s twice", column)
		}
		at[column] = i
	}
	for _, column := range rawColumns() {
		if _, there := at[column]; !there {
			return nil, fmt.Errorf("header lacks %s", column)
		}
	}
	return at, nil
}

// judge makes a transaction of a record's fields, or says all that is wrong with
// it, what counts first in front.
func judge(fields []string, at map[string]int) (transaction, []string) {
	text := map[string]string{}
	for _, column := range rawColumns() {
		text[column] = trim(fields[at[column]])
		if text[column] == "" {
			text[column] = defaultOf(column)
		}
	}
	t, reasons := read(text)
	for _, column := range required() {
		if text[column] == "" {
			reasons = append(reasons, column+"_required")
		}
	}
	return t, append(reasons, broken(t, text, reasons)...)
}

// read turns texts into values; an empty text is no value and no fault.
func read(text map[string]string) (t transaction, faults []string) {
	readable := func(column string, ok bool) {
		if !ok && text[column] != "" {
			faults = append(faults, column+"_type")
		}
	}
	var ok bool
	t.date, ok = parseDate(text["transaction_date"])
	readable("transaction_date", ok)
	t.stamp, ok = parseTimestamp(text["transaction_timestamp"])
	readable("transaction_timestamp", ok)
	t.cents, ok = parseCents(text["amount"])
	readable("amount", ok)
	t.fraudulent, ok = parseBoolean(text["is_fraudulent"])
	readable("is_fraudulent", ok)
	if n, ok := parseInteger(text["processing_time_ms"]); ok {
		t.processing = &n
	} else {
		readable("processing_time_ms", false)
	}
	if text["country"] != "" {
		country := text["country"]
		t.country = &country
	}
	t.id, t.customer, t.kind = text["transaction_id"], text["customer_id"], text["transaction_type"]
	t.currency, t.status, t.channel = text["currency"], text["status"], text["channel"]
	t.merchant, t.name, t.category = text["merchant_id"], text["merchant_name"], text["merchant_category"]
	t.card = text["card_type"]
	return t, faults
}

// broken names the checks that fail. A check of a value that is not there passes.
func broken(t transaction, text map[string]string, faults []string) (names []string) {
	there := func(columns ...string) bool {
		return !slices.ContainsFunc(columns, func(column string) bool {
			return text[column] == "" || slices.Contains(faults, column+"_type")
		})
	}
	sameDay := t.stamp.Format(time.DateOnly) == t.date.Format(time.DateOnly)
	for _, check := range []struct {
		name  string
		fails bool
	}{
		{"amount_positive", there("amount") && t.cents <= 0},
		{"amount_limit", there("amount") && t.cents > 1_000_000_00},
		{"type_known", there("transaction_type") && !slices.Contains(kinds(), t.kind)},
		{"status_known", there("status") && !slices.Contains([]string{"COMPLETED", "PENDING", "FAILED", "CANCELLED"}, t.status)},
		{"channel_known", there("channel") && !slices.Contains([]string{"ONLINE", "POS", "ATM", "MOBILE", "BRANCH"}, t.channel)},
		{"currency_known", !currencyText.MatchString(t.currency)},
		{"timestamp_on_date", there("transaction_timestamp", "transaction_date") && !sameDay},
	} {
		if check.fails {
			names = append(names, check.name)
		}
	}
	return names
}

func kinds() []string {
	return []string{"PAYMENT", "TRANSFER", "WITHDRAWAL", "DEPOSIT", "MOBILE_PAYMENT", "DIRECT_DEBIT", "CHECK",
		"ONLINE_PURCHASE"}
}
