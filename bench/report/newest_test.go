package report_test

import (
	"html"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"ledgermill/bench/result"
)

// TestNewestReport: the report that is kept with the documentation says what the
// samples beside it say.
func TestNewestReport(t *testing.T) {
	t.Parallel()
	const dir = "../../docs/benchmarks"
	r, err := result.Read(filepath.Join(dir, "bench.json"))
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(dir, "report.html"))
	if err != nil {
		t.Fatal(err)
	}
	checkFigures(t, string(page), r, 100)
}

// checkFigures makes every figure of a page again; there are so many at least.
func checkFigures(t *testing.T, page string, r *result.Result, least int) {
	t.Helper()
	all := read(t, page)
	if len(all) < least {
		t.Errorf("%d figures", len(all))
	}
	for _, p := range all {
		want := again(t, r, p)
		if math.Abs(p.value-want) > 1e-8*math.Abs(want) {
			t.Errorf("%+v: the samples give %v", p, want)
		}
		if p.less {
			want = 100 * (1 - 1/want)
		}
		if got := spokenValue(t, p); math.Abs(got-want) > 0.006*math.Abs(want)+5e-5 && math.Abs(got-want) > 0.051 {
			t.Errorf("people read %q, which is %v: the samples give %v (%+v)", p.text, got, want, p)
		}
		if strings.HasPrefix(p.text, "-") && spokenValue(t, p) == 0 {
			t.Errorf("people read %q: nothing has no sign", p.text)
		}
		entry := regexp.MustCompile(`(?s)<div id="` + p.linked + `">(.*?)</div>`).FindStringSubmatch(page)
		if entry == nil || !strings.Contains(entry[1], "ledgermill bench run") {
			t.Errorf("%q of %s is not linked to a command", p.text, p.of[0])
			continue
		}
		command := strings.Fields(html.UnescapeString(entry[1][strings.LastIndex(entry[1], "<code>")+len("<code>") : strings.LastIndex(entry[1], "</code>")]))
		for _, id := range slices.Concat(p.of, p.by) {
			suite, _, _ := strings.Cut(id, "/")
			if !slices.Contains(command, id) && !slices.Contains(command, suite) {
				t.Errorf("%q of %s by %s is linked to %q, which does not measure %s", p.text, p.of, p.by, command, id)
			}
		}
	}
}
