package datagen

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Limits of the options, from the widths of the identifiers.
const (
	maxRowsPerDay = 99_999_999
	maxDays       = 3660
	maxCustomers  = 10_000_000
	maxMerchants  = 999_999
	maxDefects    = 0.5
	maxCanary     = 40
	canaryLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
)

// Options says what to generate. Start from [Defaults].
type Options struct {
	// Output takes the objects.
	Output Output

	// RowsPerDay is the number of records a day, defects included, 1 to
	// 99,999,999. One day has exactly so many; of more days it is the mean of a
	// week, whose days differ. Default 1,000,000.
	RowsPerDay int

	// Days is the number of days, 1 to 3,660, EndDate the last of them. Default 1.
	Days    int
	EndDate time.Time

	// As is the form of the objects of transactions: "csv", "csv.gz", "ndjson",
	// "ndjson.gz" or "parquet". Default "csv". Customers and merchants are CSV.
	As string

	// Customers is their number, up to 10,000,000. Default 0: one for eight
	// records a day, but at least 100, so that few make more than 20 payments a
	// day.
	Customers int

	// Merchants is their number, up to 999,999. Default 0: one for 200 records a
	// day, but at least 50.
	Merchants int

	// Defects is the share of records that carry an injected defect, late and
	// duplicate records included, 0 to 0.5. Default 0.01.
	Defects float64

	// Seed decides everything that is random. Default 1.
	Seed uint64

	// Canary, if set, is planted in every field of the columns that are private: a
	// text to look for in everything that is written of them. At most 40 letters and
	// digits.
	Canary string

	// Overwrite replaces another generation in Output, and remakes an equal one.
	Overwrite bool

	// Progress, if set, is told of the records written so far and in all. It is
	// not called by two goroutines at once.
	Progress func(done, total int64)
}

// Defaults returns the options of `ledgermill generate` without flags: a day of
// a million records, the day before now in UTC.
func Defaults(now time.Time) Options {
	return Options{
		RowsPerDay: 1_000_000,
		Days:       1,
		EndDate:    midnight(now).AddDate(0, 0, -1),
		As:         "csv",
		Defects:    0.01,
		Seed:       1,
	}
}

// OptionError is an option out of its range.
type OptionError struct {
	// Option is its name as a flag has it, such as "end-date".
	Option, Value, Problem, Remedy string
}

func (e *OptionError) Error() string {
	return fmt.Sprintf("generate: %s %q %s", e.Option, e.Value, e.Problem)
}

// Try returns a value that works.
func (e *OptionError) Try() string { return e.Remedy }

// normal returns the options with derived defaults filled in, or an
// [OptionError].
func (o Options) normal() (Options, error) {
	if o.Customers == 0 {
		o.Customers = max(100, min(maxCustomers, o.RowsPerDay/8))
	}
	if o.Merchants == 0 {
		o.Merchants = max(50, min(maxMerchants, o.RowsPerDay/200))
	}
	o.EndDate = midnight(o.EndDate)
	if o.Output == nil {
		return o, &OptionError{Option: "output", Problem: "is missing", Remedy: "--output DIR"}
	}
	for _, r := range []struct {
		option      string
		value, most int
	}{
		{"rows", o.RowsPerDay, maxRowsPerDay}, {"days", o.Days, maxDays},
		{"customers", o.Customers, maxCustomers}, {"merchants", o.Merchants, maxMerchants},
	} {
		if r.value < 1 || r.value > r.most {
			return o, &OptionError{r.option, strconv.Itoa(r.value), fmt.Sprintf("is not between 1 and %d", r.most),
				fmt.Sprintf("--%s %d", r.option, min(r.most, max(1, r.value)))}
		}
	}
	// Written so that NaN fails too.
	if !(o.Defects >= 0 && o.Defects <= maxDefects) {
		return o, &OptionError{"defects", strconv.FormatFloat(o.Defects, 'g', -1, 64),
			fmt.Sprintf("is not a share between 0 and %g", maxDefects), "--defects 0.01"}
	}
	if strings.Trim(o.Canary, canaryLetters) != "" || len(o.Canary) > maxCanary {
		return o, &OptionError{"canary", o.Canary, fmt.Sprintf("is not a text of at most %d letters and digits", maxCanary), "--canary CANARY7"}
	}
	if !slices.Contains(forms(), o.As) {
		return o, &OptionError{"as", o.As, "is not a form that can be written", "--as " + strings.Join(forms(), " or --as ")}
	}
	if first := o.EndDate.AddDate(0, 0, 1-o.Days); first.Year() < 1970 || o.EndDate.Year() > 2199 {
		return o, &OptionError{"end-date", o.EndDate.Format(time.DateOnly),
			"does not leave all days between 1970 and 2199", "--end-date 2025-01-31"}
	}
	return o, nil
}

// dates returns the business dates in order.
func (o Options) dates() []time.Time {
	out := make([]time.Time, o.Days)
	for i := range out {
		out[i] = o.EndDate.AddDate(0, 0, i+1-o.Days)
	}
	return out
}

// records returns the number of records of a day's object. The factors of a
// week have the mean 1; a single day is what was asked for.
func (o Options) records(date time.Time) int {
	if o.Days == 1 {
		return o.RowsPerDay
	}
	perMille := [...]int{time.Sunday: 860, time.Monday: 980, time.Tuesday: 970, time.Wednesday: 990,
		time.Thursday: 1030, time.Friday: 1140, time.Saturday: 1030}[date.Weekday()]
	return min(maxRowsPerDay, max(1, (o.RowsPerDay*perMille+500)/1000))
}

func midnight(t time.Time) time.Time {
	year, month, day := t.UTC().Date()
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}
