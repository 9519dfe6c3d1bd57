package datagen

import (
	"slices"
	"strings"
	"time"
)

// defect is a kind of record that a contract must notice.
type defect struct {
	kind   string
	weight int // its share of the injected records
	// again: the record is an earlier one sent again.
	again again
	// late: its business date lies before the object's day; it is accepted.
	late bool
	// change spoils the record and notes what must become of it.
	change func(r *record, s *source)
}

// again is how a record is sent a second time.
type again uint8

const (
	never again = iota
	asItWas
	respelt  // equal after casting
	restated // same key, later, another amount
)

// defects lists every kind that raw_transactions can refuse and CSV can carry;
// other forms carry some of them.
// The order is part of what a seed means.
func defects() []defect {
	return slices.Concat(
		[]defect{
			{kind: "duplicate_exact", weight: 12, again: asItWas},
			{kind: "duplicate_respelt", weight: 8, again: respelt},
			{kind: "key_conflict", weight: 6, again: restated},
			{kind: "late", weight: 12, late: true, change: func(*record, *source) {}},
		},
		missingValues(), unreadableValues(), unknownValues(), brokenRecords())
}

func missingValues() []defect {
	empty := func(column int, and func(*record)) func(*record, *source) {
		return func(r *record, s *source) {
			r.fields[column] = []string{"", "", "", " ", "\t", "  "}[s.below(6)]
			r.refuse(columnNames()[column] + "_required")
			if and != nil {
				and(r)
			}
		}
	}
	return []defect{
		{kind: "null_transaction_id", weight: 3, change: empty(colID, nil)},
		{kind: "null_transaction_date", weight: 2, change: empty(colDate, (*record).undated)},
		{kind: "null_transaction_timestamp", weight: 2, change: empty(colTimestamp, nil)},
		{kind: "null_customer_id", weight: 4, change: empty(colCustomer, nil)},
		{kind: "null_transaction_type", weight: 1, change: empty(colType, nil)},
		{kind: "null_amount", weight: 3, change: empty(colAmount, (*record).withoutAmount)},
		{kind: "null_status", weight: 1, change: empty(colStatus, nil)},
		{kind: "null_channel", weight: 1, change: empty(colChannel, nil)},
	}
}

func unreadableValues() []defect {
	of := func(column int, and func(*record), texts func(*record) []string) func(*record, *source) {
		return func(r *record, s *source) {
			all := texts(r)
			r.put(column, all[s.below(len(all))])
			r.refuse(columnNames()[column] + "_type")
			if and != nil {
				and(r)
			}
		}
	}
	return []defect{
		{kind: "bad_date", weight: 4, change: of(colDate, (*record).undated, badDates)},
		{kind: "bad_timestamp", weight: 4, change: of(colTimestamp, nil, badTimestamps)},
		{kind: "bad_amount", weight: 6, change: of(colAmount, (*record).withoutAmount, badAmounts)},
		{kind: "bad_boolean", weight: 2, change: of(colFraudulent, nil, func(*record) []string {
			return []string{"maybe", "2", "-1", "oui", "true!", "on", "truee", "NULL"}
		})},
		{kind: "bad_integer", weight: 2, change: of(colProcessing, nil, func(*record) []string {
			return []string{"12ms", "1.5", "1e2", "99999999999", "0x10", "1,200", "1_200", "12345678901234567890123", "--5"}
		})},
	}
}

func badDates(r *record) []string {
	date := r.soundDate()
	return []string{
		date.Format("02/01/2006"), date.Format("20060102"), date.Format("2006-01-2") + "x", date.Format("02-Jan-2006"),
		date.Format(time.DateOnly) + " 00:00:00", date.Format("2006/01/02"), date.Format("06-01-02"),
		"2025-02-30", "2025-13-01", "0000-00-00", "２０２５-01-31", "today",
	}
}

func badTimestamps(r *record) []string {
	date, sound := r.soundDate().Format(time.DateOnly), r.fields[colTimestamp]
	return []string{
		sound + "+02:00", sound + "Z", sound + " UTC", date, date + " 10:15", date + " 25:00:00", date + " 10:61:00",
		date + " 10:15:00.1234567", date + " 10:15:00 PM", date + " 9:15:00", "1738281600", "now",
	}
}

func badAmounts(*record) []string {
	return []string{
		"12,50", "1e3", "1_000", "abc", "12.345", "NaN", "$12.50", "12.", ".", "--5", "0x1F", "infinity", "12.50 EUR",
		"1 000.00", "1,234.56", "99999999999999999.00", "12.500000001", "１２.50", "−12.50", "(12.50)", "12.50-",
	}
}

