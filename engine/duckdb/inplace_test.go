package duckdb

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"ledgermill/engine/contract"
	"ledgermill/engine/job"
	"ledgermill/engine/records"
)

var proofs = flag.Int("proofs", 200, "how many texts TestProvenIsCounted shakes")

// inPlaceContract is a feed of three texts.
func inPlaceContract(t *testing.T) *contract.Contract {
	t.Helper()
	judge, err := NewJudge(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c, err := contract.Parse(t.Context(), "raw_x.sql", "-- objects: x/*.csv\ncreate table raw_x (a varchar, b varchar, c varchar);\n", judge)
	if err := errors.Join(err, judge.Close()); err != nil {
		t.Fatal(err)
	}
	return c
}

// shaken is a text of CSV records in which some bytes were put, taken or changed.
func shaken(r *rand.Rand, end string) []byte {
	var b bytes.Buffer
	b.WriteString("a,b,c" + end)
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	for i := range r.IntN(30) {
		fmt.Fprintf(&b, "%d,%s,%s%s", i, pick("x", "", `"x,y"`, `"say ""x"""`, `"x"`, "ü", `""`), pick("1", "", "22", `"3"`), end)
	}
	text := b.Bytes()
	for range r.IntN(4) {
		at := r.IntN(len(text) + 1)
		switch at2 := min(len(text), at+1+r.IntN(3)); r.IntN(3) {
		case 0:
			text = slices.Concat(text[:at], []byte(pick(`"`, `""`, ",", "\n", "\r", "\r\n", "\x00", "\xff", " ", `\`, "\n\n", "\xEF\xBB\xBF")), text[at:])
		case 1:
			text = slices.Concat(text[:at], text[at2:])
		}
	}
	return text
}

// TestProvenIsCounted lands shaken texts without their having been counted: what
// proves itself has exactly the good records of the independent count, and no others.
func TestProvenIsCounted(t *testing.T) {
	t.Parallel()
	c := inPlaceContract(t)
	dir := t.TempDir()
	e := lakeOf(t, dir)
	e.Use(map[string]*contract.Contract{c.Name: c}, nil)
	random := rand.New(rand.NewPCG(1, 2))
	proven, bad := 0, 0
	for i := range *proofs {
		text := shaken(random, []string{"\n", "\r\n"}[i%2])
		report, err := records.Scan(t.Context(), bytes.NewReader(text), records.Dialect{Delimiter: ',', Quote: '"', Escape: '"'}, nil)
		if err != nil || !slices.Equal(report.Header, []string{"a", "b", "c"}) {
			continue
		}
		m, err := c.Match(c.Sections[0], report.Header)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, fmt.Sprintf("%d.csv", i))
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
		o := job.Object{Key: fmt.Sprintf("x/%d.csv", i), Path: path, Section: c.Sections[0], Mapping: m, Report: records.Report{}, NewLine: report.NewLine(),
			InPlace: &job.InPlace{Size: int64(len(text)), Header: report.HeaderLength, Open: text[len(text)-1] != '\n'}}
		cells, err := e.Land(t.Context(), c, []job.Object{o})
		var unproven *job.UnprovenError
		if err != nil && !errors.As(err, &unproven) {
			t.Fatal(err)
		}
		var found int64
		for _, cell := range cells {
			if cell.Object == o.Key {
				found += cell.Read.Records
			}
		}
		good := report.Good() == report.Records
		switch {
		case unproven != nil && found > 0:
			t.Errorf("%q left %d records behind: %v", text, found, unproven)
		case unproven == nil && (!good || found != report.Records):
			t.Errorf("%q proved itself with %d records; counted: %d good of %d", text, found, report.Good(), report.Records)
		}
		if unproven == nil {
			proven++
		}
		if !good {
			bad++
		}
		if err := e.Release(t.Context(), c.Name); err != nil {
			t.Fatal(err)
		}
	}
	if proven < *proofs/6 || bad < *proofs/6 {
		t.Errorf("%d texts proved themselves, %d had broken records: too few", proven, bad)
	}
}
