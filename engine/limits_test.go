package engine_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/klauspost/compress/zstd"

	"ledgermill/engine"
	"ledgermill/engine/contract"
	"ledgermill/engine/ledger"
	"ledgermill/engine/records"
)

// bomb is head and so many equal bytes behind it, packed. It is made without its text
// being in memory.
func bomb(t *testing.T, extension, head string, fill byte, n int64) string {
	t.Helper()
	var packed bytes.Buffer
	var w io.WriteCloser
	var err error
	switch extension {
	case ".gz":
		w, err = gzip.NewWriterLevel(&packed, gzip.BestSpeed)
	case ".zst":
		w, err = zstd.NewWriter(&packed, zstd.WithEncoderLevel(zstd.SpeedFastest))
	}
	if err == nil {
		_, err = io.WriteString(w, head)
	}
	block := bytes.Repeat([]byte{fill}, 1<<20)
	for left := n; left > 0 && err == nil; left -= int64(len(block)) {
		_, err = w.Write(block[:min(left, int64(len(block)))])
	}
	if err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	return packed.String()
}

// TestBombs: a compressed object of a ratio that records do not have is left behind
// its first 64 MiB, with its reason; neither memory nor disk sees the rest of it.
func TestBombs(t *testing.T) {
	t.Parallel()
	b := newReasons(t, reasonsContract)
	b.maxObject, b.maxRatio = 100_000_000_000, 200
	const text = 72 << 20
	b.write("plain/good.csv", feesHeader+"a,2025-01-31,,1.00,GBP,ann\n")
	want := map[string]string{}
	for key, object := range map[string]string{
		"plain/blank.csv.gz":        bomb(t, ".gz", feesHeader, '\n', text),
		"plain/one_line.csv.zst":    bomb(t, ".zst", feesHeader, '0', text),
		"plain/quoted.csv.gz":       bomb(t, ".gz", feesHeader+`"`, '\n', text),
		"plain/commas.csv.zst":      bomb(t, ".zst", feesHeader, ',', text),
		"plain/header.csv.gz":       bomb(t, ".gz", "", ',', text),
		"plain/spaces.json.gz":      bomb(t, ".gz", "[", ' ', text),
		"plain/deep.json.zst":       bomb(t, ".zst", `[{"fee_no":`, '[', text),
		"plain/string.ndjson.gz":    bomb(t, ".gz", `{"fee_no":"`, 'a', text),
		"plain/parquet.parquet.zst": bomb(t, ".zst", "PAR1", 0, text),
		"plain/parquet.parquet.gz":  bomb(t, ".gz", "PAR1", 0, text),
	} {
		b.write(key, object)
		want[key] = "too_large"
	}
	// The header ends before a bomb is one, and so does the element of an array.
	want["plain/header.csv.gz"], want["plain/deep.json.zst"] = "header", "unreadable"
	b.run(engine.Selection{})
	state := b.open(false).State()
	for key, reason := range want {
		o := state.Objects["raw_fees"][key]
		if o.Refused == nil || o.Refused.Reason != reason || o.Refused.Try == "" {
			t.Errorf("%s: %+v, want %s", key, o.Refused, reason)
			continue
		}
		if reason == "too_large" && (!strings.Contains(o.Refused.Detail, "over 200 times as many") || !strings.Contains(o.Refused.Try, "engine.max_ratio")) {
			t.Errorf("%s: %s (try: %s)", key, o.Refused.Detail, o.Refused.Try)
		}
	}
	if o := state.Objects["raw_fees"]["plain/good.csv"]; o.Refused != nil || o.Records != 1 {
		t.Errorf("the good one: %+v", o)
	}
	// Without the bound the text is read to its end, as the setting says.
	b.maxRatio = 0
	b.run(engine.Selection{})
	if o := b.open(false).State().Objects["raw_fees"]["plain/blank.csv.gz"]; o.Refused != nil || o.Records != 0 || o.Text != text+int64(len(feesHeader)) {
		t.Errorf("without a bound: %d records in %d bytes, %+v", o.Records, o.Text, o.Refused)
	}
}

