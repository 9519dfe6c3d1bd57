package datagen

// deed is what a fraud does in one record, laid over ordinary traffic.
type deed struct {
	customer, merchant int32
	amount             int64
	kind, channel      uint8
	status             uint8
	labelled           bool
}

// Shares of all records, per 100,000, and the mean length of a scenario.
const (
	testingShare, testingLength   = 80, 20
	stolenShare, stolenLength     = 40, 4
	velocityShare, velocityLength = 100, 34
)

// plotFrauds puts scenarios of every kind into the plan of a day.
func (p *plan) plotFrauds(d *dimensions, t *timeline) {
	s := p.source
	for _, f := range []struct {
		share, length int
		play          func(*plan, *dimensions, *timeline)
	}{
		{testingShare, testingLength, (*plan).testCard},
		{stolenShare, stolenLength, (*plan).stealCard},
		{velocityShare, velocityLength, (*plan).rush},
	} {
		wanted := float64(p.records) * float64(f.share) / 100_000 / float64(f.length)
		times := int(wanted + s.fraction())
		for range times {
			f.play(p, d, t)
		}
	}
}

// testCard tries a stolen number with tiny amounts in one web shop, most of them
// refused there, and then buys.
func (p *plan) testCard(d *dimensions, t *timeline) {
	s := p.source
	start := s.below(minutesPerDay - 10)
	base := deed{customer: d.customers.active.pick(s), merchant: d.merchants.pick(s, everywhere, onWeb),
		kind: onlinePurchase, channel: online, labelled: true}
	times := s.between(testingLength-8, testingLength+8)
	for i := range times {
		try := base
		try.amount = int64(s.between(10, 199))
		if s.chance(4000) {
			try.status = failed
		}
		if i == times-1 {
			try.amount, try.status = int64(s.between(200_00, 900_00)), completed
		}
		p.place(t, start, 8, try)
	}
}

// stealCard draws high amounts at night, abroad.
func (p *plan) stealCard(d *dimensions, t *timeline) {
	s := p.source
	customer := d.customers.active.pick(s)
	abroad := uint8(s.below(len(d.countries) - 1))
	if abroad >= d.customers.home[customer] {
		abroad++
	}
	start := s.below(4 * 60)
	for range s.between(stolenLength-2, stolenLength+2) {
		p.place(t, start, 50, deed{customer: customer, merchant: d.merchants.pick(s, abroad, atTill),
			amount: int64(s.between(800_00, 9000_00)), kind: payment, channel: pos, labelled: true})
	}
}

// rush makes more than twenty payments of one customer within three hours; not
// every one of them is a fraud.
func (p *plan) rush(d *dimensions, t *timeline) {
	s := p.source
	customer, start, labelled := d.customers.active.pick(s), s.between(7*60, 20*60), s.chance(7000)
	for range s.between(velocityLength-12, velocityLength+12) {
		p.place(t, start, 180, deed{customer: customer,
			merchant: d.merchants.pick(s, d.customers.home[customer], onWeb), amount: int64(s.between(5_00, 300_00)),
			kind: onlinePurchase, channel: mobile, labelled: labelled})
	}
}

// commit lays a deed over an ordinary record, which keeps its time.
func (t *traffic) commit(r *row, d deed) {
	r.customer, r.amount, r.kind, r.channel, r.status = d.customer, d.amount, d.kind, d.channel, d.status
	t.pay(r, d.merchant)
	r.currency = t.countries[r.country].currency
	r.implied = r.currency
	r.processing, r.fraud = t.processing.pick(t.source), 0
	if d.labelled {
		r.fraud = 1
	}
}
