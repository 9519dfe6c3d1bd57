package engine_test

import (
	"bytes"
	order "cmp"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"ledgermill/engine"
)

// reasonsContract has a rule of every kind. Of its three sections the second has
// first and last records, which are of text alone.
const reasonsContract = `-- about: fees
-- business date: paid_on
-- key conflict: latest by paid_at
-- control: sum(fee) by coin
-- private: reader
-- alias paid_at: at
-- objects: plain/**.{csv,ndjson,json,parquet}{,.gz,.zst}
-- objects: framed/*.csv
-- first record: 'HDR', _
-- last record: 'TRL', coin, count(*), sum(fee)
-- objects: bare/*.csv
-- csv: escape none
create table raw_fees (
  fee_no  varchar        not null,
  paid_on date           not null,
  paid_at timestamp,
  fee     decimal(18, 2) not null,
  coin    varchar        default 'EUR',
  reader  varchar,
  _record bigint         not null,
  constraint fee_positive check (fee > 0),
  primary key (fee_no)
);
`

func newReasons(t *testing.T, contract string) *bench {
	t.Helper()
	return newBench(t, fstest.MapFS{
		"sql/contracts/raw_fees.sql": &fstest.MapFile{Data: []byte(contract)},
		"sql/models/fees.sql":        &fstest.MapFile{Data: []byte("select paid_on, fee_no, paid_at, fee, coin, reader, _record from raw_fees\n")},
	})
}

const feesHeader = "fee_no,paid_on,at,fee,coin,reader\n"

