package datagen_test

import (
	"cmp"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"ledgermill/bench/datagen"
)

// The contract raw_transactions once more, written from sql-files.md and slow:
// what the generator says of its records is compared with what these say of its
// bytes.

var contractColumns = []struct{ name, kind, missing string }{ // missing: "!" required, else the default
	{"transaction_id", "varchar", "!"}, {"transaction_date", "date", "!"}, {"transaction_timestamp", "timestamp", "!"},
	{"customer_id", "varchar", "!"}, {"transaction_type", "varchar", "!"}, {"amount", "decimal", "!"},
	{"currency", "varchar", "EUR"}, {"status", "varchar", "!"}, {"merchant_id", "varchar", "UNKNOWN"},
	{"merchant_name", "varchar", "UNKNOWN"}, {"merchant_category", "varchar", "UNKNOWN"}, {"country", "varchar", ""},
	{"channel", "varchar", "!"}, {"card_type", "varchar", "UNKNOWN"}, {"is_fraudulent", "boolean", "false"},
	{"processing_time_ms", "integer", ""},
}

var (
	decimalGrammar   = regexp.MustCompile(`^[+-]?([0-9]+(\.[0-9]+)?|\.[0-9]+)$`)
	integerGrammar   = regexp.MustCompile(`^[+-]?[0-9]{1,19}$`)
	dateGrammar      = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`)
	timestampGrammar = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?$`)
	currencyGrammar  = regexp.MustCompile(`^[A-Z]{3}$`)
)

// judged is a record as the contract sees it.
type judged struct {
	values     map[string]string // canonical texts; absent: null
	date       string
	group      string
	cents      *big.Int
	reason     string
	unreadable bool
}

// parseLine parts one line by RFC 4180 and reports whether its quotes are sound.
func parseLine(line string) (fields []string, sound bool) {
	for rest := line; ; {
		if !strings.HasPrefix(rest, `"`) {
			field, after, more := strings.Cut(rest, ",")
			if strings.Contains(field, `"`) {
				return nil, false
			}
			fields = append(fields, field)
			if !more {
				return fields, true
			}
			rest = after
			continue
		}
		field, i := "", 1
		for ; ; i++ {
			if i >= len(rest) {
				return nil, false
			}
			if rest[i] != '"' {
				field += rest[i : i+1]
				continue
			}
			if i+1 < len(rest) && rest[i+1] == '"' {
				field += `"`
				i++
				continue
			}
			break
		}
		fields = append(fields, field)
		switch rest = rest[i+1:]; {
		case rest == "":
			return fields, true
		case rest[0] != ',':
			return nil, false
		}
		rest = rest[1:]
	}
}

// cast returns the canonical text of a value, or false if the text is none.
func cast(kind, text string) (string, bool) {
	switch kind {
	case "decimal":
		if !decimalGrammar.MatchString(text) {
			return "", false
		}
		r, _ := new(big.Rat).SetString(strings.TrimPrefix(text, "+"))
		scaled := r.Mul(r, big.NewRat(100, 1))
		if !scaled.IsInt() || len(new(big.Int).Abs(scaled.Num()).String()) > 18 {
			return "", false
		}
		return scaled.Num().String(), true
	case "integer":
		n, err := strconv.ParseInt(text, 10, 32)
		return fmt.Sprint(n), integerGrammar.MatchString(text) && err == nil
	case "date":
		d, err := time.Parse(time.DateOnly, text)
		return d.Format(time.DateOnly), dateGrammar.MatchString(text) && err == nil
	case "timestamp":
		d, err := time.Parse("2006-01-02 15:04:05.999999", strings.Replace(text, "T", " ", 1))
		return d.Format("2006-01-02 15:04:05.000000"), timestampGrammar.MatchString(text) && err == nil
	case "boolean":
		switch strings.ToLower(text) {
		case "true", "t", "1", "yes", "y":
			return "true", true
		case "false", "f", "0", "no", "n":
			return "false", true
		}
		return "", false
	}
	return text, true
}

