package queries_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ledgermill/engine/config"
	"ledgermill/engine/duckdb"
	"ledgermill/engine/job"
	"ledgermill/engine/lake"
	"ledgermill/engine/ledger"
	"ledgermill/engine/model"
	"ledgermill/engine/sqltext"
	"ledgermill/queries"
	"ledgermill/warehouse"
	"ledgermill/warehouse/warehousetest"
)

func TestMain(m *testing.M) { os.Exit(warehousetest.Main(m)) }

// days have data; two months begin among them.
func days() []string {
	return []string{"2024-12-20", "2024-12-31", "2025-01-01", "2025-01-02", "2025-01-15", "2025-01-28", "2025-01-29", "2025-01-30", "2025-01-31", "2025-02-01"}
}

// traffic makes 60 transactions a day, with nulls, ties and money in two currencies. Of two
// others are means with half a cent: of one customer's transactions, and of two customers.
const traffic = `create table traffic as
with seeds as (
  select d, i, cast(hash(d, i) & 9223372036854775807 as bigint) as h from (values %s) as days(d), range(60) as r(i)
)
select
  strftime(d, 'T%%Y%%m%%d-') || i as transaction_id,
  d as transaction_date,
  d + to_seconds(cast(h %% 86400 as bigint)) + to_microseconds(cast(h %% 3 as bigint) * 250000) as transaction_timestamp,
  'C' || (h // 7 %% 25) as customer_id,
  ['PAYMENT', 'TRANSFER', 'WITHDRAWAL', 'ONLINE_PURCHASE'][1 + h // 11 %% 4] as transaction_type,
  cast((h // 13 %% 900001 + 1) / 100.0 as decimal(18, 2)) as amount,
  if(h // 17 %% 5 = 0, 'USD', 'EUR') as currency,
  ['COMPLETED', 'COMPLETED', 'COMPLETED', 'PENDING', 'FAILED', 'CANCELLED'][1 + h // 19 %% 6] as status,
  if(h // 23 %% 9 = 0, 'UNKNOWN', 'M' || (h // 23 %% 9)) as merchant_id,
  if(h // 23 %% 9 = 0, 'UNKNOWN', ['Élan Café', 'zeta market', 'Alpha "Best" Market', '=cmd(1)', 'Łódź, shop'][1 + h // 23 %% 5]) as merchant_name,
  if(h // 23 %% 9 = 0, 'UNKNOWN', ['Food', 'grocery', 'Éducation'][1 + h // 23 %% 3]) as merchant_category,
  if(h // 29 %% 7 = 0, null, ['FR', 'DE', 'us'][1 + h // 29 %% 3]) as country,
  ['ONLINE', 'POS', 'ATM', 'MOBILE', 'BRANCH'][1 + h // 31 %% 5] as channel,
  'VISA' as card_type,
  h // 37 %% 10 = 0 as is_fraudulent,
  if(h // 41 %% 6 = 0, null, cast(h // 41 %% 2000 as integer)) as processing_time_ms
from seeds
union all
select
  'T2024-S' || i, date '2024-12-20', timestamp '2024-12-20 10:00:00', customer, 'PAYMENT', amount, currency, 'COMPLETED',
  'M1', 'zeta market', 'Sums', 'FR', 'ONLINE', 'VISA', false, null
from (values (1, 'C1', 896675.81, 'CHF'), (2, 'C1', 896675.82, 'CHF'), (3, 'C2', 896675.81, 'SEK'), (4, 'C3', 896675.82, 'SEK'))
  as sums(i, customer, amount, currency)`

const dimensions = `
create or replace temp view raw_customers as
  select 'C' || i as customer_id, 'First' as first_name, 'Last' as last_name, null as email, null as phone, 'FR' as country, 'Paris' as city,
    date '2020-02-29' as account_created, 'PREMIUM' as account_type, cast(12.5 as decimal(7, 2)) as risk_score from range(25) as r(i);
create or replace temp view raw_merchants as
  select 'M' || i as merchant_id, ['Élan Café', 'zeta market', 'Alpha "Best" Market'][1 + i % 3] as merchant_name, 'Food' as category, 'FR' as country, '5411' as mcc_code
  from range(9) as r(i)`

// bank is the shipped project with the same rows on the lake and in the warehouse.
type bank struct {
	project   *model.Project
	warehouse *warehouse.Warehouse
	lake      *queries.Lake
}

