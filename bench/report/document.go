package report

import (
	"slices"
	"strings"

	"ledgermill/bench/report/chart"
	"ledgermill/bench/result"
	"ledgermill/bench/stats"
)

// Document is a report without a form. Both pages are written from it, so that
// they say the same.
type Document struct {
	Title    string
	Subtitle string
	Lead     []Block
	Sections []Section
	Cases    []Entry // every suite with its cases, at the end
}

// Section is a part of a document with a heading.
type Section struct {
	ID     string // of its anchor, and of its picture's file
	Title  string
	Blocks []Block
}

// Block is a Text as a paragraph, a List, a Table or a Picture.
type Block interface{ block() }

// List is points below each other.
type List []Text

// Table is a table with a head.
type Table struct {
	Columns []Column
	Rows    [][]Cell
	Cards   bool // on a phone each row is a card, rather than the table wider than the screen
}

// Column is the head of a column.
type Column struct {
	Title   string
	Numbers bool // to the right
}

// Cell is a text in a table.
type Cell struct {
	Text Text
	Heat int // -1 slower, 0 neither, 1 to 3 faster
}

// Picture is a chart with what is to be seen in it.
type Picture struct {
	Name    string // of its file
	Label   string // for who cannot see it
	Caption Text
	Chart   chart.Chart
}

// Entry is a suite or a case of the list at the end.
type Entry struct {
	ID      string // SUITE, or SUITE/CASE
	Answers string
	Figures Text
	Note    string // why it does not count, or has fewer samples than it should
	Command string
	Makes   []string // cases whose samples the command makes again
}

// madeBy is the first entry whose command makes all samples of a figure again, of the
// cases that the figure is of, and then of the suite.
func (d *Document) madeBy(f *Figure) string {
	all := slices.Concat(f.Of, f.By)
	suite, _, _ := strings.Cut(all[0], "/")
	for _, id := range append(all, suite) {
		i := slices.IndexFunc(d.Cases, func(e Entry) bool { return e.ID == id })
		if i >= 0 && !slices.ContainsFunc(all, func(id string) bool { return !slices.Contains(d.Cases[i].Makes, id) }) {
			return id
		}
	}
	return all[0]
}

// Text is words and figures.
type Text []Span

// Span is a piece of text: words, a figure, or a case's name.
type Span struct {
	Words  string
	Figure *Figure
	Case   string // SUITE/CASE that it links to
	Mark   Mark
}

// Mark is how a span stands out.
type Mark string

// Marks; those of verdicts are words as well, never a colour alone.
const (
	None    Mark = ""
	Strong  Mark = "strong"
	Code    Mark = "code"
	Good    Mark = "good"
	Bad     Mark = "bad"
	Neutral Mark = "neutral"
	Unsure  Mark = "unsure"
)

func (Text) block()    {}
func (List) block()    {}
func (Table) block()   {}
func (Picture) block() {}

func plain(words string) Span { return Span{Words: words} }

func strong(words string) Span { return Span{Words: words, Mark: Strong} }

func code(words string) Span { return Span{Words: words, Mark: Code} }

func figure(f *Figure) Span {
	if f == nil {
		return plain("–")
	}
	return Span{Words: f.Text, Figure: f}
}

// named is a case, linked to its row at the end.
func named(id string) Span { return Span{Words: id, Case: id} }

// link is a case within a section of its own suite, linked by its name.
func (b *bench) link(c *result.Case) Span { return Span{Words: c.Name, Case: b.id(c)} }

func judged(v stats.Verdict) Span {
	marks := map[stats.Verdict]Mark{stats.Faster: Good, stats.Slower: Bad, stats.NoDifference: Neutral, stats.TooNoisy: Unsure}
	return Span{Words: string(v), Mark: marks[v]}
}

func toned(v stats.Verdict) chart.Tone {
	tones := map[stats.Verdict]chart.Tone{stats.Faster: chart.Better, stats.Slower: chart.Worse, stats.NoDifference: chart.Same, stats.TooNoisy: chart.Unclear}
	return tones[v]
}

// cell is a cell of such spans.
func cell(spans ...Span) Cell { return Cell{Text: spans} }

func words(s string) Cell { return cell(plain(s)) }

func number(f *Figure) Cell { return cell(figure(f)) }
