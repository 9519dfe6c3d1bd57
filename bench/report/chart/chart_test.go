package chart_test

import (
	"encoding/xml"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"

	"ledgermill/bench/report/chart"
)

var update = flag.Bool("update", false, "write the pictures of testdata anew")

func seconds(v float64) string { return strconv.FormatFloat(v, 'g', 3, 64) + " s" }

func times(v float64) string { return strconv.FormatFloat(v, 'g', 3, 64) + "×" }

func rate(v float64) string {
	if v >= 1e6 {
		return strconv.FormatFloat(v/1e6, 'g', 3, 64) + " M"
	}
	return strconv.FormatFloat(v/1e3, 'g', 3, 64) + " k"
}

func percent(v float64) string { return strconv.FormatFloat(v, 'g', 3, 64) + " %" }

// charts are one of each kind, with names as long as they come.
func charts() map[string]chart.Chart {
	row := func(label, note string, tone chart.Tone) chart.Row {
		return chart.Row{Label: label, Note: note, Tone: tone}
	}
	return map[string]chart.Chart{
		"waterfall": chart.Waterfall{Title: "seconds, logarithmic", Unit: seconds, Steps: []chart.Step{
			{Row: row("naive", "31.4 s", chart.Same), To: 31.4, Low: 31.4, High: 31.4},
			{Row: row("vectorised engine", "2.10× (2.04 to 2.17)", chart.Better), From: 31.4, To: 14.9, Low: 14.4, High: 15.4},
			{Row: row("declared schema", "1.01× (0.98 to 1.05), no difference", chart.Same), From: 14.9, To: 14.8, Low: 14.2, High: 15.2},
			{Row: row("partitioned by month and by day", "0.92× (0.90 to 0.95)", chart.Worse), From: 14.8, To: 16.1, Low: 15.6, High: 16.4},
			{Row: row("COPY", "3.1× (2.2 to 4.9), too noisy", chart.Unclear), From: 16.1, To: 5.2, Low: 3.3, High: 7.3},
		}},
		"forest": chart.Forest{Title: "times faster than without it", Unit: times, Estimates: []chart.Estimate{
			{Row: chart.Row{Label: "Added alone to the naive pipeline", Head: true}},
			{Row: row("vectorised engine", "2.10×", chart.Better), Value: 2.1, Low: 2.04, High: 2.17},
			{Row: row("leaf swap with FREEZE", "1.02×", chart.Same), Value: 1.02, Low: 0.97, High: 1.06},
			{Row: chart.Row{Label: "one run only", Note: "3×", Tone: chart.Unclear, Once: true}, Value: 3, Low: 3, High: 3},
			{Row: chart.Row{Label: "Taken alone from the full one", Head: true}},
			{Row: row("parallel leaves", "0.85×", chart.Worse), Value: 0.85, Low: 0.8, High: 0.93},
			{Row: row("COPY", "11.8×", chart.Better), Value: 11.8, Low: 10.4, High: 13},
		}},
		"stacked": chart.Stacked{Title: "seconds", Unit: seconds, Names: []string{"read", "derive", "write Parquet", "copy", "index", "analyse", "swap"}, Stacks: []chart.Stack{
			{Row: row("naive", "31.4 s", chart.Ink), Parts: []float64{9, 4, 6, 11, 0, 1.1, 0.3}},
			{Row: row("full", "4.8 s", chart.Ink), Parts: []float64{0.8, 1, 0.9, 1.2, 0.7, 0.2, 0.001}},
		}},
		"curves": chart.Curves{Title: "rows", Unit: rate, Panels: []chart.Panel{
			{Title: "rows a second", Unit: rate, Curves: []chart.Curve{
				{Name: "rows a day", X: []float64{1e4, 1e5, 1e6, 1e7}, Y: []float64{41000, 160000, 260000, 270000}, Fit: []float64{50000, 110000, 230000, 340000}},
				{Name: "days of 10 k rows", X: []float64{1e4, 7e4, 3e5, 3.65e6}, Y: []float64{41000, 90000, 110000, 120000}},
			}},
			{Title: "peak memory", Unit: func(v float64) string { return rate(v/1e3) + "B" }, Curves: []chart.Curve{
				{Name: "rows a day", X: []float64{1e4, 1e5, 1e6, 1e7}, Y: []float64{90e6, 200e6, 900e6, 2100e6}},
			}},
		}},
		"scatter": chart.Scatter{TitleX: "size, of CSV", TitleY: "seconds to write", UnitX: percent, UnitY: seconds, Points: []chart.Point{
			{Label: "csv", Group: "text", X: 100, Y: 0.9}, {Label: "csv.gz", Group: "text", X: 24, Y: 6.1},
			{Label: "parquet none", Group: "Parquet", X: 48, Y: 0.7}, {Label: "parquet snappy", Group: "Parquet", X: 29, Y: 0.75},
			{Label: "parquet snappy, sorted", Group: "Parquet", X: 27, Y: 0.95}, {Label: "parquet lz4", Group: "Parquet", X: 29.5, Y: 0.76},
			{Label: "parquet zstd", Group: "Parquet", X: 21, Y: 0.9}, {Label: "parquet zstd, sorted", Group: "Parquet", X: 19, Y: 1.1},
			{Label: "parquet snappy, groups of 10 k", Group: "Parquet", X: 31, Y: 0.8},
		}},
	}
}

