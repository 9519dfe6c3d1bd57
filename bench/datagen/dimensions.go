package datagen

import (
	"math"
	"strings"

	"github.com/brianvoe/gofakeit/v7"
)

// Numbers of random streams; those of days are above them.
const (
	customerStream = iota
	merchantStream
	firstDayStream = 1 << 32
)

// dimensions is what transactions draw from: customers and merchants as arrays,
// and the tables to choose one.
type dimensions struct {
	names     names
	countries []country

	customers customers
	merchants merchants
}

type customers struct {
	home, card, account []uint8
	active              alias
}

type merchants struct {
	// field is the merchant's part of a record: id, name and category as CSV.
	field    []string
	name     []string // as CSV
	category []uint8
	mcc      []string
	country  []uint8
	scale    []int64 // of amounts, percent

	// shops are the merchants of a country and a way to pay.
	shops map[shopKey]shop
}

// The ways to pay a merchant.
const (
	atTill uint8 = iota
	onWeb
	byDebit
	anyWay
)

// everywhere is the country of shops anywhere.
const everywhere uint8 = 0xff

type shopKey struct{ country, way uint8 }

// shop draws a merchant by its share of the trade.
type shop struct {
	alias alias
	ids   []int32
}

func newDimensions(o Options) *dimensions {
	d := &dimensions{names: catalogue(), countries: countries()}
	d.merchants = d.newMerchants(o)
	d.customers = d.newCustomers(o)
	return d
}

// newCustomers makes the customers as transactions need them; their names and
// addresses are made while they are written.
func (d *dimensions) newCustomers(o Options) customers {
	s := newSource(o.Seed, customerStream)
	home := make([]int, len(d.countries))
	for i, c := range d.countries {
		home[i] = c.weight
	}
	homes, cards, accounts := weighted(home...), weighted(45, 35, 8, 12), weighted(80, 14, 6)
	activity := newLognormal(1000, 0.35)
	out := customers{
		home: make([]uint8, o.Customers), card: make([]uint8, o.Customers), account: make([]uint8, o.Customers),
	}
	weights := make([]float64, o.Customers)
	for i := range weights {
		out.home[i], out.card[i], out.account[i] = homes.pick(s), cards.pick(s), accounts.pick(s)
		weights[i] = float64(activity.pick(s)) * []float64{1, 1.1, 1.6}[out.account[i]]
	}
	out.active = newAlias(weights)
	return out
}

func (d *dimensions) newMerchants(o Options) merchants {
	s := newSource(o.Seed, merchantStream)
	faker := gofakeit.NewFaker(s, false)
	kinds := categories()
	shares, homes := make([]int, len(kinds)), make([]int, len(d.countries))
	for i, c := range kinds {
		shares[i] = c.weight
	}
	for i, c := range d.countries {
		homes[i] = c.weight
	}
	pickCategory, pickCountry := weighted(shares...), weighted(homes...)
	var out merchants
	for i := range o.Merchants {
		at := pickCategory.pick(s)
		c := kinds[at]
		name := quoteField(merchantName(faker, s, c))
		out.name = append(out.name, name)
		out.category = append(out.category, at)
		out.mcc = append(out.mcc, c.mcc[s.below(len(c.mcc))])
		out.country = append(out.country, pickCountry.pick(s))
		out.scale = append(out.scale, int64(c.scale*s.between(70, 130)/100))
		out.field = append(out.field, merchantID(i)+","+name+","+c.name)
	}
	out.shops = newShops(out, kinds, s)
	return out
}

// newShops ranks the merchants and weighs them by Zipf's law.
func newShops(m merchants, kinds []category, s *source) map[shopKey]shop {
	n := len(m.name)
	rank := make([]int, n)
	for i := range rank {
		j := s.below(i + 1)
		rank[i], rank[j] = rank[j], i
	}
	weights, ids := map[shopKey][]float64{}, map[shopKey][]int32{}
	for i := range n {
		c := kinds[m.category[i]]
		for way, takes := range []bool{atTill: c.till, onWeb: c.web, byDebit: c.debit, anyWay: true} {
			if !takes {
				continue
			}
			for _, where := range []uint8{m.country[i], everywhere} {
				key := shopKey{where, uint8(way)}
				weights[key] = append(weights[key], 1/math.Pow(float64(rank[i])+2.7, 1.05))
				ids[key] = append(ids[key], int32(i))
			}
		}
	}
	out := make(map[shopKey]shop, len(ids))
	for key := range ids {
		out[key] = shop{newAlias(weights[key]), ids[key]}
	}
	return out
}

// pick draws a merchant of a country, or of anywhere if it has none.
func (m *merchants) pick(s *source, where, way uint8) int32 {
	for _, key := range []shopKey{{where, way}, {everywhere, way}, {everywhere, anyWay}} {
		if shop, ok := m.shops[key]; ok {
			return shop.ids[shop.alias.pick(s)]
		}
	}
	return 0
}

// merchantName makes a name; some hold what CSV must quote.
func merchantName(faker *gofakeit.Faker, s *source, c category) string {
	noun := c.nouns[s.below(len(c.nouns))]
	switch s.below(100) {
	case 0, 1, 2:
		return faker.LastName() + ", " + faker.LastName() + " & Co"
	case 3:
		return `The "` + faker.LastName() + `" ` + noun
	case 4, 5, 6:
		return "Café Zoë " + faker.LastName()
	case 7, 8:
		return faker.LastName() + "'s " + noun
	}
	if s.below(3) == 0 {
		return faker.Company() + " " + noun
	}
	return faker.LastName() + " " + noun
}

// quoteField writes a field as CSV, in quotes where it must be.
func quoteField(text string) string {
	if !strings.ContainsAny(text, ",\"\n\r") {
		return text
	}
	return `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
}

func merchantID(i int) string { return string(appendDigits([]byte{'M'}, i+1, 6)) }

// appendDigits writes a number with leading zeros.
func appendDigits(out []byte, n, width int) []byte {
	start := len(out)
	out = append(out, "0000000000"[:width]...)
	for i := len(out) - 1; i >= start; i-- {
		out[i] = byte('0' + n%10)
		n /= 10
	}
	return out
}