// TestEveryRecordReason sends a record for every reason there is. Its reject says
// which record it is, why, and how it was sent; private fields are masked, and so is
// a record whose fields cannot be told apart.
func TestEveryRecordReason(t *testing.T) {
	t.Parallel()
	const day = ",2025-01-31,2025-01-31 10:00:00,"
	b := newReasons(t, reasonsContract)
	b.write("plain/a.csv", feesHeader+strings.Join([]string{
		"ok" + day + "1.00,GBP,ann",                          // 1
		"short" + day + "1.00,GBP",                           // 2
		"quoted" + day + `"1.00"x,GBP,ann`,                   // 3
		"latin" + day + "1.00,GBP,\xe9va",                    // 4
		"long" + day + strings.Repeat("1", 2_000_100) + ",,", // 5
		"typed" + day + "1.005,GBP,ann",                      // 6
		"dated,31/01/2025,,1.00,GBP,ann",                     // 7
		"," + day[1:] + "1.00,GBP,ann",                       // 8
		"check" + day + "-1.00,,ann",                         // 9
		"both" + day + "x,GBP,",                              // 10
		"ok" + day + "1.00,GBP,ann",                          // 11, as 1
		"ok,2025-01-31,2025-01-31 09:00:00,3.00,GBP,bob",     // 12, earlier
	}, "\n")+"\n")
	b.write("plain/b.ndjson", strings.Join([]string{
		`{"fee_no":"j1","paid_on":"2025-01-31","at":"2025-01-31 10:00:00","fee":2.50,"coin":null,"reader":"eve"}`,
		`{"fee_no":"j2","paid_on":"2025-01-31","fee":2.50`,
		`{"fee_no":"j3","fee_no":"j3"}`,
		`["j4"]`,
		`{"fee_no":"j5","paid_on":"2025-01-31","fee":"\ud800"}`,
		`{"fee_no":"j6","paid_on":"2025-01-31","fee":{"n":[1234567890123456.78]},"reader":"eve"}`,
		`{"paid_on":"2025-01-31","fee":1234567890123456.78}`,
	}, "\n"))
	parquetFile(t, b, "plain/c.parquet", `select * from (values
	  ('p1', date '2025-01-31', timestamp '2025-01-31 10:00:00', 1.00::decimal(9, 3), 'EUR', 'joe'),
	  ('p2', date '2025-01-31', null, 1.005, 'EUR', 'joe'),
	  ('p3', null, null, 1.00, 'EUR', 'joe'),
	  ('p4', date '2025-01-31', null, 1.00, 'E' || chr(0), 'joe'),
	  ('p5', date '2025-01-31', null, 1.00, 'EUR', 'j' || chr(0))) as t(fee_no, paid_on, "at", fee, coin, reader)`)
	b.write("bare/d.csv", feesHeader+"e1"+day+`1.00,"G\","ann"`+"\n"+"e2"+day+`1.00,"G""P","ann"`+"\n")
	if report := b.run(engine.Selection{}); report.Exit != engine.ExitDone {
		t.Fatalf("exit %d: %v", report.Exit, report.Verdicts)
	}
	raw := func(no, on, at, fee, coin, reader string) string {
		return fmt.Sprintf(`{"fee_no":%s,"paid_on":%s,"at":%s,"fee":%s,"coin":%s,"reader":%s}`, no, on, at, fee, coin, reader)
	}
	const on, at, gbp, masked, null = `"2025-01-31"`, `"2025-01-31 10:00:00"`, `"GBP"`, `"***"`, "null"
	want := []string{
		"bare/d.csv 2 84 quote|quote|***",
		"plain/a.csv 2 81 field_count|field_count|***",
		"plain/a.csv 3 127 quote|quote|***",
		"plain/a.csv 4 181 encoding|encoding|***",
		"plain/a.csv 5 231 line_too_long|line_too_long|***",
		"plain/a.csv 6 fee_type|fee_type,fee_required|" + raw(`"typed"`, on, at, `"1.005"`, gbp, masked),
		"plain/a.csv 7 paid_on_type|paid_on_type,paid_on_required|" + raw(`"dated"`, `"31/01/2025"`, null, `"1.00"`, gbp, masked),
		"plain/a.csv 8 fee_no_required|fee_no_required|" + raw(null, on, at, `"1.00"`, gbp, masked),
		"plain/a.csv 9 fee_positive|fee_positive|" + raw(`"check"`, on, at, `"-1.00"`, null, masked),
		"plain/a.csv 10 fee_type|fee_type,fee_required|" + raw(`"both"`, on, at, `"x"`, gbp, null),
		"plain/a.csv 12 key_conflict|key_conflict|",
		"plain/b.ndjson 2 104 json|json|***",
		"plain/b.ndjson 3 153 json|json|***",
		"plain/b.ndjson 4 183 json|json|***",
		"plain/b.ndjson 5 190 encoding|encoding|***",
		"plain/b.ndjson 6 fee_type|fee_type,fee_required|" + raw(`"j6"`, on, null, `"{\"n\":[\"1234567890123456.78\"]}"`, null, masked),
		"plain/b.ndjson 7 fee_no_required|fee_no_required|" + raw(null, on, null, `"1234567890123456.78"`, null, null),
		"plain/c.parquet 2 fee_type|fee_type,fee_required|" + raw(`"p2"`, on, null, `"1.005"`, `"EUR"`, masked),
		"plain/c.parquet 3 paid_on_required|paid_on_required|" + raw(`"p3"`, null, null, `"1.000"`, `"EUR"`, masked),
		"plain/c.parquet 4 encoding|encoding|" + raw(`"p4"`, on, null, `"1.000"`, `"E\u0000"`, masked),
		"plain/c.parquet 5 encoding|encoding|" + raw(`"p5"`, on, null, `"1.000"`, `"EUR"`, masked),
	}
	if d := cmp.Diff(want, rejects(t, b)); d != "" {
		t.Errorf("rejects (-want +got):\n%s", d)
	}
	if d := cmp.Diff("ok 1 1.00 GBP ann\ne1 1 1.00 G\\ ann\nj1 1 2.50 EUR eve\np1 1 1.00 EUR joe", inLake(t, b, "select fee_no, _record, fee, coin, reader from fees order by fee_no <> 'ok', fee_no")); d != "" {
		t.Errorf("published (-want +got):\n%s", d)
	}
}

