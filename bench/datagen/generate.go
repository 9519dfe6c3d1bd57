package datagen

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// ExistsError says that the output holds something else, which was left alone.
type ExistsError struct{ Key, Problem string }

func (e *ExistsError) Error() string {
	return fmt.Sprintf("generate: object %s %s", e.Key, e.Problem)
}

// Try returns the ways out.
func (e *ExistsError) Try() string { return "another --output, or --overwrite to replace it" }

// Generate writes the raw objects that the options describe, and their report.
// An output that holds the same generation is left as it is. Errors are
// [OptionError], [ExistsError], or those of the output.
func Generate(ctx context.Context, options Options) (Report, error) {
	o, err := options.normal()
	if err != nil {
		return Report{}, err
	}
	report := Report{Options: o.recorded(), Datasets: map[string]int64{
		customersKey: int64(o.Customers), merchantsKey: int64(o.Merchants)}}
	earlier, err := prepare(ctx, o, report)
	if err != nil {
		return Report{}, err
	}
	if earlier != nil {
		earlier.Reused = true
		return *earlier, nil
	}
	report.Objects, err = writeAll(ctx, o)
	if err != nil {
		return Report{}, err
	}
	report.Complete = true
	return report, writeJSON(ctx, o.Output, ReportKey, report)
}

// prepare returns the same generation if the output holds it. Otherwise it
// makes room and leaves a report that says that a generation is under way.
func prepare(ctx context.Context, o Options, report Report) (*Report, error) {
	earlier, err := ReadReport(ctx, o.Output)
	found := !errors.Is(err, fs.ErrNotExist)
	if found && err != nil && !o.Overwrite {
		return nil, &ExistsError{ReportKey, "is no report of this program: " + err.Error()}
	}
	same := err == nil && earlier.Options == report.Options
	switch {
	case same && earlier.Complete && !o.Overwrite:
		return &earlier, nil
	case err == nil && !same && !o.Overwrite:
		return nil, &ExistsError{ReportKey, "says that the output holds another generation"}
	case err == nil && !same:
		if err := removeEarlier(ctx, o.Output, earlier); err != nil {
			return nil, err
		}
	case !found && !o.Overwrite:
		if err := refuseStrangers(ctx, o); err != nil {
			return nil, err
		}
	}
	return nil, writeJSON(ctx, o.Output, ReportKey, report)
}

// removeEarlier removes the objects of another generation. Its report is marked first,
// so that it never vouches for what is gone.
func removeEarlier(ctx context.Context, output Output, earlier Report) error {
	keys, err := earlier.Options.keys()
	if err != nil {
		return &ExistsError{ReportKey, "does not describe a generation: " + err.Error()}
	}
	earlier.Complete = false
	if err := writeJSON(ctx, output, ReportKey, earlier); err != nil {
		return err
	}
	for _, key := range keys {
		if err := output.Remove(ctx, key); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove object %s: %w", key, err)
		}
	}
	return nil
}

// refuseStrangers looks for objects that no generation wrote.
func refuseStrangers(ctx context.Context, o Options) error {
	keys, err := o.recorded().keys()
	if err != nil {
		return err
	}
	for _, key := range keys {
		found, err := exists(ctx, o.Output, key)
		if err != nil {
			return err
		}
		if found {
			return &ExistsError{key, "is there already, and not from this program"}
		}
	}
	return nil
}

// writeAll writes the datasets and the days, two at a time.
func writeAll(ctx context.Context, o Options) ([]Object, error) {
	d := newDimensions(o)
	dates := o.dates()
	objects := make([]Object, len(dates))
	wrote := newProgress(o, dates)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(min(2, runtime.GOMAXPROCS(0)))
	group.Go(func() error {
		return writeDataset(ctx, o, customersKey, o.Customers, func(w io.Writer) error { return d.writeCustomers(w, o) })
	})
	group.Go(func() error {
		return writeDataset(ctx, o, merchantsKey, o.Merchants, d.writeMerchants)
	})
	for i, date := range dates {
		group.Go(func() (err error) {
			objects[i], err = writeDay(ctx, d, o, date, wrote)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return objects, nil
}

// writeDataset writes all records of a dataset, and then its control file.
func writeDataset(ctx context.Context, o Options, key string, records int, fill func(io.Writer) error) error {
	if err := writeObject(ctx, o.Output, key, fill); err != nil {
		return err
	}
	return writeJSON(ctx, o.Output, controlKey(key), control{Records: int64(records)})
}

// writeDay writes an object and then its control file, which says that the
// object is complete.
func writeDay(ctx context.Context, dim *dimensions, o Options, date time.Time, wrote func(int)) (Object, error) {
	key := o.key(date)
	d := newDay(dim, o, date)
	fill := func(w io.Writer) error { return d.write(ctx, w, wrote) }
	if d.form == formParquet {
		text := fill
		fill = func(w io.Writer) error { return writeParquet(ctx, w, text) }
	}
	if err := writeObject(ctx, o.Output, key, fill); err != nil {
		return Object{}, err
	}
	object := Object{Key: key, Date: date.Format(time.DateOnly), Records: int64(d.plan.records), Bytes: d.bytes,
		Injected: d.injected, Accounts: d.accounts}
	return object, writeJSON(ctx, o.Output, controlKey(key), object.control())
}

func newProgress(o Options, dates []time.Time) func(int) {
	if o.Progress == nil {
		return func(int) {}
	}
	var mutex sync.Mutex
	var done, total int64
	for _, date := range dates {
		total += int64(o.records(date))
	}
	return func(records int) {
		mutex.Lock()
		defer mutex.Unlock()
		done += int64(records)
		o.Progress(done, total)
	}
}

func (o Options) key(date time.Time) string {
	return "transactions/transactions_" + date.Format(time.DateOnly) + "." + o.As
}

func controlKey(key string) string { return key + ".control.json" }

func (o Options) recorded() Recorded {
	return Recorded{RowsPerDay: o.RowsPerDay, Days: o.Days, EndDate: o.EndDate.Format(time.DateOnly), As: o.As,
		Customers: o.Customers, Merchants: o.Merchants, Defects: o.Defects, Seed: o.Seed, Canary: o.Canary}
}

// options returns the options again, without output.
func (r Recorded) options() (Options, error) {
	end, err := time.Parse(time.DateOnly, r.EndDate)
	return Options{RowsPerDay: r.RowsPerDay, Days: r.Days, EndDate: end, As: r.As, Customers: r.Customers,
		Merchants: r.Merchants, Defects: r.Defects, Seed: r.Seed, Canary: r.Canary}, err
}