func judge(line string) judged {
	shapeless := judged{date: datagen.Undated, group: datagen.Unreadable, unreadable: true}
	fields, sound := parseLine(line)
	switch {
	case !sound:
		shapeless.reason = "quote"
		return shapeless
	case len(fields) != len(contractColumns):
		shapeless.reason = "field_count"
		return shapeless
	case !utf8.ValidString(line):
		shapeless.reason = "encoding"
		return shapeless
	}
	j := judged{values: map[string]string{}, date: datagen.Undated, unreadable: true}
	var types, required, checks []string
	for i, column := range contractColumns {
		text := strings.Trim(fields[i], " \t")
		if text == "" {
			text = column.missing
		}
		if text == "!" {
			required = append(required, column.name+"_required")
			continue
		}
		if text == "" {
			continue
		}
		value, ok := cast(column.kind, text)
		if !ok {
			types = append(types, column.name+"_type")
			continue
		}
		j.values[column.name] = value
	}
	if date, ok := j.values["transaction_date"]; ok {
		j.date = date
	}
	j.group = j.values["currency"]
	if amount, ok := j.values["amount"]; ok {
		j.cents, _ = new(big.Int).SetString(amount, 10)
		j.unreadable = false
	}
	checks = j.checks()
	if all := slices.Concat(types, required, checks); len(all) > 0 {
		j.reason = all[0]
	}
	return j
}

func (j judged) checks() []string {
	var out []string
	check := func(name, column string, ok func(string) bool) {
		if value, set := j.values[column]; set && !ok(value) {
			out = append(out, name)
		}
	}
	among := func(words string) func(string) bool {
		return func(v string) bool { return slices.Contains(strings.Fields(words), v) }
	}
	check("amount_positive", "amount", func(string) bool { return j.cents.Sign() > 0 })
	check("amount_limit", "amount", func(string) bool { return j.cents.Cmp(big.NewInt(100_000_000)) <= 0 })
	check("type_known", "transaction_type",
		among("PAYMENT TRANSFER WITHDRAWAL DEPOSIT MOBILE_PAYMENT DIRECT_DEBIT CHECK ONLINE_PURCHASE"))
	check("status_known", "status", among("COMPLETED PENDING FAILED CANCELLED"))
	check("channel_known", "channel", among("ONLINE POS ATM MOBILE BRANCH"))
	check("currency_known", "currency", currencyGrammar.MatchString)
	check("timestamp_on_date", "transaction_timestamp", func(v string) bool {
		date, set := j.values["transaction_date"]
		return !set || strings.HasPrefix(v, date)
	})
	return out
}

func (j judged) text() string { return fmt.Sprint(j.values) } // maps print sorted

// settle marks duplicates and key conflicts among what is accepted so far.
func settle(all []*judged) {
	byKey := map[string][]*judged{}
	for _, j := range all {
		if j.reason == "" {
			key := j.date + "/" + j.values["transaction_id"]
			byKey[key] = append(byKey[key], j)
		}
	}
	for _, same := range byKey {
		slices.SortStableFunc(same, func(a, b *judged) int {
			return -cmp.Compare(a.values["transaction_timestamp"], b.values["transaction_timestamp"])
		})
		seen := map[string]bool{}
		for i, j := range same {
			switch {
			case seen[j.text()]:
				j.reason = "duplicate"
			case i > 0:
				j.reason = "key_conflict"
			}
			seen[j.text()] = true
		}
	}
}

// recount makes the accounts of one object from its bytes.
func recount(t *testing.T, object []byte) (records int64, cells map[string]*datagen.Cell) {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(string(object), "\n"), "\n")
	var all []*judged
	for _, line := range lines[1:] {
		j := judge(line)
		all = append(all, &j)
	}
	settle(all)
	cells = map[string]*datagen.Cell{}
	for _, j := range all {
		cell := cells[j.date]
		if cell == nil {
			cell = &datagen.Cell{}
			cells[j.date] = cell
		}
		count(&cell.Read, j)
		switch j.reason {
		case "":
			count(&cell.Accepted, j)
		case "duplicate":
			count(&cell.Duplicate, j)
		default:
			if cell.Rejected == nil {
				cell.Rejected = map[string]datagen.Tally{}
			}
			tally := cell.Rejected[j.reason]
			count(&tally, j)
			cell.Rejected[j.reason] = tally
		}
	}
	return int64(len(all)), cells
}

func count(tally *datagen.Tally, j *judged) {
	if tally.Groups == nil {
		tally.Groups = map[string]datagen.Group{}
	}
	tally.Records++
	group := tally.Groups[j.group]
	group.Records++
	if j.unreadable {
		group.Unreadable++
	} else {
		group.Sum += datagen.Cents(j.cents.Int64())
	}
	tally.Groups[j.group] = group
}