// rejects are the rejected records that the lake shows: object, record, byte offset
// where it is known, reason, all reasons, raw text.
func rejects(t *testing.T, b *bench) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(filepath.Join(b.lake, "_rejects"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		for _, row := range lakeRows(t, b, "select object, coalesce(cast(record as varchar), '-'), byte_offset, reason, reasons, raw from read_parquet('"+path+"')") {
			if row[4] == "key_conflict" {
				row[5] = "" // typed values in place of the text: told elsewhere
			}
			all = append(all, strings.Join(strings.Fields(strings.Join(row[:4], " ")), " ")+"|"+row[4]+"|"+row[5])
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(all, func(a, b string) int {
		var objects [2]string
		var numbers [2]int
		for i, text := range []string{a, b} {
			if _, err := fmt.Sscan(text, &objects[i], &numbers[i]); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
		}
		return order.Or(strings.Compare(objects[0], objects[1]), numbers[0]-numbers[1])
	})
	return all
}

// parquetFile writes an object of what a statement gives.
func parquetFile(t *testing.T, b *bench, key, query string) {
	t.Helper()
	path := filepath.Join(b.input, filepath.FromSlash(key))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	inDuckDB(t, "copy ("+query+") to '"+path+"' (format parquet)")
}

// TestEveryObjectReason sends an object for every reason for which one is refused.
// The others are published all the same.
func TestEveryObjectReason(t *testing.T) {
	t.Parallel()
	const line = "a,2025-01-31,,1.00,GBP,ann\n"
	const csv = feesHeader + line
	b := newReasons(t, reasonsContract)
	b.maxObject = 1_000_000
	zst := func(text string) string {
		var packed bytes.Buffer
		w, err := zstd.NewWriter(&packed)
		if err == nil {
			_, err = w.Write([]byte(text))
		}
		if err != nil || w.Close() != nil {
			t.Fatal(err)
		}
		return packed.String()
	}
	half := func(text string) string { return text[:len(text)/2] }
	parquetFile(t, b, "plain/typed.parquet", "select 'a' as fee_no, date '2025-01-31' as paid_on, 1.5::double as fee, date '2025-01-31' as at, 'x' as coin, 'y' as reader")
	parquetFile(t, b, "plain/whole.parquet", "select 'w' || range as fee_no, date '2025-01-31' as paid_on, 1.5 as fee, null::timestamp as at, 'x' as coin, 'y' as reader from range(1000)")
	parquetFile(t, b, "plain/huge.parquet", "select 'w' || range as fee_no, date '2025-01-31' as paid_on, 1.5 as fee, null::timestamp as at, md5(range::varchar) as coin, 'y' as reader from range(40000)")
	data, err := os.ReadFile(filepath.Join(b.input, "plain/whole.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	whole := string(data)
	damaged := bytes.Clone(data)
	copy(damaged[4:], "damaged page") // the header of the first page
	want := map[string]string{}
	for _, c := range []struct{ key, text, reason, detail string }{
		{"plain/empty.csv", "", "header", "the object is empty"},
		{"plain/empty.ndjson", "", "header", "the object is empty"},
		{"plain/lacking.csv", "fee_no,paid_on,at,coin,reader\n", "header", "no column fee"},
		{"plain/lacking.ndjson", `{"fee_no":"a"}`, "header", "no column paid_on"},
		{"plain/twice.ndjson", `{"fee_no":"a","FeeNo":"b","paid_on":"2025-01-31","at":null,"fee":1,"coin":"","reader":""}`, "header", "2 columns for fee_no"},
		{"plain/typed.parquet", "", "header", "column fee is double in the object, and decimal(18, 2) in the contract"},
		{"framed/lying.csv", "HDR,1\n" + csv + "TRL,GBP,2,1.00\n", "trailer", "count(*) GBP: expected 2, read 1, missing 1"},
		{"framed/twice.csv", "HDR,1\n" + csv + line + "TRL,GBP,2,2.00\nTRL,GBP,2,2.00\n", "trailer", "two totals of GBP"},
		{"framed/halves.csv", "HDR,1\n" + csv + line + "TRL,GBP,1,1.00\nTRL,GBP,1,1.00\n", "trailer", "two totals of GBP"},
		{"framed/open.csv", "HDR,1\n" + csv, "truncated", "read the last record"},
		{"framed/beheaded.csv", csv + "TRL,GBP,1,1.00\n", "truncated", "read the first record"},
		{"plain/control.csv", csv, "control", "records: expected 2, read 1, missing 1"},
		{"plain/cut.csv.gz", half(gzipped(t, csv)), "truncated", "ends too early"},
		{"plain/cut.ndjson.zst", half(zst(strings.Repeat(`{"fee_no":"a"}`+"\n", 1000))), "truncated", "ends too early"},
		{"plain/cut.json", `[{"fee_no":"a","paid_on":"2025-01-31"`, "truncated", "the text ends inside it"},
		{"plain/broken.json", `[{"fee_no":"a"} {"fee_no":"b"}]`, "unreadable", "must follow it"},
		{"plain/cut.parquet", half(whole), "truncated", "does not end with PAR1"},
		{"plain/cut.parquet.gz", half(gzipped(t, whole)), "truncated", "ends too early"},
		{"plain/text.parquet", csv, "unreadable", "does not begin with PAR1"},
		{"plain/damaged.parquet", string(damaged), "unreadable", ""},
		{"plain/text.csv.gz", csv, "unreadable", "invalid header"},
		{"plain/bomb.csv.gz", gzipped(t, csv+strings.Repeat("\n", 2_000_000)), "too_large", "more than 1000000 bytes"},
		{"plain/bomb.json.zst", zst("[" + strings.Repeat(" ", 2_000_000)), "too_large", "more than 1000000 bytes"},
		{"plain/huge.parquet", "", "too_large", "more than 1000000 bytes"},
	} {
		if c.text != "" || strings.HasPrefix(c.key, "plain/empty") {
			b.write(c.key, c.text)
		}
		want[c.key] = c.reason + ": " + c.detail
	}
	b.write("plain/control.csv.control.json", `{"records": 2}`)
	report := b.run(engine.Selection{})
	if report.Exit != engine.ExitBalance {
		t.Errorf("exit %d", report.Exit)
	}
	state := b.open(false).State()
	for key, said := range want {
		o := state.Objects["raw_fees"][key]
		if o.Refused == nil {
			t.Errorf("%s is not refused: %+v", key, o)
			continue
		}
		reason, detail, _ := strings.Cut(said, ": ")
		if o.Refused.Reason != reason || !strings.Contains(o.Refused.Detail, detail) || o.Refused.Try == "" || strings.Contains(o.Refused.Detail, "\n") {
			t.Errorf("%s: %s: %s (try: %s), want %s", key, o.Refused.Reason, o.Refused.Detail, o.Refused.Try, said)
		}
		t.Logf("%-22s %-10s %s", key, o.Refused.Reason, o.Refused.Detail)
	}
	if o := state.Objects["raw_fees"]["plain/whole.parquet"]; o.Refused != nil || o.Records != 1000 {
		t.Errorf("the one that is whole: %+v", o)
	}

	// A greater limit is one that the same objects are held to.
	b.maxObject = 10_000_000
	b.run(engine.Selection{})
	state = b.open(false).State()
	for key, records := range map[string]int64{"plain/bomb.csv.gz": 1, "plain/huge.parquet": 40_000} {
		if o := state.Objects["raw_fees"][key]; o.Refused != nil || o.Records != records {
			t.Errorf("%s under a greater limit: %+v", key, o)
		}
	}
	if o := state.Objects["raw_fees"]["plain/bomb.json.zst"]; o.Refused == nil || o.Refused.Reason != "truncated" {
		t.Errorf("an array without an end, under a greater limit: %+v", o.Refused)
	}
}
