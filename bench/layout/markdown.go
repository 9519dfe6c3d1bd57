package layout

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Markdown writes tables of comparisons: times and ratios of named queries and of
// lookups, what was read and by which plan, and the cases that no layout made
// faster.
func Markdown(w io.Writer, all []*Comparison) error {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b *Comparison) int {
		if a.Lookup != b.Lookup {
			if b.Lookup {
				return -1
			}
			return 1
		}
		return cmp.Compare(b.Faster(Both).Median, a.Faster(Both).Median)
	})
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "| case | rows | bare | partitions | indexes | both | rounds |\n|---|---:|---:|---:|---:|---:|---:|\n")
	for _, c := range all {
		fmt.Fprintf(out, "| %s | %d | %s |", c.Name, c.Rows, duration(median(c.Figures[Bare].Samples)))
		for _, l := range All()[1:] {
			fmt.Fprintf(out, " %s, %s |", duration(median(c.Figures[l].Samples)), c.Faster(l))
		}
		fmt.Fprintf(out, " %d |\n", len(c.Figures[Bare].Samples))
	}
	fmt.Fprintf(out, "\n| case | MB bare | MB both | less | index | plan of both |\n|---|---:|---:|---:|---|---|\n")
	for _, c := range all {
		bare, both := c.Figures[Bare].Plan, c.Figures[Both].Plan
		fmt.Fprintf(out, "| %s | %s | %s | %.0f %% | %s | %s |\n", c.Name, megabytes(bare.Bytes), megabytes(both.Bytes),
			100*(1-float64(both.Bytes)/float64(max(bare.Bytes, 1))), strings.Join(both.Indexes, ", "), both.Line)
	}
	var none []string
	for _, c := range all {
		if !slices.ContainsFunc(All()[1:], func(l Layout) bool { return c.Faster(l).Verdict() == "faster" }) {
			none = append(none, c.Name)
		}
	}
	if len(none) > 0 {
		fmt.Fprintf(out, "\nNothing is gained by: %s.\n", strings.Join(none, ", "))
	}
	return out.Flush()
}

// String is the ratio with its spread.
func (r Ratio) String() string {
	return fmt.Sprintf("%s× (%s–%s)", three(r.Median), three(r.Low), three(r.High))
}

// three is a number with three digits that say something, or all of a large one.
func three(n float64) string {
	switch {
	case n < 10:
		return fmt.Sprintf("%.2f", n)
	case n < 100:
		return fmt.Sprintf("%.1f", n)
	}
	return fmt.Sprintf("%.0f", n)
}

func duration(d time.Duration) string {
	if d < time.Second {
		return three(1000*d.Seconds()) + " ms"
	}
	return three(d.Seconds()) + " s"
}

func megabytes(n int64) string { return three(float64(n) / 1e6) }
