package report_test

import (
	"fmt"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"ledgermill/bench/report"
	"ledgermill/bench/result"
	"ledgermill/bench/stats"
)

// printed is a figure of the HTML page with what it says of itself.
type printed struct {
	value      float64
	how, field string
	of, by     []string
	less       bool
	text       string
	linked     string
}

// read parses the figures of a page.
func read(t *testing.T, page string) (all []printed) {
	t.Helper()
	split := func(s string) []string {
		if s == "" {
			return nil
		}
		return strings.Split(html.UnescapeString(s), "|")
	}
	pattern := regexp.MustCompile(`<a class="f" href="#([^"]*)"><data value="([^"]*)" data-how="([^"]*)" data-field="([^"]*)" data-of="([^"]*)"(?: data-by="([^"]*)")?( data-less="1")?>([^<]*)</data></a>`)
	for _, m := range pattern.FindAllStringSubmatch(page, -1) {
		v, err := strconv.ParseFloat(m[2], 64)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, printed{linked: m[1], value: v, how: m[3], field: m[4], of: split(m[5]), by: split(m[6]), less: m[7] != "", text: html.UnescapeString(m[8])})
	}
	if n := strings.Count(page, "<data "); n != len(all) || n == 0 {
		t.Fatalf("%d of %d figures were understood", len(all), n)
	}
	return all
}

// raw is a field of the samples of SUITE/CASE, from the JSON alone.
func raw(t *testing.T, r *result.Result, id, field string) (values stats.Samples, orders []int) {
	t.Helper()
	suite, name, _ := strings.Cut(id, "/")
	s := r.Suite(suite)
	if s == nil || s.Case(name) == nil || !s.Case(name).Counts() {
		t.Fatalf("%s does not count, or is not there", id)
	}
	for _, one := range s.Case(name).Samples {
		v := map[string]float64{"wall": one.Wall, "peak_rss": float64(one.PeakRSS), "read": float64(one.Read), "written": float64(one.Written),
			"blocks": float64(one.BlocksHit + one.BlocksRead), "rows/s": float64(one.Rows) / one.Wall}[field]
		for _, stage := range one.Stages {
			if "stage "+stage.Name == field {
				v = stage.Wall
			}
		}
		values, orders = append(values, v), append(orders, one.Order)
	}
	return values, orders
}

// again makes a figure from the raw samples, by what it says of itself.
func again(t *testing.T, r *result.Result, p printed) float64 {
	t.Helper()
	var of, by []stats.Samples
	var orders [][]int
	for _, id := range slices.Concat(p.of, p.by) {
		if p.how == "count" {
			break
		}
		field := p.field
		if p.how == "runs" {
			field = "wall"
		}
		values, order := raw(t, r, id, field)
		if len(of) < len(p.of) {
			of = append(of, values)
		} else {
			by = append(by, values)
		}
		orders = append(orders, order)
	}
	var ratio stats.Ratio
	switch p.how {
	case "ratio", "low", "high":
		var pairs []stats.Pair
		for i := range of {
			pairs = append(pairs, stats.Pair{Of: of[i], By: by[i], Paired: stats.Interleaved(orders[i], orders[len(of)+i])})
		}
		if len(pairs) == 1 {
			ratio = stats.RatioOf(pairs[0].Of, pairs[0].By, pairs[0].Paired)
		} else {
			ratio = stats.Mean(pairs)
		}
	case "interaction", "interaction low", "interaction high":
		paired := stats.Interleaved(orders[0], orders[2]) && stats.Interleaved(orders[1], orders[3]) && stats.Interleaved(orders[0], orders[1])
		ratio = stats.Quotient(of, by, paired)
	}
	switch p.how {
	case "median":
		return stats.Median(of[0])
	case "variation":
		return stats.Variation(of[0])
	case "runs":
		return float64(len(of[0]))
	case "count":
		return float64(len(p.of))
	case "ratio", "interaction":
		return ratio.Value
	case "low", "interaction low":
		return ratio.Low
	case "high", "interaction high":
		return ratio.High
	case "exponent", "exponent low", "exponent high":
		return exponent(t, r, p, of)
	}
	t.Fatalf("a figure is made by %q", p.how)
	return 0
}

func exponent(t *testing.T, r *result.Result, p printed, of []stats.Samples) float64 {
	var x, y []float64
	for i, id := range p.of {
		suite, name, _ := strings.Cut(id, "/")
		c := r.Suite(suite).Case(name)
		rows, errRows := strconv.ParseFloat(c.Parameter(result.RowsADay), 64)
		days, errDays := strconv.ParseFloat(c.Parameter(result.Days), 64)
		if errRows != nil || errDays != nil {
			t.Fatal(c)
		}
		x, y = append(x, rows*days), append(y, stats.Median(of[i]))
	}
	g, _ := stats.Fit(x, y)
	return map[string]float64{"exponent": g.Exponent, "exponent low": g.Low, "exponent high": g.High}[p.how]
}

