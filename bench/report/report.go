package report

import (
	"fmt"
	"strings"
	"time"

	"ledgermill/bench/result"
)

// Of makes a document of results that hold different suites. The error is an
// [EmptyError] if none has a sample that counts, or a [TwiceError].
func Of(results ...*result.Result) (*Document, error) {
	b, err := newBench(results)
	if err != nil {
		return nil, err
	}
	first := results[0]
	d := &Document{
		Title:    "Did the promise hold?",
		Subtitle: fmt.Sprintf("Ledgermill's bench on %s, commit %s, %s", b.machineName(), shortened(first.Commit), first.Started.Format(time.DateOnly)),
	}
	d.Lead = b.answer()
	for _, section := range []func() *Section{b.ladder, b.alone, b.stages, b.floors, b.storage, b.queries, b.scale, b.peers, b.uncounted, b.origin} {
		if s := section(); s != nil {
			d.Sections = append(d.Sections, *s)
		}
	}
	d.Sections = append(d.Sections, method())
	d.Cases = b.entries()
	return d, nil
}

// shortened is a commit as people name it; the whole of it stands with the machine.
func shortened(commit string) string {
	hash, dirty, marked := strings.Cut(commit, "-")
	if len(hash) > 12 {
		hash = hash[:12]
	}
	if marked {
		hash += "-" + dirty
	}
	return hash
}
