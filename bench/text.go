package bench

import (
	"bufio"
	"fmt"
	"io"
	"runtime"
	"strings"
	"time"

	"ledgermill/bench/result"
)

// Text prints a line a case: its samples, their median and variation, and why it does
// not count if it does not. What the figures mean beside each other is the business
// of a report.
func Text(w io.Writer, r *result.Result) error {
	out := bufio.NewWriter(w)
	for i, s := range r.Suites {
		if i > 0 {
			out.WriteByte('\n')
		}
		fmt.Fprintf(out, "%s: %s\n", s.Name, s.Answers)
		width := 0
		for _, c := range s.Cases {
			width = max(width, len(c.Name))
		}
		for _, c := range s.Cases {
			fmt.Fprintf(out, "  %-*s  %s\n", width, c.Name, line(c))
		}
	}
	if r.Ended != "" {
		fmt.Fprintf(out, "\nnot all was measured: %s\n", r.Ended)
	}
	return out.Flush()
}

func line(c result.Case) string {
	switch {
	case c.Void != "":
		return "VOID: " + c.Void
	case c.Skipped != "":
		return "skipped: " + c.Skipped
	case len(c.Samples) == 0:
		return "not measured"
	}
	sample := Sample{}
	for _, s := range c.Samples {
		sample = append(sample, time.Duration(s.Wall*float64(time.Second)))
	}
	last := c.Samples[len(c.Samples)-1]
	text := fmt.Sprintf("%10.4f s ±%3.0f %%  %2d of %2d", sample.Median().Seconds(), 100*sample.Variation(), len(sample), c.Wanted)
	if last.Rows > 0 {
		text += fmt.Sprintf("  %11.0f rows/s", sample.Rate(last.Rows))
	}
	for _, figure := range []struct {
		name  string
		bytes int64
	}{{"peak", last.PeakRSS}, {"written", last.Written}, {"read", last.Read}} {
		if figure.bytes > 0 {
			text += fmt.Sprintf("  %s %.1f MB", figure.name, float64(figure.bytes)/1e6)
		}
	}
	if n := last.Blocks(); n > 0 {
		text += fmt.Sprintf("  %d blocks", n)
	}
	return text
}

// Benchstat prints the samples of what counts as Go's benchmarks do, a line each:
// benchstat reads it.
func Benchstat(w io.Writer, r *result.Result) error {
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "goos: %s\ngoarch: %s\npkg: ledgermill/bench\ncpu: %s\ncommit: %s\n", runtime.GOOS, runtime.GOARCH, r.Machine.CPU, r.Commit)
	name := strings.NewReplacer(" ", "_", "\t", "_")
	for _, s := range r.Suites {
		for _, c := range s.Cases {
			if !c.Counts() {
				continue
			}
			for _, one := range c.Samples {
				fmt.Fprintf(out, "Benchmark%s/%s-%d\t1\t%.0f ns/op", title(s.Name), name.Replace(c.Name), r.Machine.Cores, one.Wall*1e9)
				if one.Rows > 0 {
					fmt.Fprintf(out, "\t%.6g rows/s", float64(one.Rows)/one.Wall)
				}
				for _, figure := range []struct {
					unit  string
					value int64
				}{{"peak-bytes", one.PeakRSS}, {"written-bytes", one.Written}, {"read-bytes", one.Read}, {"blocks", one.Blocks()}} {
					if figure.value > 0 {
						fmt.Fprintf(out, "\t%d %s", figure.value, figure.unit)
					}
				}
				out.WriteByte('\n')
			}
		}
	}
	return out.Flush()
}

func title(name string) string { return strings.ToUpper(name[:1]) + name[1:] }
