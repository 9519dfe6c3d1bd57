package engine_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine"
)

// members is a feed with a private column that is sent, and one that is read out of a
// field.
func members() fstest.MapFS {
	return fstest.MapFS{
		"sql/contracts/raw_members.sql": {Data: []byte(`-- private: reader, city
-- alias reader: who
-- read city: json_extract_string("address", '$.city')
-- objects: members/*.{csv,ndjson,parquet}
create table raw_members (id varchar not null, reader varchar, city varchar, note varchar, fee decimal(9, 2), primary key (id));
`)},
		"sql/models/members.sql": {Data: []byte("-- grain: id\nselect id, reader, city, note, fee from raw_members\n")},
	}
}

// sendMembers are records with the mask of a reject in every place where one can be.
func sendMembers(b *bench) {
	const header = "_reject_id,_reject_reasons,id,who,address,note,fee\n"
	const fixed = "0123456789abcdef,fee_type,"
	b.write("members/1.csv", header+strings.Join([]string{
		fixed + `whole,ann,"{""city"": ""Bern""}",***,1`, // the note is not private
		fixed + "name,***,,,1",
		fixed + `city,ann,***,,1`,
		fixed + "blanks, *** ,,,1",
		fixed + "fee,***,,,x",
		fixed + "stars,****,,,1",
		"1.2E+15,,mangled,***,,,1", // what a spreadsheet makes of some ids
		",,added,***,,,1",          // by hand: it closes nothing
	}, "\n")+"\n")
	b.write("members/2.csv", "id,who,address,note,fee\nsent,***,,,1\n") // so called by the sender
	b.write("members/3.ndjson", `{"_reject_id":"0123456789abcdef","id":"json","who":"***","address":null,"note":"","fee":1}`+"\n"+
		`{"id":"own","who":"***","address":null,"note":"","fee":1}`+"\n")
	parquetFile(b.t, b, "members/4.parquet", "select '0123456789abcdef' as _reject_id, 'parquet' as id, '***' as who, '' as address, '' as note, 1.00 as fee")
}

// TestMaskIsNoCorrection: a record that is sent again to close a reject, with the mask
// of the reject in place of a private text, is rejected, and the run says what to do. A
// text of *** that closes no reject is a text like any other.
func TestMaskIsNoCorrection(t *testing.T) {
	t.Parallel()
	b := newBench(t, members())
	sendMembers(b)
	report := b.run(engine.Selection{})
	if d := cmp.Diff("added ***\nown ***\nsent ***\nstars ****\nwhole ann", inLake(t, b, "select id, reader from members order by id")); d != "" {
		t.Errorf("published (-want +got):\n%s", d)
	}
	want := map[string]string{"name": "masked", "city": "masked,city_type", "blanks": "masked", "fee": "masked,fee_type", "mangled": "masked", "json": "masked", "parquet": "masked"}
	got := map[string]string{}
	for _, row := range lakeRows(t, b, "select json_extract_string(raw, '$.id'), reasons, raw from read_parquet('"+b.lake+"/_rejects/raw_members/**/*.parquet')") {
		got[row[0]] = row[1]
		if strings.Contains(row[2], "ann") {
			t.Errorf("%s shows a private text: %s", row[0], row[2])
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("rejects (-want +got):\n%s", d)
	}
	var text strings.Builder
	if err := report.Text(&text); err != nil {
		t.Fatal(err)
	}
	for _, said := range []string{
		"rejected raw_members: 7 records came back with the mask *** in a private column\n",
		"try: put the real values back and send the object again; which: ledgermill rejects show --feed raw_members --reason masked\n",
	} {
		if !strings.Contains(text.String(), said) {
			t.Errorf("the report lacks %q:\n%s", said, text.String())
		}
	}
}

// TestSparkAgreesOnMasks: Spark finds the same records.
func TestSparkAgreesOnMasks(t *testing.T) {
	s := findSpark(t)
	inLength(t)
	b := newBench(t, members())
	sendMembers(b)
	agree(t, b, s)
}
