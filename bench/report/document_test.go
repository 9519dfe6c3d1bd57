package report_test

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"ledgermill/bench/report"
	"ledgermill/bench/result"
)

func page(t *testing.T, results ...*result.Result) string {
	t.Helper()
	d, err := report.Of(results...)
	if err != nil {
		t.Fatal(err)
	}
	text, err := d.Page()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestPageStandsAlone: no asset beside it, no script, no style but the one that its
// policy names, no id twice, no link to nowhere.
func TestPageStandsAlone(t *testing.T) {
	t.Parallel()
	text := page(t, sample(t))
	for _, bad := range []string{"<script", " style=", "src=", "@import", "url(", "http://", "https://", "javascript:", " onclick"} {
		if strings.Contains(text, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	style := regexp.MustCompile(`(?s)<style>(.*?)</style>`).FindAllStringSubmatch(text, -1)
	if len(style) != 1 {
		t.Fatalf("%d style sheets", len(style))
	}
	sum := sha256.Sum256([]byte(style[0][1]))
	if want := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(text, want) {
		t.Errorf("the policy does not allow the page's own style: %s", want)
	}
	ids := map[string]int{}
	for _, m := range regexp.MustCompile(` id="([^"]*)"`).FindAllStringSubmatch(text, -1) {
		ids[m[1]]++
	}
	for id, n := range ids {
		if n > 1 {
			t.Errorf("id %s is there %d times", id, n)
		}
	}
	for _, m := range regexp.MustCompile(`href="([^"]*)"`).FindAllStringSubmatch(text, -1) {
		if target, ok := strings.CutPrefix(m[1], "#"); !ok || ids[target] != 1 {
			t.Errorf("a link to %s", m[1])
		}
	}
}

// TestHostileNames: what a result says is text, never markup.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	r := sample(t)
	evil := `<img src=x onerror=alert(1)>"'&|` + "`*_["
	s := r.Suite("ladder")
	s.Cases[1].Answers, s.Cases[2].Skipped, r.Commit, r.Machine.CPU = evil, evil, evil, evil
	s.Cases[len(s.Cases)-1].Command = evil
	text := page(t, r)
	if strings.Contains(text, "<img") {
		t.Error("an element came through")
	}
	d, err := report.Of(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(d.Markdown("p"), "\n") {
		if strings.Contains(line, "<img") && !strings.HasPrefix(line, "  ") && !strings.Contains(line, "`") {
			t.Errorf("an element came through: %s", line)
		}
	}
}

// TestFailures: what fails is said to fail, what was not measured is named with its
// reason, and nothing is left out.
func TestFailures(t *testing.T) {
	t.Parallel()
	r := sample(t)
	d, err := report.Of(r)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(d.Markdown("p"), `\_`, "_")
	for _, s := range r.Suites {
		for _, c := range s.Cases {
			if reason := c.Void + c.Skipped; !strings.Contains(text, reason) {
				t.Errorf("%s: %q is not in the report", c.Name, reason)
			}
		}
	}
	if !strings.Contains(text, "**fails**") || !strings.Contains(text, "**holds**") {
		t.Error("no promise fails, or none holds")
	}

	naive := r.Suite("ladder").Case("naive")
	naive.Void = "another answer"
	if d, err = report.Of(r); err != nil {
		t.Fatal(err)
	}
	text = d.Markdown("p")
	if !strings.Contains(text, "| not measured | does not count: `ladder/product` |") {
		t.Errorf("a promise without its baseline:\n%s", text[:3000])
	}
	if strings.Contains(text, "## Each alone") && strings.Contains(text, "Added alone") && strings.Contains(d.Answer()[0], "the whole takes") {
		t.Error("a void case was compared with")
	}
}

// TestNoneReaches: a promise that no query reaches fails, and says so.
func TestNoneReaches(t *testing.T) {
	t.Parallel()
	r := sample(t)
	for i, c := range r.Suite("queries").Cases {
		if strings.HasSuffix(c.Name, "/both") {
			for j := range c.Samples {
				r.Suite("queries").Cases[i].Samples[j].Wall = 3
			}
		}
	}
	if text := page(t, r); !strings.Contains(text, "none reaches it") {
		t.Error("the report does not say that none reaches it")
	}
}

// TestPartsOfABench: whatever was measured, there is a report of it.
func TestPartsOfABench(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"ladder", "floors", "storage", "queries", "scale", "peers"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := sample(t)
			r.Suites = []result.Suite{*r.Suite(name)}
			text := page(t, r)
			if !strings.Contains(text, name+"/") || !strings.Contains(text, "not measured") {
				t.Error("the suite, or what is missing, is not in the report")
			}
		})
	}
	t.Run("one case", func(t *testing.T) {
		t.Parallel()
		r := sample(t)
		r.Suites = []result.Suite{{Name: "mine", Cases: r.Suite("ladder").Cases[:1]}}
		if text := page(t, r); !strings.Contains(text, "mine/naive") {
			t.Error("the case is not in the report")
		}
	})
}

// TestFilesTogether: suites of several runs stand beside each other, and what
// differs between the runs is said.
func TestFilesTogether(t *testing.T) {
	t.Parallel()
	a, b := sample(t), sample(t)
	a.Suites, b.Suites = a.Suites[:2], b.Suites[2:]
	if text := page(t, a, b); strings.Contains(text, "Figures of different runs") || !strings.Contains(text, `id="scale"`) {
		t.Error("two halves of one run are not one report")
	}
	b.Machine.Cores, b.Data = 64, "other"
	text := page(t, a, b)
	for _, want := range []string{"Figures of different runs", "cores: 2 and 64", "data: "} {
		if !strings.Contains(text, want) {
			t.Errorf("the report does not say %q", want)
		}
	}
	var twice *report.TwiceError
	if _, err := report.Of(a, a); !errors.As(err, &twice) || twice.ExitCode() != 2 || twice.Try() == "" {
		t.Errorf("a suite twice: %v", err)
	}
}

func TestNothingToReport(t *testing.T) {
	t.Parallel()
	empty := sample(t)
	for i := range empty.Suites {
		for j := range empty.Suites[i].Cases {
			empty.Suites[i].Cases[j].Samples = nil
		}
	}
	void := sample(t)
	for i := range void.Suites {
		for j := range void.Suites[i].Cases {
			void.Suites[i].Cases[j].Void = "wrong"
		}
	}
	for _, r := range []*result.Result{empty, void, {Schema: result.Schema}} {
		var nothing *report.EmptyError
		if _, err := report.Of(r); !errors.As(err, &nothing) || nothing.Try() == "" {
			t.Errorf("%v", err)
		}
	}
}

// TestWriteFails: a report that cannot be written is an error with the place.
func TestWriteFails(t *testing.T) {
	t.Parallel()
	d, err := report.Of(sample(t))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "report"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Write(dir, "report"); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("%v", err)
	}
}
