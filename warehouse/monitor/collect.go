package monitor

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

const (
	// share of the time that the statements of a panel may take, and of all panels
	// together whose statements take long.
	share = 100
	// long is what a statement takes that is asked for less often than people look.
	long = 20 * time.Millisecond
	// dear is a statement that gave nothing and is not tried again at once.
	dear = time.Second
	// sourcePatience is how long a source may take: what it looks at may not answer.
	sourcePatience = 20 * time.Second
	// sourceRest is how long a source is left alone at most that gave nothing: waiting has
	// cost nobody anything, and people want to see that it is back.
	sourceRest = time.Minute
)

// errStopped is why a look is broken off when the monitor ends.
var errStopped = errors.New("the monitor ends")

// Options are what a collector works with.
type Options struct {
	Views   []View
	Server  Server            // nil: there is none, and NoServer says why
	None    string            // why there is no server; "": nobody says
	Sources map[string]Source // by the name that panels use
	Now     func() time.Time  // nil: time.Now
}

// Collector takes samples. Its methods may be called at the same time.
type Collector struct {
	options Options
	mu      sync.Mutex
	session session
	last    map[*Panel]asked // what came of a panel when it was asked last
	life    context.Context
	stop    context.CancelFunc
}

// asked is what came of a panel, and when it is to be asked again.
type asked struct {
	raw    Result // as it came
	shown  Result // with rates
	took   time.Duration
	due    time.Time
	server bool // it was asked of a server
}

// New makes a collector. Nothing is connected yet.
func New(o Options) *Collector {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Server == nil && o.None == "" {
		o.None = "there is no server to ask"
	}
	c := &Collector{options: o, session: session{server: o.Server, none: o.None}, last: map[*Panel]asked{}}
	c.life, c.stop = context.WithCancel(context.Background())
	return c
}

// Stop breaks off what is under way. Nothing is asked from then on.
func (c *Collector) Stop() { c.stop() }

// Close breaks off what is under way and ends the connection.
func (c *Collector) Close(ctx context.Context) error {
	c.Stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.session.close(ctx)
}

// Sample asks the panels that are due of the named views, of all where none is named.
// It always returns one: what cannot be had is missing with its reason.
func (c *Collector) Sample(ctx context.Context, names ...string) Sample {
	return c.sample(ctx, names, false)
}

// Rates is a sample for which panels with rates are asked again although they are not due:
// for a second look that is the last one.
func (c *Collector) Rates(ctx context.Context, names ...string) Sample {
	return c.sample(ctx, names, true)
}

func (c *Collector) sample(ctx context.Context, names []string, rates bool) Sample {
	c.mu.Lock()
	defer c.mu.Unlock()
	ctx, done := c.living(ctx)
	defer done()
	s := Sample{At: c.options.Now().UTC(), Views: []ViewSample{}}
	for i := range c.options.Views {
		v := &c.options.Views[i]
		if len(names) > 0 && !slices.Contains(names, v.Name) {
			continue
		}
		s.Views = append(s.Views, c.view(ctx, v, rates))
	}
	s.Server, s.Fault = c.session.name(), c.session.fault
	if s.Fault == "" && c.session.conn == nil && ctx.Err() != nil {
		s.Fault = reason(context.Cause(ctx)) // broken off before there was a connection
	}
	return s
}

// living is a context that ends with the collector too.
func (c *Collector) living(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	if c.life.Err() != nil {
		cancel(errStopped)
	}
	unbind := context.AfterFunc(c.life, func() { cancel(errStopped) })
	return ctx, func() {
		unbind()
		cancel(nil)
	}
}