// TestEveryFigureIsInTheResult makes every figure of the page again from the raw
// samples, compares it with what people read, and finds its case and its command.
func TestEveryFigureIsInTheResult(t *testing.T) {
	t.Parallel()
	r := sample(t)
	d, err := report.Of(r)
	if err != nil {
		t.Fatal(err)
	}
	page, err := d.Page()
	if err != nil {
		t.Fatal(err)
	}
	checkFigures(t, page, r, 500)
}

// spokenValue is what a figure's text says, in the unit of its field.
func spokenValue(t *testing.T, p printed) float64 {
	t.Helper()
	m := regexp.MustCompile(`^(-?[0-9.\x{202f}e-]+) ?(.*)$`).FindStringSubmatch(p.text)
	if m == nil {
		t.Fatalf("%q is no figure", p.text)
	}
	v, err := strconv.ParseFloat(strings.ReplaceAll(m[1], "\u202f", ""), 64)
	if err != nil {
		t.Fatal(err)
	}
	scale, known := map[string]float64{"": 1, "×": 1, "s": 1, "ms": 1e-3, "µs": 1e-6, "B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9, "blocks": 1, "rows/s": 1, "%": 0.01}[m[2]]
	if !known {
		t.Fatalf("%q is of no known unit", p.text)
	}
	if p.less {
		scale = 1
	}
	return v * scale
}

// TestNoOtherFigures: a number of a page that is not a figure stands in the result,
// or in the text of the method.
func TestNoOtherFigures(t *testing.T) {
	t.Parallel()
	r := sample(t)
	d, err := report.Of(r)
	if err != nil {
		t.Fatal(err)
	}
	page, err := d.Page()
	if err != nil {
		t.Fatal(err)
	}
	figures := map[string]bool{}
	for _, p := range read(t, page) {
		for _, n := range numbersOf(p.text) {
			figures[n] = true
		}
	}
	text, err := os.ReadFile(filepath.Join("testdata", "bench.json"))
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, n := range numbersOf(string(text)) {
		known[n] = true
	}
	for _, n := range []string{"24", "16", "26", "40"} { // GiB of memory and of its limit, and how long it took
		known[n] = true
	}
	for _, n := range []string{"10000", "100000", "1000000", "70000", "300000", "3650000"} { // sizes: rows by days
		known[n] = true
	}
	body := regexp.MustCompile(`(?s)<section id="method">.*?</section>|<svg.*?</svg>|<head>.*?</head>`).ReplaceAllString(page, " ")
	body = regexp.MustCompile(`<data [^>]*>[^<]*</data>`).ReplaceAllString(body, " ")
	body = promisedWords(body)
	for _, n := range numbersOf(html.UnescapeString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(body, " "))) {
		if !known[n] && !figures[n] && !counted(n, d) {
			t.Errorf("%s is neither a figure nor in the result", n)
		}
	}
	pictures := strings.Join(regexp.MustCompile(`(?s)<svg.*?</svg>`).FindAllString(page, -1), "")
	for _, m := range regexp.MustCompile(`<text [^>]*class="f-(\w+)">([^<]*)</text>`).FindAllStringSubmatch(pictures, -1) {
		if m[1] == "tick" {
			continue
		}
		for _, n := range numbersOf(html.UnescapeString(m[2])) {
			if !figures[n] && !known[n] {
				t.Errorf("%s of the picture's %q is no figure of the page", n, m[2])
			}
		}
	}
}

// promisedWords takes out what was promised, which nobody measured.
func promisedWords(body string) string {
	for _, s := range []string{"2 hours to 30 minutes: 75 % less", "140 to 560: 4×", "70 % less", "5× to 10× faster", "80 % less", "10× to 100× faster", "95 % interval"} {
		body = strings.ReplaceAll(body, s, " ")
	}
	return body
}

// counted tells whether a number is one of the first sentence: how many promises.
func counted(n string, d *report.Document) bool {
	return slices.Contains(numbersOf(d.Answer()[0]), n)
}

// numbersOf are the numbers of a text as they are written, without narrow spaces.
func numbersOf(text string) []string {
	return regexp.MustCompile(`[0-9]+(?:\.[0-9]+)?(?:e-?[0-9]+)?`).FindAllString(strings.ReplaceAll(text, "\u202f", ""), -1)
}

// TestMarkdownSaysTheSame: every figure of the page stands in the Markdown, and
// every case with its command.
func TestMarkdownSaysTheSame(t *testing.T) {
	t.Parallel()
	r := sample(t)
	d, err := report.Of(r)
	if err != nil {
		t.Fatal(err)
	}
	page, err := d.Page()
	if err != nil {
		t.Fatal(err)
	}
	text := d.Markdown("pictures")
	for _, p := range read(t, page) {
		if !strings.Contains(text, p.text) {
			t.Errorf("%q of %s is not in the Markdown", p.text, p.of)
		}
	}
	for _, s := range r.Suites {
		for _, c := range s.Cases {
			for _, want := range []string{fmt.Sprintf("`%s/%s`", s.Name, c.Name), c.Command} {
				if !strings.Contains(text, want) {
					t.Errorf("%s is not in the Markdown", want)
				}
			}
		}
	}
}