// open makes a bank.
func open(t *testing.T) *bank {
	t.Helper()
	p, err := project(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b := &bank{project: p}
	dir := t.TempDir()
	state, err := fill(t.Context(), p, dir)
	if err != nil {
		t.Fatal(err)
	}
	e, err := duckdb.Open(t.Context(), duckdb.Settings{Work: t.TempDir(), Readable: []string{dir}, Threads: 2, MemoryLimit: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	b.lake = &queries.Lake{Engine: e, State: state, Store: lake.NewDirectory(dir)}
	b.load(t)
	return b
}

// project reads the repository's own files.
func project(ctx context.Context) (p *model.Project, err error) {
	judge, err := duckdb.NewJudge(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, judge.Close()) }()
	binder, err := duckdb.NewBinder(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, binder.Close()) }()
	return model.Load(ctx, model.Options{FS: os.DirFS(".."), Judge: judge, Binder: binder})
}

// fill evaluates the models and writes their units, as a run would.
func fill(ctx context.Context, p *model.Project, dir string) (_ *ledger.State, err error) {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	var list []string
	for _, d := range days() {
		list = append(list, "(date '"+d+"')")
	}
	if _, err := db.ExecContext(ctx, fmt.Sprintf(traffic, strings.Join(list, ", "))+";"+dimensions); err != nil {
		return nil, err
	}
	state := ledger.NewState("bank")
	for _, d := range days() {
		one := "create or replace temp view raw_transactions as select * from traffic where transaction_date = date '" + d + "'"
		if _, err := db.ExecContext(ctx, one); err != nil {
			return nil, err
		}
		for _, name := range p.Order {
			if m := p.Models[name]; m != nil && m.Dated() {
				if err := unit(ctx, db, state, m, job.Unit(d), dir); err != nil {
					return nil, err
				}
			}
		}
	}
	for _, name := range p.Order {
		if m := p.Models[name]; m != nil && !m.Dated() {
			if err := unit(ctx, db, state, m, job.Whole, dir); err != nil {
				return nil, err
			}
		}
	}
	return state, nil
}

func unit(ctx context.Context, db *sql.DB, state *ledger.State, m *model.Model, u job.Unit, dir string) error {
	record := ledger.UnitRecord{Dataset: m.Name, Unit: string(u), Key: u.Key(m.Name), Content: m.Name + string(u)}
	for _, c := range m.Columns {
		record.Columns = append(record.Columns, ledger.Column{Name: c.Name, Type: c.Type})
	}
	path := filepath.Join(dir, record.Key)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	quoted := sqltext.QuoteString(path)
	for _, statement := range []string{
		"copy (" + m.SQL + ") to " + quoted + " (format parquet)",
		"create or replace temp view " + m.Name + " as select * from read_parquet(" + quoted + ", hive_partitioning = false)",
	} {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%s %s: %w", m.Name, u, err)
		}
	}
	if err := db.QueryRowContext(ctx, "select count(*) from "+m.Name).Scan(&record.Rows); err != nil {
		return err
	}
	if state.Units[m.Name] == nil {
		state.Units[m.Name] = map[string]ledger.UnitRecord{}
	}
	state.Units[m.Name][string(u)] = record
	return nil
}

// load brings the warehouse what the lake holds.
func (b *bank) load(t *testing.T) {
	t.Helper()
	w, err := warehouse.Open(t.Context(), warehouse.Options{URL: config.Secret(warehousetest.Database(t))})
	if err != nil {
		t.Fatal(err)
	}
	b.warehouse = w
	if _, err := w.Migrate(t.Context(), b.project.Warehouse); err != nil {
		t.Fatal(err)
	}
	var parts []warehouse.Part
	for table, dataset := range b.project.Loads() {
		m := b.project.Models[dataset]
		for _, name := range b.lake.State.UnitNames(dataset) {
			record, _ := b.lake.State.Unit(dataset, name)
			part := warehouse.Part{Table: table, Dataset: dataset, Unit: name, Key: m.Grain, Rows: record.Rows, ContentHash: record.Content}
			for _, c := range record.Columns {
				part.Columns = append(part.Columns, warehouse.Column{Name: c.Name, Type: c.Type})
			}
			if m.Dated() {
				part.BusinessDate = m.BusinessDate
				part.From, part.To = job.Unit(name).Bounds()
			}
			part.CSV = func(ctx context.Context, columns []string) (io.ReadCloser, error) {
				return b.lake.Engine.CSV(ctx, b.lake.Store.Location(record.Key), columns, part.BusinessDate)
			}
			parts = append(parts, part)
		}
	}
	if _, err := w.Load(t.Context(), warehouse.Request{Run: "test", Parts: parts}); err != nil {
		t.Fatal(err)
	}
}

// run is a query on a place of the bank.
func (b *bank) run(ctx context.Context, o queries.Options) (*queries.Result, error) {
	o.Project, o.Warehouse, o.Lake = b.project, b.warehouse, b.lake
	return queries.Run(ctx, o)
}

// answer is the names and the rows of a query, cells parted by |, null as ~.
func (b *bank) answer(t *testing.T, o queries.Options) []string {
	t.Helper()
	r, err := b.run(t.Context(), o)
	if err != nil {
		t.Errorf("%s%s on %s: %v", o.Name, o.SQL, o.On, err)
		return nil
	}
	lines := []string{""}
	for i, c := range r.Columns {
		lines[0] += strings.Repeat("|", min(i, 1)) + c.Name
	}
	for r.Next() {
		var cells []string
		for _, v := range r.Values() {
			if v == nil {
				cells = append(cells, "~")
			} else {
				cells = append(cells, *v)
			}
		}
		lines = append(lines, strings.Join(cells, "|"))
	}
	if err := errors.Join(r.Err(), r.Close()); err != nil {
		t.Errorf("%s%s on %s: %v", o.Name, o.SQL, o.On, err)
	}
	return lines
}

func date(text string) time.Time {
	d, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return d
}