// TestNestedArchive: an archive of archives is no format of ours. By its own name it
// is no object of a feed, by another one it is refused.
func TestNestedArchive(t *testing.T) {
	t.Parallel()
	inner := bomb(t, ".gz", "", 0, 64<<20)
	for range 4 {
		var outer bytes.Buffer
		w := zip.NewWriter(&outer)
		for i := range 16 {
			f, err := w.Create(fmt.Sprintf("lib %d.zip", i))
			if err == nil {
				_, err = io.WriteString(f, inner)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		inner = outer.String()
	}
	b := newReasons(t, reasonsContract)
	for _, name := range []string{"42.zip", "42.csv", "42.csv.gz", "42.csv.zst", "42.json", "42.ndjson", "42.parquet", "42.parquet.gz"} {
		b.write("plain/"+name, inner)
	}
	b.run(engine.Selection{})
	objects := b.open(false).State().Objects["raw_fees"]
	if len(objects) != 7 {
		t.Errorf("%d objects", len(objects))
	}
	for key, o := range objects {
		if o.Refused == nil && rejectedRecords(ledger.Sum(o.Cells))["json"]+rejectedRecords(ledger.Sum(o.Cells))["encoding"] == 0 {
			t.Errorf("%s: %+v", key, o)
		}
	}
}

// TestFixedLimits holds records and objects of exactly the size that is read against
// such of one more.
func TestFixedLimits(t *testing.T) {
	t.Parallel()
	b := newBench(t, fstest.MapFS{
		"sql/contracts/raw_t.sql": {Data: []byte("-- about: sizes\n-- optional: b\n-- objects: *.{csv,ndjson}\ncreate table raw_t (a varchar not null, b varchar);\n")},
		"sql/models/t.sql":        {Data: []byte("-- publish: whole\nselect a, b from raw_t\n")},
	})
	nested := func(n int) string { return `{"a":` + strings.Repeat("[", n-1) + strings.Repeat("]", n-1) + "}\n" }
	line := strings.Repeat("x", records.MaxRecord-2)
	want := map[string]string{ // records that are accepted and rejected, or why the object is refused
		"line.csv": "1 map[]", "line_over.csv": "0 map[line_too_long:1]",
		"line.ndjson": "1 map[]", "line_over.ndjson": "0 map[line_too_long:1]",
		"deep.ndjson": "1 map[]", "deep_over.ndjson": "0 map[json:1]",
		"fields.csv": "1 map[]", "fields_over.csv": "header: 1601 columns, of 1600 at most",
		"fields.ndjson": "1 map[]", "fields_over.ndjson": "header: 1601 columns, of 1600 at most",
	}
	b.write("line.csv", "a,b\n"+line+",x\n")
	b.write("line_over.csv", "a,b\n"+line+",xy\n")
	b.write("line.ndjson", `{"a":"`+strings.Repeat("x", records.MaxRecord-len(`{"a":""}`))+"\"}\n")
	b.write("line_over.ndjson", `{"a":1}`+"\n"+`{"a":"`+strings.Repeat("x", records.MaxRecord+1-len(`{"a":""}`))+"\"}\n")
	want["line_over.ndjson"] = "1 map[line_too_long:1]"
	b.write("deep.ndjson", nested(records.MaxDepth))
	b.write("deep_over.ndjson", `{"a":1}`+"\n"+nested(records.MaxDepth+1))
	want["deep_over.ndjson"] = "1 map[json:1]"
	columns := func(n int) string {
		names := make([]string, n)
		for i := range names {
			names[i] = fmt.Sprintf("c%d", i)
		}
		names[n-1] = "a"
		return strings.Join(names, ",") + "\n" + strings.Repeat(",", n-1) + "7\n"
	}
	members := func(n int) string {
		var text strings.Builder
		for i := range n - 1 {
			fmt.Fprintf(&text, `"c%d":1,`, i)
		}
		return "{" + text.String() + `"a":7}` + "\n"
	}
	b.write("fields.csv", columns(contract.MaxFields))
	b.write("fields_over.csv", columns(contract.MaxFields+1))
	b.write("fields.ndjson", members(contract.MaxFields))
	b.write("fields_over.ndjson", members(contract.MaxFields+1))
	b.run(engine.Selection{})
	objects := b.open(false).State().Objects["raw_t"]
	for key, said := range want {
		o := objects[key]
		got := ""
		if o.Refused != nil {
			got = o.Refused.Reason + ": " + o.Refused.Detail
		} else {
			cell := ledger.Sum(o.Cells)
			got = fmt.Sprint(cell.Accepted.Records, rejectedRecords(cell))
		}
		if got != said && !(o.Refused != nil && strings.HasPrefix(said, o.Refused.Reason+": ") && strings.HasSuffix(got, strings.TrimPrefix(said, "header: "))) {
			t.Errorf("%s: %s, want %s", key, got, said)
		}
	}
}

// TestRowsWithoutBytes: a Parquet object of runs of equal values holds any number of
// rows in a few kilobytes. Each value counts as a byte of text.
func TestRowsWithoutBytes(t *testing.T) {
	t.Parallel()
	b := newReasons(t, reasonsContract)
	b.maxObject = 3_000_000
	parquetFile(t, b, "plain/rows.parquet", "select 'w' as fee_no, date '2025-01-31' as paid_on, 1.5 as fee, null::timestamp as at, 'x' as coin, 'y' as reader from range(600000)")
	b.run(engine.Selection{})
	o := b.open(false).State().Objects["raw_fees"]["plain/rows.parquet"]
	if o.Refused == nil || o.Refused.Reason != "too_large" || o.Size > 100_000 {
		t.Errorf("%d bytes: %+v", o.Size, o.Refused)
	}
}
