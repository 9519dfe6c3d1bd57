package datagen

import "time"

const minutesPerDay = 24 * 60

// timeline is the rhythm of a day: the share of its records that came before
// each minute.
type timeline struct {
	before [minutesPerDay + 1]float64
	minute int
}

// newTimeline interpolates the weights of the hours. Weekends start later and
// last longer.
func newTimeline(day time.Weekday) *timeline {
	hours := [25]float64{9, 6, 4, 3, 4, 8, 18, 38, 62, 74, 80, 88, 98, 90, 80, 80, 86, 98, 104, 92, 70, 50, 32, 18, 9}
	if day == time.Saturday || day == time.Sunday {
		hours = [25]float64{20, 15, 10, 6, 4, 5, 8, 16, 32, 58, 86, 104, 106, 98, 92, 92, 94, 96, 96, 86, 70, 56, 44, 32, 20}
	}
	var t timeline
	sum := 0.0
	for m := range minutesPerDay {
		h, part := m/60, float64(m%60)/60
		sum += hours[h]*(1-part) + hours[h+1]*part
		t.before[m+1] = sum
	}
	for m := range t.before {
		t.before[m] /= sum
	}
	return &t
}

// at returns the milliseconds of the day at which so large a share of it has
// passed. Shares must not fall from call to call.
func (t *timeline) at(share float64) int {
	for t.minute < minutesPerDay-1 && t.before[t.minute+1] <= share {
		t.minute++
	}
	low, high := t.before[t.minute], t.before[t.minute+1]
	millis := t.minute*60_000 + int((share-low)/(high-low)*60_000)
	return min(max(millis, 0), millisPerDay-1)
}

// slot is the place of a minute among so many records.
func (t *timeline) slot(minute, records int) int {
	return min(records-1, int(t.before[minute]*float64(records)))
}

// traffic makes ordinary records.
type traffic struct {
	*dimensions
	source *source

	kind, status choice
	channel      [8]choice
	amount       [8]*lognormal
	processing   *lognormal
}

func newTraffic(d *dimensions, s *source) *traffic {
	t := &traffic{dimensions: d, source: s,
		kind:       weighted([]int{payment: 27, transfer: 15, withdrawal: 8, deposit: 7, mobilePayment: 13, directDebit: 9, check: 2, onlinePurchase: 19}...),
		status:     weighted([]int{completed: 95, pending: 2, failed: 2, cancelled: 1}...),
		processing: newLognormal(120, 0.55),
	}
	t.channel = [...]choice{
		payment:        weighted([]int{online: 5, pos: 85, mobile: 10}...),
		transfer:       weighted([]int{online: 55, mobile: 40, branch: 5}...),
		withdrawal:     weighted([]int{atm: 92, branch: 8}...),
		deposit:        weighted([]int{online: 25, atm: 35, branch: 40}...),
		mobilePayment:  weighted([]int{mobile: 1}...),
		directDebit:    weighted([]int{online: 1}...),
		check:          weighted([]int{mobile: 20, branch: 80}...),
		onlinePurchase: weighted([]int{online: 75, mobile: 25}...),
	}
	t.amount = [...]*lognormal{
		payment:        newLognormal(24_00, 0.85),
		transfer:       newLognormal(180_00, 1.2),
		withdrawal:     newLognormal(90_00, 0.6),
		deposit:        newLognormal(420_00, 1.0),
		mobilePayment:  newLognormal(13_00, 0.8),
		directDebit:    newLognormal(42_00, 0.7),
		check:          newLognormal(250_00, 1.0),
		onlinePurchase: newLognormal(31_00, 0.95),
	}
	return t
}

// next makes a record that happened at a time of the day.
func (t *traffic) next(number, millis int) row {
	s := t.source
	r := row{number: number, millis: millis, merchant: -1, card: blank,
		customer: t.customers.active.pick(s), kind: t.kind.pick(s), status: t.status.pick(s)}
	home := t.customers.home[r.customer]
	r.country = home
	r.channel = t.channel[r.kind].pick(s)
	r.amount = t.amount[r.kind].pick(s)
	switch r.kind {
	case payment, mobilePayment:
		t.purchase(&r, home, atTill, 700)
	case onlinePurchase:
		t.purchase(&r, home, onWeb, 1800)
	case directDebit:
		t.purchase(&r, home, byDebit, 100)
		r.card = blank
	case withdrawal:
		r.amount = max(10_00, r.amount/10_00*10_00)
		r.card = t.customers.card[r.customer]
	}
	r.amount = min(max(r.amount, 1), 1_000_000_00)
	r.currency = t.countries[r.country].currency
	r.implied = r.currency
	r.processing = t.processing.pick(s)
	if r.status == failed {
		r.processing *= 4
	}
	t.gaps(&r)
	return r
}

// purchase names the merchant, who is abroad in so many of 10,000 cases.
func (t *traffic) purchase(r *row, home, way uint8, abroad int) {
	where := home
	if t.source.chance(abroad) {
		where = everywhere
	}
	t.pay(r, t.merchants.pick(t.source, where, way))
	r.amount = r.amount * t.merchants.scale[r.merchant] / 100
}

func (t *traffic) pay(r *row, merchant int32) {
	r.merchant = merchant
	r.country = t.merchants.country[merchant]
	r.card = t.customers.card[r.customer]
}

// gaps leaves fields empty that may be, and labels a few honest payments as
// fraud, as analysts do.
func (t *traffic) gaps(r *row) {
	draw := t.source.below(10_000)
	switch {
	case draw < 100 && r.currency == eur:
		r.currency = blank
	case draw < 200:
		r.fraud = blank
	case draw < 250:
		r.country = blank
	case draw < 300:
		r.processing = -1
	case draw < 302:
		r.fraud = 1
	}
}
