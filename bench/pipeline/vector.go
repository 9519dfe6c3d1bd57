package pipeline

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
)

// clean is the contract as SQL, over the table texts of texts: the object's place
// and its columns. Only keys that are there twice are ranked.
const clean = `create temp table raw_transactions as
with trimmed as (
  select object, %s from texts
),
typed as (
  select
    object,
    transaction_id,
    case when regexp_full_match(transaction_date, '[0-9]{4}-[0-9]{2}-[0-9]{2}') then try_cast(transaction_date as date) end as transaction_date,
    case when regexp_full_match(transaction_timestamp, '[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?')
      then try_cast(transaction_timestamp as timestamp) end as transaction_timestamp,
    customer_id,
    transaction_type,
    case when regexp_full_match(amount, '[+-]?([0-9]+(\.[0-9]{1,2}0*)?|\.[0-9]{1,2}0*)') then try_cast(amount as decimal(18, 2)) end as amount,
    coalesce(currency, 'EUR') as currency,
    status,
    coalesce(merchant_id, 'UNKNOWN') as merchant_id,
    coalesce(merchant_name, 'UNKNOWN') as merchant_name,
    coalesce(merchant_category, 'UNKNOWN') as merchant_category,
    country,
    channel,
    coalesce(card_type, 'UNKNOWN') as card_type,
    case
      when is_fraudulent is null or lower(is_fraudulent) in ('false', 'f', '0', 'no', 'n') then false
      when lower(is_fraudulent) in ('true', 't', '1', 'yes', 'y') then true
    end as is_fraudulent,
    case when regexp_full_match(processing_time_ms, '[+-]?[0-9]{1,19}') then try_cast(processing_time_ms as integer) end as processing_time_ms,
    processing_time_ms is not null as timed
  from trimmed
),
accepted as (
  select * exclude (timed) from typed
  where transaction_id is not null and transaction_date is not null and transaction_timestamp is not null and customer_id is not null
    and transaction_type in ('PAYMENT', 'TRANSFER', 'WITHDRAWAL', 'DEPOSIT', 'MOBILE_PAYMENT', 'DIRECT_DEBIT', 'CHECK', 'ONLINE_PURCHASE')
    and amount > 0 and amount <= 1000000
    and regexp_full_match(currency, '[A-Z]{3}')
    and status in ('COMPLETED', 'PENDING', 'FAILED', 'CANCELLED')
    and channel in ('ONLINE', 'POS', 'ATM', 'MOBILE', 'BRANCH')
    and is_fraudulent is not null
    and (not timed or processing_time_ms is not null)
    and cast(transaction_timestamp as date) = transaction_date
),
twice as (
  select transaction_id, transaction_date from accepted group by all having count(*) > 1
),
ranked as (
  select accepted.*
  from accepted semi join twice using (transaction_id, transaction_date)
  qualify row_number() over (
    partition by transaction_id, transaction_date
    order by transaction_timestamp desc, object desc, customer_id desc, transaction_type desc, amount desc, currency desc, status desc,
      merchant_id desc, merchant_name desc, merchant_category desc, country desc nulls last, channel desc, card_type desc, is_fraudulent desc,
      processing_time_ms desc nulls last
  ) = 1
)
select * exclude (object) from accepted anti join twice using (transaction_id, transaction_date)
union all
select * exclude (object) from ranked`

// readVectors makes raw_transactions of the objects.
func (p *Pipeline) readVectors(ctx context.Context, db *sql.DB) error {
	if !p.Declared {
		for _, path := range p.Objects {
			if err := p.sniff(ctx, db, path); err != nil {
				return err
			}
		}
	}
	if _, err := db.ExecContext(ctx, p.reading()); err != nil {
		return fmt.Errorf("read objects: %w", err)
	}
	return nil
}

// reading is the statements that make raw_transactions.
func (p *Pipeline) reading() string {
	declared := make([]string, len(rawColumns()))
	trimmed := make([]string, len(rawColumns()))
	for i, name := range rawColumns() {
		declared[i] = fmt.Sprintf("'%s': 'varchar'", name)
		trimmed[i] = fmt.Sprintf("nullif(trim(%[1]s, ' ' || chr(9)), '') as %[1]s", name)
	}
	how := "auto_detect = false, header = true, delim = ',', quote = '\"', escape = '\"', columns = {" + strings.Join(declared, ", ") + "}"
	if !p.Declared {
		how = "sample_size = -1, all_varchar = true"
	}
	parts := make([]string, len(p.Objects))
	for i, path := range p.Objects {
		parts[i] = fmt.Sprintf("select %d as object, * from read_csv('%s', %s)", i, path, how)
	}
	return "create temp view texts as " + strings.Join(parts, " union all ") + ";\n" + fmt.Sprintf(clean, strings.Join(trimmed, ", "))
}

// transforming is the statement that makes a dataset.
func (p *Pipeline) transforming(t Table) string {
	return "create temp table " + t.Dataset + " as " + p.Models[t.Dataset]
}

// Script is the vectorised transformation as a script for the duckdb shell. It makes
// the directories that the script writes to.
func (p *Pipeline) Script() (string, error) {
	statements := []string{p.reading()}
	for _, t := range Tables() {
		statements = append(statements, p.transforming(t))
	}
	for _, t := range Tables() {
		if err := os.MkdirAll(p.dataset(t), 0o755); err != nil {
			return "", err
		}
		statements = append(statements, p.storing(t))
	}
	return strings.Join(statements, "\n;\n") + "\n;\n", nil
}

// sniff has DuckDB find the types of an object from all its records.
func (p *Pipeline) sniff(ctx context.Context, db *sql.DB, path string) error {
	rows, err := db.QueryContext(ctx, fmt.Sprintf("select unnest(columns).type from sniff_csv('%s', sample_size = -1)", path))
	if err != nil {
		return fmt.Errorf("sniff %s: %w", path, err)
	}
	found := 0
	for rows.Next() {
		found++
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return fmt.Errorf("sniff %s: %w", path, err)
	}
	if found != len(rawColumns()) {
		return fmt.Errorf("sniff %s: %d columns", path, found)
	}
	return nil
}

// storing is a COPY that stores a dataset.
func (p *Pipeline) storing(t Table) string {
	options := "format csv, header false"
	if p.Parquet {
		options = "format parquet, compression snappy"
	}
	list := make([]string, 0, len(t.stored()))
	for _, c := range t.Columns {
		list = append(list, c.Name)
	}
	if t.dated || p.Partitioned {
		for _, part := range []string{"year", "month", "day"} {
			list = append(list, fmt.Sprintf("cast(%[1]s(transaction_date) as smallint) as %[1]s", part))
		}
	}
	to := p.dataset(t) + "/data" + p.extension()
	if p.Partitioned {
		to = p.dataset(t)
		options += fmt.Sprintf(", partition_by (year, month, day), write_partition_columns %t, overwrite_or_ignore true", t.dated)
	}
	return fmt.Sprintf("copy (select %s from %s) to '%s' (%s)", strings.Join(list, ", "), t.Dataset, to, options)
}
