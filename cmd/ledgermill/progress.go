package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"ledgermill/engine"
	runprogress "ledgermill/engine/progress"
)

// progress shows where a command is, on standard error: a bar a step on a
// terminal, a line a step elsewhere.
type progress struct {
	mu    sync.Mutex
	out   io.Writer
	name  string
	bars  *mpb.Progress // nil: no terminal
	bar   *mpb.Bar
	step  string
	what  string
	total int64
}

func (a *app) progress(name string) *progress {
	p := &progress{out: a.stderr, name: name}
	if width, ok := terminal(a.stderr); ok {
		p.bars = mpb.New(mpb.WithOutput(a.stderr.(*os.File)), mpb.WithWidth(width-2))
	}
	return p
}

// update is called by the engine.
func (p *progress) update(e engine.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e.Step != p.step {
		p.end()
		p.step, p.total = e.Step, e.Total
		if p.bars == nil {
			fmt.Fprintf(p.out, "%s: %s\n", p.name, e.Step)
			return
		}
		p.bar = p.bars.AddBar(e.Total, mpb.BarRemoveOnComplete(),
			mpb.PrependDecorators(decor.Name(e.Step, decor.WC{W: 8, C: decor.DindentRight}), decor.CountersNoUnit("%d / %d")),
			mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return p.label() })))
	}
	p.what = e.What
	if p.bar != nil {
		p.bar.SetTotal(e.Total, false)
		p.bar.SetCurrent(e.Done)
	}
}

// first is update until done: what a watch shows is not written over.
func (p *progress) first(e engine.Progress) {
	p.mu.Lock()
	ended := p.bars == nil
	p.mu.Unlock()
	if !ended {
		p.update(e)
	}
}

func (p *progress) label() string {
	const most = 36
	if len(p.what) > most {
		return "…" + p.what[len(p.what)-most+1:]
	}
	return p.what
}

// say prints a line of its own: what is fetched, what is started.
func (p *progress) say(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintln(p.out, text)
}

func (p *progress) end() {
	if p.bar != nil {
		p.bar.Abort(true)
		p.bar = nil
	}
}

// done takes the bars away.
func (p *progress) done() {
	p.mu.Lock()
	p.end()
	bars := p.bars
	p.bars = nil
	p.mu.Unlock()
	if bars != nil {
		bars.Wait()
	}
}

// track leaves what a run tells where others can see it, beside telling show, which
// may be nil.
func (w *workspace) track(o engine.Options, show func(engine.Progress)) func(engine.Progress) {
	tracker := runprogress.NewWriter(o.Run, o.Command, time.Now)
	w.tracker = tracker
	return func(e engine.Progress) {
		tracker.Update(runprogress.Stage{Name: e.Step, Done: e.Done, Total: e.Total, Rows: e.Rows, Bytes: e.Bytes, What: e.What})
		if show != nil {
			show(e)
		}
	}
}
