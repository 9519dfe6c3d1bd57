package reference

import (
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// sent is a record that is good as it stands, with some columns changed.
func sent(changes map[string]string) map[string]string {
	text := map[string]string{"transaction_id": "t1", "transaction_date": "2025-01-31",
		"transaction_timestamp": "2025-01-31 12:00:00", "customer_id": "c1", "transaction_type": "PAYMENT", "amount": "12.30",
		"currency": "EUR", "status": "COMPLETED", "merchant_id": "m1", "merchant_name": "Alpha",
		"merchant_category": "GROCERY", "country": "FR", "channel": "POS", "card_type": "VISA", "is_fraudulent": "false",
		"processing_time_ms": "120"}
	maps.Copy(text, changes)
	return text
}

func object(records ...map[string]string) []byte {
	var b strings.Builder
	b.WriteString(strings.Join(rawColumns(), ",") + "\n")
	for _, record := range records {
		fields := make([]string, len(rawColumns()))
		for i, column := range rawColumns() {
			fields[i] = record[column]
		}
		b.WriteString(strings.Join(fields, ",") + "\n")
	}
	return []byte(b.String())
}

func TestReasons(t *testing.T) {
	t.Parallel()
	type texts = map[string]string
	for name, c := range map[string]struct {
		changes texts
		want    []string
	}{
		"good":                  {texts{}, nil},
		"what may be empty":     {texts{"currency": "", "merchant_id": "", "card_type": " \t", "country": "", "is_fraudulent": "", "processing_time_ms": ""}, nil},
		"what may not":          {texts{"transaction_id": "", "amount": " ", "channel": "\t"}, []string{"transaction_id_required", "amount_required", "channel_required"}},
		"amount in words":       {texts{"amount": "twelve"}, []string{"amount_type"}},
		"a third digit":         {texts{"amount": "12.345"}, []string{"amount_type"}},
		"a third digit of zero": {texts{"amount": "+12.340"}, nil},
		"amount 1e2":            {texts{"amount": "1e2"}, []string{"amount_type"}},
		"amount 1_000":          {texts{"amount": "1_000"}, []string{"amount_type"}},
		"amount 5.":             {texts{"amount": "5."}, []string{"amount_type"}},
		"amount .5":             {texts{"amount": ".5"}, nil},
		"no-break space":        {texts{"amount": "\u00a05.00"}, []string{"amount_type"}},
		"seventeen digits":      {texts{"amount": "10000000000000000"}, []string{"amount_type"}},
		"zero":                  {texts{"amount": "0.00"}, []string{"amount_positive"}},
		"the limit":             {texts{"amount": "1000000"}, nil},
		"a cent more":           {texts{"amount": "1000000.01"}, []string{"amount_limit"}},
		"no such day":           {texts{"transaction_date": "2025-02-29"}, []string{"transaction_date_type"}},
		"a date with a tail":    {texts{"transaction_date": "2025-01-31x"}, []string{"transaction_date_type"}},
		"a date of one digit":   {texts{"transaction_date": "2025-1-31"}, []string{"transaction_date_type"}},
		"microseconds, T":       {texts{"transaction_timestamp": "2025-01-31T23:59:59.999999"}, nil},
		"nanoseconds":           {texts{"transaction_timestamp": "2025-01-31 12:00:00.1234567"}, []string{"transaction_timestamp_type"}},
		"an offset":             {texts{"transaction_timestamp": "2025-01-31 12:00:00+02:00"}, []string{"transaction_timestamp_type"}},
		"24 o'clock":            {texts{"transaction_timestamp": "2025-01-31 24:00:00"}, []string{"transaction_timestamp_type"}},
		"no seconds":            {texts{"transaction_timestamp": "2025-01-31 12:00"}, []string{"transaction_timestamp_type"}},
		"another day":           {texts{"transaction_timestamp": "2025-02-01 00:00:00"}, []string{"timestamp_on_date"}},
		"yes":                   {texts{"is_fraudulent": "Yes"}, nil},
		"maybe":                 {texts{"is_fraudulent": "maybe"}, []string{"is_fraudulent_type"}},
		"beyond an integer":     {texts{"processing_time_ms": "2147483648"}, []string{"processing_time_ms_type"}},
		"a fraction":            {texts{"processing_time_ms": "12.0"}, []string{"processing_time_ms_type"}},
		"enums are exact":       {texts{"transaction_type": "payment", "status": "DONE", "channel": "FAX", "currency": "eur"}, []string{"type_known", "status_known", "channel_known", "currency_known"}},
		"four letters":          {texts{"currency": "EURO"}, []string{"currency_known"}},
		"types, required, checks": {texts{"amount": "x", "transaction_id": "", "status": "DONE", "processing_time_ms": "x"},
			[]string{"amount_type", "processing_time_ms_type", "transaction_id_required", "status_known"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			header, records := split(object(sent(c.changes)))
			at, err := places(header)
			if err != nil || len(records) != 1 || records[0].fault != "" {
				t.Fatalf("not one record: %v, %v", records, err)
			}
			_, got := judge(records[0].fields, at)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("reasons (-want +got):\n%s", diff)
			}
		})
	}
}

func TestHeader(t *testing.T) {
	t.Parallel()
	names := rawColumns()
	for name, c := range map[string]struct {
		header  []string
		refused bool
	}{
		"as it is":       {names, false},
		"other spelling": {append([]string{"TXN-Id", "Transaction Date", "transaction.time"}, names[3:]...), false},
		"one unknown":    {append([]string{"batch"}, names...), false},
		"one missing":    {names[1:], true},
		"one twice":      {append([]string{"txn_id"}, names...), true},
	} {
		if _, err := places(c.header); (err != nil) != c.refused {
			t.Errorf("%s: %v", name, err)
		}
	}
}
