package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"testing"
	"time"
)

// untilSecond keeps what is written, and ends a context with the second sample.
type untilSecond struct {
	bytes.Buffer
	sample *regexp.Regexp // a line of each
	end    context.CancelFunc
}

func (w *untilSecond) Write(p []byte) (int, error) {
	n, err := w.Buffer.Write(p)
	if len(w.sample.FindAll(w.Bytes(), 2)) == 2 {
		w.end()
	}
	return n, err
}

// TestWatchPrints prints sample after sample where there is no terminal: what programs
// read has nothing between them.
func TestWatchPrints(t *testing.T) {
	t.Parallel()
	for format, sample := range map[string]string{"text": `(?m)^1 overview: `, "json": `(?m)^  "views": `, "prometheus": `(?m)^ledgermill_machine_memory_bytes `} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			ctx, end := context.WithCancel(t.Context())
			defer end()
			w := &untilSecond{sample: regexp.MustCompile(sample), end: end}
			m := screenOf(t, 3).m
			m.format, m.names, m.interval = format, []string{"overview"}, time.Millisecond
			if err := (&app{stdout: w}).printSamples(ctx, m); !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			samples := 0
			switch format {
			case "text":
				samples = len(regexp.MustCompile(`(?m)^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\n1 overview: `).FindAll(w.Bytes(), -1))
			case "json":
				for d := json.NewDecoder(w); ; samples++ {
					if err := d.Decode(&struct{}{}); errors.Is(err, io.EOF) {
						break
					} else if err != nil {
						t.Fatal(err)
					}
				}
			case "prometheus":
				for line := range bytes.Lines(w.Bytes()) {
					if !regexp.MustCompile(`^(# |(pg|ledgermill)_[a-z0-9_]+(\{.*\})? )`).Match(line) {
						t.Errorf("no metric: %s", line)
					}
				}
				samples = 2
			}
			if samples < 2 {
				t.Errorf("%d samples in\n%s", samples, w)
			}
		})
	}
}
