package pipeline

import (
	"strconv"
	"strings"
	"time"

	"ledgermill/engine/duckdb"
)

// What the pipeline makes, by the names of the tables that it loads.
const (
	facts     = "transactions_fact"
	customers = "daily_transaction_summary"
	merchants = "merchant_daily_summary"
)

// Table is one of the tables, with its columns as they are stored, in order.
type Table struct {
	Name    string
	Dataset string   // of the lake, as the project names it
	Columns []Column // the dataset's own
	dated   bool     // the warehouse's table has year, month and day: they are stored, too
}

// Column is a stored column with its type in DuckDB.
type Column struct{ Name, Type string }

// Tables are what a pipeline makes.
func Tables() []Table {
	return []Table{
		{facts, "transactions", columnsOf(`transaction_id varchar,transaction_date date,transaction_timestamp timestamp,customer_id varchar,
transaction_type varchar,amount decimal(18;2),currency varchar,status varchar,merchant_id varchar,merchant_name varchar,merchant_category varchar,
country varchar,channel varchar,card_type varchar,is_fraudulent boolean,processing_time_ms integer,day_of_week smallint,hour smallint,
amount_category varchar,time_of_day varchar,daily_transaction_count integer,daily_cumulative_amount decimal(18;2),is_outlier boolean,
risk_score smallint,risk_reasons varchar,is_high_risk boolean`), true},
		{customers, customers, columnsOf(`customer_id varchar,transaction_date date,transaction_count bigint,total_amount decimal(18;2),
avg_amount decimal(18;2),min_amount decimal(18;2),max_amount decimal(18;2),unique_merchants bigint,fraud_count bigint,completed_count bigint,
failed_count bigint`), true},
		{merchants, merchants, columnsOf(`merchant_id varchar,transaction_date date,merchant_name varchar,merchant_category varchar,
transaction_count bigint,total_revenue decimal(18;2),avg_transaction decimal(18;2),unique_customers bigint`), false},
	}
}

func columnsOf(text string) (columns []Column) {
	for part := range strings.SplitSeq(text, ",") {
		name, kind, _ := strings.Cut(strings.TrimSpace(part), " ")
		columns = append(columns, Column{name, strings.ReplaceAll(kind, ";", ", ")})
	}
	return columns
}

// stored are the columns of a stored file.
func (t Table) stored() []Column {
	if !t.dated {
		return t.Columns
	}
	return append(t.Columns[:len(t.Columns):len(t.Columns)], Column{"year", "smallint"}, Column{"month", "smallint"}, Column{"day", "smallint"})
}

// Names are the dataset's own columns.
func (t Table) Names() []string { return namesOf(t.Columns) }

// Targets are the warehouse's columns with their types, which are named as DuckDB's
// but for texts and timestamps.
func (t Table) Targets() []duckdb.Target {
	list := make([]duckdb.Target, len(t.stored()))
	for i, c := range t.stored() {
		name := strings.NewReplacer("varchar", "text", "timestamp", "timestamp without time zone", "decimal(18, 2)", "numeric(18,2)").Replace(c.Type)
		list[i] = duckdb.Target{Name: c.Name, Type: name}
	}
	return list
}

// Stored are the columns of a stored file, which are those that a load fills.
func (t Table) Stored() []string { return namesOf(t.stored()) }

func namesOf(columns []Column) []string {
	list := make([]string, len(columns))
	for i, c := range columns {
		list[i] = c.Name
	}
	return list
}

func names(columns []Column) string { return strings.Join(namesOf(columns), ", ") }

// appendText writes a field as CSV: the empty text in quotes, since nothing is null.
func appendText(out []byte, text string) []byte {
	if text != "" && !strings.ContainsAny(text, "\",\r\n") {
		return append(out, text...)
	}
	out = append(out, '"')
	out = append(out, strings.ReplaceAll(text, `"`, `""`)...)
	return append(out, '"')
}

func appendCents(out []byte, cents int64) []byte {
	out = strconv.AppendInt(out, cents/100, 10)
	return append(out, '.', byte('0'+cents/10%10), byte('0'+cents%10))
}

func appendCalendar(out []byte, date time.Time) []byte {
	year, month, day := date.Date()
	out = strconv.AppendInt(append(out, ','), int64(year), 10)
	out = strconv.AppendInt(append(out, ','), int64(month), 10)
	return strconv.AppendInt(append(out, ','), int64(day), 10)
}

func (d *derived) appendRow(out []byte) []byte {
	comma := func() { out = append(out, ',') }
	text := func(values ...string) {
		for _, v := range values {
			out = appendText(out, v)
			comma()
		}
	}
	hour := d.stamp.Hour()
	score, reasons, high := d.risk()
	text(d.id)
	out = append(d.date.AppendFormat(out, time.DateOnly), ',')
	out = append(d.stamp.AppendFormat(out, "2006-01-02 15:04:05.999999"), ',')
	text(d.customer, d.kind)
	out = append(appendCents(out, d.cents), ',')
	text(d.currency, d.status, d.merchant, d.name, d.category)
	if d.country != "" {
		out = appendText(out, d.country)
	}
	comma()
	text(d.channel, d.card)
	out = append(strconv.AppendBool(out, d.fraudulent), ',')
	if d.timed {
		out = strconv.AppendInt(out, int64(d.processing), 10)
	}
	comma()
	out = append(strconv.AppendInt(out, int64(d.date.Weekday())+1, 10), ',')
	out = append(strconv.AppendInt(out, int64(hour), 10), ',')
	text(amountCategory(d.cents), timeOfDay(hour))
	out = append(strconv.AppendInt(out, int64(d.inDay), 10), ',')
	out = append(appendCents(out, d.running), ',')
	out = append(strconv.AppendBool(out, d.outlier), ',')
	out = append(strconv.AppendInt(out, int64(score), 10), ',')
	text(reasons)
	out = strconv.AppendBool(out, high)
	return append(appendCalendar(out, d.date), '\n')
}

func (c *customerDay) appendRow(out []byte) []byte {
	out = append(appendText(out, c.customer), ',')
	out = append(c.date.AppendFormat(out, time.DateOnly), ',')
	out = strconv.AppendInt(out, int64(c.count), 10)
	for _, cents := range [...]int64{c.total, mean(c.total, c.count), c.low, c.high} {
		out = appendCents(append(out, ','), cents)
	}
	for _, n := range [...]int{c.merchants, c.frauds, c.completed, c.failed} {
		out = strconv.AppendInt(append(out, ','), int64(n), 10)
	}
	return append(appendCalendar(out, c.date), '\n')
}

func (m *merchantDay) appendRow(out []byte) []byte {
	out = append(appendText(out, m.merchant), ',')
	out = append(m.date.AppendFormat(out, time.DateOnly), ',')
	out = append(appendText(out, m.name), ',')
	out = append(appendText(out, m.category), ',')
	out = append(strconv.AppendInt(out, int64(m.count), 10), ',')
	out = append(appendCents(out, m.total), ',')
	out = append(appendCents(out, mean(m.total, m.count)), ',')
	return append(strconv.AppendInt(out, int64(m.customers), 10), '\n')
}