func (c *Collector) view(ctx context.Context, v *View, rates bool) ViewSample {
	out := ViewSample{Number: v.Number, Name: v.Name, About: v.About, Panels: []Result{}}
	done := map[string]int{} // a panel of another version may stand below the same name
	for i := range v.Panels {
		p := &v.Panels[i]
		r := c.panel(ctx, p, rates)
		at, twice := done[p.Name]
		if !twice {
			done[p.Name] = len(out.Panels)
			out.Panels = append(out.Panels, r)
		} else if out.Panels[at].Missing != "" {
			out.Panels[at] = r
		}
	}
	return out
}

// panel asks a panel if it is due, or has rates that are wanted. What is broken off because
// the look is over says nothing of the panel, and is not remembered.
func (c *Collector) panel(ctx context.Context, p *Panel, rates bool) Result {
	before, known := c.last[p]
	now := c.options.Now()
	wanted := rates && before.shown.Missing == "" && len(p.Rates)+len(p.Growths) > 0
	if known && !wanted && now.Before(before.due) && (!before.server || c.session.fault == "") {
		return before.shown
	}
	if ctx.Err() != nil {
		return brokenOff(ctx, p, before, now)
	}
	raw, took, err := c.ask(ctx, p)
	if err != nil && ctx.Err() != nil {
		return brokenOff(ctx, p, before, now)
	}
	if err != nil {
		raw.Missing, raw.Table = reason(err), Table{}
		c.last[p] = asked{raw: before.raw, shown: raw, took: took, due: now.Add(c.again(p, took)), server: p.Source == ""}
		return raw
	}
	if p.Source == "" {
		raw.Unknown = p.unknown(raw.Table) // a source may leave columns out
	}
	shown := difference(raw, before.raw)
	c.last[p] = asked{raw: raw, shown: shown, took: took, due: now.Add(c.rest(p, took)), server: p.Source == ""}
	return shown
}

// again is how long a panel is left alone that gave nothing.
func (c *Collector) again(p *Panel, took time.Duration) time.Duration {
	switch {
	case p.Source == "" && c.session.fault != "":
		return 0 // a server that is back answers at once; until then the session asks it seldom
	case took >= dear && p.Source != "":
		return sourceRest
	case took >= dear:
		return c.rest(p, took) // a statement that was given up has cost its time
	}
	return min(p.Every, time.Minute)
}

// brokenOff is what a panel shows that a look had no time for: what came of it last.
func brokenOff(ctx context.Context, p *Panel, before asked, now time.Time) Result {
	if before.shown.Panel != nil {
		return before.shown
	}
	return Result{Panel: p, At: now.UTC(), Missing: reason(context.Cause(ctx))}
}

// rest is how long a panel is left alone that took so long.
func (c *Collector) rest(p *Panel, took time.Duration) time.Duration {
	rest := share * took
	if took < long || rest < p.Every {
		return max(p.Every, rest)
	}
	for other, a := range c.last {
		if other != p && a.took >= long && share*a.took >= other.Every {
			rest += share * took
		}
	}
	return rest
}

// ask returns the rows of a panel's source, or of its statement, and how long they took:
// what it takes to connect is not the statement's.
func (c *Collector) ask(ctx context.Context, p *Panel) (r Result, took time.Duration, err error) {
	ask := c.session.query
	if p.Source != "" {
		ask = c.source
	} else if err = c.session.ready(ctx, p); err != nil {
		return Result{Panel: p, At: c.options.Now().UTC()}, 0, err
	}
	began := c.options.Now()
	r = Result{Panel: p, At: began.UTC()}
	r.Table, err = ask(ctx, p)
	return r, c.options.Now().Sub(began), err
}

func (c *Collector) source(ctx context.Context, p *Panel) (Table, error) {
	source, ok := c.options.Sources[p.Source]
	if !ok {
		return Table{}, errors.New("nothing here tells of " + p.Source)
	}
	limited, cancel := context.WithTimeoutCause(ctx, sourcePatience, fmt.Errorf("no answer within %s", sourcePatience))
	defer cancel()
	table, err := source.Rows(limited)
	if err != nil && limited.Err() != nil {
		err = context.Cause(limited)
	}
	return table, err
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