// TestPictures compares each chart with its picture, in both widths, and looks for
// what an eye would find: text that is cut off by the border, or lies upon other text.
func TestPictures(t *testing.T) {
	t.Parallel()
	for name, one := range charts() {
		for _, width := range []float64{chart.Wide, chart.Narrow} {
			t.Run(fmt.Sprintf("%s %v", name, width), func(t *testing.T) {
				t.Parallel()
				d, err := one.Draw(width)
				if err != nil {
					t.Fatal(err)
				}
				svg := d.File(name)
				path := filepath.Join("testdata", fmt.Sprintf("%s-%v.svg", name, width))
				if *update {
					if err := os.WriteFile(path, svg, 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), string(svg)); diff != "" {
					t.Errorf("%s (-want +got):\n%s", path, diff)
				}
				legible(t, svg)
				if strings.Contains(string(svg), "style=") || strings.Contains(string(svg), "#01") {
					t.Error("a style attribute, or a tone that has no class")
				}
			})
		}
	}
}

// TestCrowd: points without room for all their names are numbered.
func TestCrowd(t *testing.T) {
	t.Parallel()
	s := chart.Scatter{UnitX: percent, UnitY: seconds}
	for i := range 14 {
		s.Points = append(s.Points, chart.Point{Label: fmt.Sprintf("a form of storage, %d", i), Group: "forms", X: 30 + float64(i%4)/9, Y: 2 + float64(i)/99})
	}
	d, err := s.Draw(chart.Narrow)
	if err != nil {
		t.Fatal(err)
	}
	svg := d.File("crowd")
	legible(t, svg)
	for i := range s.Points {
		if name := fmt.Sprintf(">%d a form of storage, %d<", i+1, i); !strings.Contains(string(svg), name) {
			t.Errorf("%s is not in the picture", name)
		}
	}
}

// TestLongNames: a name that no width has room for is cut, not painted over.
func TestLongNames(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a very long name ", 12)
	row := chart.Row{Label: long, Note: long, Tone: chart.Better}
	for _, one := range []chart.Chart{
		chart.Forest{Unit: times, Title: long, Estimates: []chart.Estimate{{Row: chart.Row{Label: long, Head: true}}, {Row: row, Value: 2, Low: 1.5, High: 3}}},
		chart.Scatter{UnitX: percent, UnitY: seconds, Points: []chart.Point{{Label: long, Group: "a", X: 3, Y: 4}}},
	} {
		d, err := one.Draw(chart.Narrow)
		if err != nil {
			t.Fatal(err)
		}
		legible(t, d.File("long"))
	}
}

// words is a text of a picture and where it lies.
type words struct {
	text                     string
	left, right, top, bottom float64
}

// legible complains of text outside the picture and of text upon text.
func legible(t *testing.T, svg []byte) {
	t.Helper()
	var doc struct {
		Width  float64 `xml:"width,attr"`
		Height float64 `xml:"height,attr"`
	}
	if err := xml.Unmarshal(svg, &doc); err != nil {
		t.Fatal(err)
	}
	var all []words
	for _, found := range regexp.MustCompile(`<text x="([-0-9.e+]+)" y="([-0-9.e+]+)"[^>]*?>([^<]*)<`).FindAllStringSubmatch(string(svg), -1) {
		x, errX := strconv.ParseFloat(found[1], 64)
		y, errY := strconv.ParseFloat(found[2], 64)
		if errX != nil || errY != nil {
			t.Fatal(found)
		}
		size := 11.5
		if strings.Contains(found[0], `font-size="10.5px"`) {
			size = 10.5
		}
		style := text.Style{Font: font.Font{Typeface: "Liberation", Variant: "Sans", Size: font.Length(size)}, Handler: plot.DefaultTextHandler}
		bottom := doc.Height + y // drawn in a group that stands on its head
		all = append(all, words{text: found[3], left: x, right: x + float64(style.Width(found[3])), top: bottom - 0.7*size, bottom: bottom})
	}
	if len(all) == 0 {
		t.Fatal("no text")
	}
	for i, a := range all {
		if a.left < -0.5 || a.right > doc.Width+0.5 || a.top < 0 || a.bottom > doc.Height {
			t.Errorf("%q is cut off: %.0f to %.0f of %.0f, %.0f to %.0f of %.0f", a.text, a.left, a.right, doc.Width, a.top, a.bottom, doc.Height)
		}
		for _, b := range slices.Concat(all[:i], all[i+1:]) {
			if a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom {
				t.Errorf("%q lies upon %q", a.text, b.text)
			}
		}
	}
}
