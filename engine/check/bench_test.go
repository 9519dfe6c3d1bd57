package check_test

import (
	"fmt"
	"testing"
	"testing/fstest"
)

// hundred is a project of so many files: two contracts and models in ten columns, each
// upon the one before.
func hundred(t testing.TB) fstest.MapFS {
	t.Helper()
	files := sound(t)
	for i := 0; len(files) < 100; i++ {
		below := "payments"
		if i >= 10 {
			below = fmt.Sprintf("step_%02d", i-10)
		}
		files[fmt.Sprintf("sql/models/step_%02d.sql", i)] = &fstest.MapFile{Data: fmt.Appendf(nil, `-- about: step %d of many
-- grain: payment_id
-- test: not null amount, currency
-- test: amount <> 0

with ranked as (
  select
    payment_id, booked_on, booked_at, account, amount, currency, note,
    row_number() over (partition by account order by booked_at, payment_id) as n,
    sum(amount) over (partition by account order by booked_at, payment_id rows between unbounded preceding and current row) as running
  from %s
),

totals as (
  select currency, cast(sum(amount) as decimal(18, 2)) as total, count(*) as payments
  from ranked
  group by currency
)

select
  r.payment_id, r.booked_on, r.booked_at, r.account,
  case when r.n > 20 then r.amount else -r.amount end as amount,
  r.currency,
  coalesce(r.note, 'step %d') as note
from ranked as r
inner join totals as t on r.currency = t.currency
where r.running > /* $least_%d */ 0 and t.payments > 1
`, i, below, i, i)}
	}
	return files
}

// BenchmarkHundredFiles checks a project of a hundred files, databases opened anew.
func BenchmarkHundredFiles(b *testing.B) {
	files := hundred(b)
	for b.Loop() {
		if r := run(b, files, ""); len(r.Findings) > 0 {
			b.Fatal(printed(b, r))
		}
	}
}

// TestHundredFiles: the benchmark's project has nothing wrong with it.
func TestHundredFiles(t *testing.T) {
	t.Parallel()
	files := hundred(t)
	if r := run(t, files, ""); len(files) != 100 || len(r.Findings) > 0 {
		t.Errorf("%d files:\n%s", len(files), printed(t, r))
	}
}
