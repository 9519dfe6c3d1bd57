package datagen

import (
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/brianvoe/gofakeit/v7"
)

const (
	customersKey    = "customers/customers.csv"
	merchantsKey    = "merchants/merchants.csv"
	customersHeader = "customer_id,first_name,last_name,email,phone,country,city,account_created,account_type,risk_score\n"
	merchantsHeader = "merchant_id,merchant_name,category,country,mcc_code\n"
	flushSize       = 256 << 10
)

// PrivateColumns are the columns of a customer that a canary is planted in: those that
// the contract calls private.
func PrivateColumns() []string { return []string{"first_name", "last_name", "email", "phone"} }

func (d *dimensions) writeCustomers(out io.Writer, o Options) error {
	// A stream apart: the names must not decide who pays whom.
	s := newSource(o.Seed, customerStream+1<<16)
	faker := gofakeit.NewFaker(s, false)
	risk := newLognormal(18, 0.7)
	first := time.Date(2010, 1, 1, 0, 0, 0, 0, time.UTC)
	buffer := append(make([]byte, 0, flushSize+1024), customersHeader...)
	for i := range d.customers.home {
		home := d.countries[d.customers.home[i]]
		given, family := faker.FirstName()+o.Canary, faker.LastName()+o.Canary
		buffer = append(appendDigits(append(buffer, 'C'), i+1, 8), ',')
		buffer = append(append(buffer, quoteField(given)...), ',')
		buffer = append(append(buffer, quoteField(family)...), ',')
		buffer = append(buffer, strings.ToLower(mailName(given)+"."+mailName(family))...)
		buffer = strconv.AppendInt(buffer, int64(i+1), 10)
		buffer = append(append(buffer, "@example.com,"...), home.dial...)
		buffer = append(append(append(buffer, faker.Phone()...), o.Canary...), ',')
		buffer = append(append(buffer, home.code...), ',')
		buffer = append(append(buffer, home.cities[s.below(len(home.cities))]...), ',')
		buffer = first.AddDate(0, 0, s.below(15*365)).AppendFormat(buffer, time.DateOnly)
		buffer = append(append(append(buffer, ','), d.names.accounts[d.customers.account[i]]...), ',')
		buffer = append(strconv.AppendInt(buffer, min(100, risk.pick(s)), 10), '\n')
		if err := flush(out, &buffer, flushSize); err != nil {
			return err
		}
	}
	return flush(out, &buffer, 0)
}

// mailName keeps the letters of a name.
func mailName(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return -1
	}, name)
}

func (d *dimensions) writeMerchants(out io.Writer) error {
	m := d.merchants
	buffer := append(make([]byte, 0, flushSize+1024), merchantsHeader...)
	for i := range m.name {
		buffer = append(buffer, m.field[i]...)
		buffer = append(append(append(buffer, ','), d.countries[m.country[i]].code...), ',')
		buffer = append(append(buffer, m.mcc[i]...), '\n')
		if err := flush(out, &buffer, flushSize); err != nil {
			return err
		}
	}
	return flush(out, &buffer, 0)
}

// flush writes a buffer that holds at least so many bytes and empties it.
func flush(out io.Writer, buffer *[]byte, least int) error {
	if len(*buffer) < least {
		return nil
	}
	_, err := out.Write(*buffer)
	*buffer = (*buffer)[:0]
	return err
}