func unknownValues() []defect {
	one := func(column int, reason string, texts ...string) func(*record, *source) {
		return func(r *record, s *source) {
			r.put(column, texts[s.below(len(texts))])
			r.refuse(reason)
		}
	}
	return []defect{
		{kind: "negative_amount", weight: 4, change: func(r *record, _ *source) {
			r.fields[colAmount] = "-" + r.fields[colAmount]
			r.cents = -r.cents
			r.refuse("amount_positive")
		}},
		{kind: "zero_amount", weight: 3, change: func(r *record, s *source) {
			one(colAmount, "amount_positive", "0.00", "0", "-0.00", "+0.0", ".00", "0.000")(r, s)
			r.cents = 0
		}},
		{kind: "outlier_amount", weight: 4, change: outlier},
		{kind: "unknown_type", weight: 2, change: one(colType, "type_known", "REFUND", "payment", "Payment", "PAYMENTS", "CHEQUE")},
		{kind: "unknown_status", weight: 2, change: one(colStatus, "status_known", "DONE", "completed", "REVERSED", "COMPLETE")},
		{kind: "unknown_channel", weight: 2, change: one(colChannel, "channel_known", "WEB", "pos", "TELEX", "ATM2")},
		{kind: "unknown_currency", weight: 3, change: func(r *record, s *source) {
			r.group = []string{"eur", "usd", "Gbp", "EURO", "EU", "E1R", "€", "978"}[s.below(8)]
			one(colCurrency, "currency_known", r.group)(r, s)
		}},
		{kind: "timestamp_off_date", weight: 3, change: func(r *record, s *source) {
			day := r.soundDate().AddDate(0, 0, []int{-1, 1, 30}[s.below(3)])
			r.fields[colTimestamp] = day.Format(time.DateOnly) + " " + clock(r.row.millis)
			r.refuse("timestamp_on_date")
		}},
		{kind: "two_faults", weight: 4, change: twoFaults},
	}
}

func outlier(r *record, s *source) {
	r.cents = []int64{1_000_000_01, 9_999_999_99, int64(s.between(1_000_001, 900_000_000)) * 100}[s.below(3)]
	r.fields[colAmount] = cents(r.cents)
	r.refuse("amount_limit")
}

// twoFaults shows that the first reason in the contract's order counts: types,
// then required columns, then the CHECKs.
func twoFaults(r *record, s *source) {
	switch s.below(5) {
	case 0:
		r.fields[colID], r.fields[colFraudulent] = "", "maybe"
		r.refuse("is_fraudulent_type")
	case 1:
		r.fields[colAmount], r.fields[colProcessing] = "12.345", "1.5"
		r.withoutAmount()
		r.refuse("amount_type")
	case 2:
		r.fields[colCustomer], r.fields[colAmount] = "", "0"
		r.cents = 0
		r.refuse("customer_id_required")
	case 3:
		outlier(r, s)
		r.fields[colChannel] = "WEB"
		r.refuse("amount_limit")
	case 4:
		r.fields[colDate], r.fields[colStatus] = "31/01/2025", "DONE"
		r.undated()
		r.refuse("transaction_date_type")
	}
}

func brokenRecords() []defect {
	return []defect{
		{kind: "extra_field", weight: 3, change: func(r *record, s *source) {
			switch s.below(3) {
			case 0:
				r.fields = append(r.fields, "")
			case 1:
				r.fields = append(r.fields, "note", "more")
			case 2:
				r.fields[colMerchantName] = "Smith, Sons" // not quoted
			}
			r.shapeless("field_count")
		}},
		{kind: "missing_field", weight: 3, change: func(r *record, s *source) {
			from := []int{colProcessing, colCountry, colCurrency}[s.below(3)]
			r.fields = slices.Delete(r.fields, from, from+1)
			r.shapeless("field_count")
		}},
		{kind: "stray_quote", weight: 3, change: func(r *record, s *source) {
			// The first is never closed: the next quote of the object opens a field, and
			// text follows it.
			r.fields[colMerchantName] = []string{`"Golden Fork`, `Golden "Fork"`, `"Golden" Fork`}[s.below(3)]
			r.shapeless("quote")
		}},
		{kind: "invalid_utf8", weight: 2, change: func(r *record, s *source) {
			r.fields[colMerchantName] = "Caf" + []string{"\xe9", "\xff\xfe", "\xe2\x82", "\xc0\xaf", "\xed\xa0\x80"}[s.below(5)]
			r.shapeless("encoding")
		}},
	}
}

func columnNames() []string { return strings.Split(strings.TrimSuffix(transactionsHeader, "\n"), ",") }
