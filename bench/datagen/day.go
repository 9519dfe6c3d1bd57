package datagen

import (
	"context"
	"io"
	"time"
)

// day makes the object of one day.
type day struct {
	form     string
	keys     []string // of JSON, by column
	writer   *writer
	traffic  *traffic
	timeline *timeline
	plan     *plan
	source   *source // of the defects

	kinds    []defect
	accounts accounts
	injected map[string]int64
	plain    [currencies]Group // accepted records of the object's day
	buffer   []byte
	bytes    int64
}

func newDay(d *dimensions, o Options, date time.Time) *day {
	number := uint64(date.Unix()/86_400) * 4
	stream := func(n uint64) *source { return newSource(o.Seed, firstDayStream+number+n) }
	t := newTimeline(date.Weekday())
	form := formOf(o.As)
	kinds := defectsIn(form)
	made := &day{
		form: form, keys: memberKeys(),
		writer: newWriter(d, date), traffic: newTraffic(d, stream(0)), timeline: t,
		plan: newPlan(o.records(date), o.Defects, kinds, stream(1), d, t), source: stream(2),
		kinds: kinds, accounts: accounts{}, injected: map[string]int64{},
		buffer: make([]byte, 0, flushSize+4096),
	}
	if form != formNDJSON {
		made.buffer = append(made.buffer, transactionsHeader...)
	}
	return made
}

// write writes the object; wrote is told of records as they are written out.
func (d *day) write(ctx context.Context, out io.Writer, wrote func(records int)) error {
	specials, told := d.plan.specials, 0
	for slot := range d.plan.records {
		share := (float64(slot) + d.traffic.source.fraction()) / float64(d.plan.records)
		r := d.traffic.next(slot+1, d.timeline.at(share))
		if len(specials) > 0 && int(specials[0].slot) == slot {
			d.special(&r, specials[0])
			specials = specials[1:]
		} else {
			d.ordinary(&r)
		}
		if len(d.buffer) < flushSize {
			continue
		}
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		if err := d.flush(out); err != nil {
			return err
		}
		wrote(slot + 1 - told)
		told = slot + 1
	}
	for at, group := range d.plain {
		if group.Records > 0 {
			d.accounts.bulk(d.writer.dates[0], "", d.writer.names.currencies[at], group)
		}
	}
	if err := d.flush(out); err != nil {
		return err
	}
	wrote(d.plan.records - told)
	return nil
}

func (d *day) flush(out io.Writer) error {
	d.bytes += int64(len(d.buffer))
	return flush(out, &d.buffer, 0)
}

// ordinary writes a sound record; its account is kept apart because nearly all
// records are of this sort.
func (d *day) ordinary(r *row) {
	d.appendSound(r)
	group := &d.plain[r.implied]
	group.Records++
	group.Sum += Cents(r.amount)
}

func (d *day) special(r *row, s special) {
	switch s.role {
	case fraudulent:
		d.traffic.commit(r, d.plan.deeds[s.ref])
		d.ordinary(r)
	case original:
		d.original(r, &d.plan.pairs[s.ref])
	case repeat:
		d.repeat(&d.plan.pairs[s.ref])
	case defective:
		d.defective(r, d.kinds[s.ref])
	}
}

func (d *day) defective(r *row, kind defect) {
	if kind.late {
		r.late = d.source.between(1, maxLate)
	}
	sent := d.writer.record(r)
	kind.change(sent, d.source)
	if sent.reason == quoteReason(formCSV) {
		sent.reason = quoteReason(d.form)
	}
	d.send(sent.fields, sent.outcome)
	d.injected[kind.kind]++
}

// original sends a sound record of which another version follows.
func (d *day) original(r *row, p *pair) {
	// Room for a later time on the same date.
	r.millis = min(r.millis, millisPerDay-2000)
	p.sent = *r
	o := d.writer.outcome(r)
	if p.again == restated {
		o.reason = keyConflict
	}
	d.send(d.writer.fields(r), o)
}

func (d *day) repeat(p *pair) {
	r, s := p.sent, d.source
	var o outcome
	sent := d.writer.record(&r)
	switch p.again {
	case asItWas:
		o = sent.outcome
		o.reason = duplicated
	case respelt:
		sent.respell(s)
		o = sent.outcome
		o.reason = duplicated
	case restated:
		r.millis = min(r.millis+s.between(1000, 120_000), millisPerDay-1)
		r.amount += int64(s.between(1, 50_00))
		if r.amount > 1_000_000_00 {
			r.amount -= 100_00
		}
		sent = d.writer.record(&r)
		o = sent.outcome
	}
	d.send(sent.fields, o)
	for _, kind := range d.kinds {
		if kind.again == p.again {
			d.injected[kind.kind]++
		}
	}
}

func (d *day) send(fields []string, o outcome) {
	d.appendSent(fields, o)
	d.accounts.add(o)
}
