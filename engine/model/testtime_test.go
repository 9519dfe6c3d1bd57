package model_test

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine/model"
)

// timedProject has a dated, a monthly and a whole model with `test` lines on them.
func timedProject(day, month, whole string) fstest.MapFS {
	return fstest.MapFS{
		"sql/contracts/raw_a.sql": {Data: []byte("-- business date: d\n-- objects: a/*.csv\ncreate table raw_a (id bigint not null, d date not null, seen timestamp, primary key (id));\n")},
		"sql/contracts/raw_m.sql": {Data: []byte("-- business date: d\n-- partition: month\n-- objects: m/*.csv\ncreate table raw_m (id bigint not null, d date not null);\n")},
		"sql/contracts/raw_w.sql": {Data: []byte("-- objects: w/*.csv\ncreate table raw_w (id bigint not null, seen timestamp);\n")},
		"sql/models/a.sql":        {Data: []byte("-- grain: id\n" + day + "select id, d, seen from raw_a\n")},
		"sql/models/m.sql":        {Data: []byte(month + "select id, d from raw_m\n")},
		"sql/models/w.sql":        {Data: []byte(whole + "select id, seen from raw_w\n")},
	}
}

// TestTimedTests reads tests of freshness and of volume, and says which a run can make.
func TestTimedTests(t *testing.T) {
	t.Parallel()
	p := sound(t, timedProject("-- test: fresh seen within 90 minutes\n-- test: fresh within 2 days, warn\n-- test: rows within 30 % of the last 4 weeks, warn\n-- test: rows within 12.5 % of last 7 days\n",
		"-- test: rows within 20 % of last 3 months\n", "-- test: fresh seen within 1 day\n"))
	type said struct {
		Kind    string
		Age     time.Duration
		Percent string
		Last    int
		Step    model.Step
		Warn    bool
		ByRows  bool
		Clocked bool
	}
	var got []said
	for _, name := range []string{"a", "m", "w"} {
		for _, test := range p.Models[name].Tests {
			got = append(got, said{test.Kind.String(), test.Age, test.Percent, test.Last, test.Step, test.Warn, test.ByRows(), test.Clocked()})
		}
	}
	want := []said{
		{Kind: "unique", ByRows: true},
		{Kind: "freshness", Age: 90 * time.Minute, ByRows: true},
		{Kind: "freshness", Age: 48 * time.Hour, Warn: true, Clocked: true},
		{Kind: "row_count", Percent: "30", Last: 4, Step: model.Weeks, Warn: true},
		{Kind: "row_count", Percent: "12.5", Last: 7, Step: model.Days},
		{Kind: "row_count", Percent: "20", Last: 3, Step: model.Months},
		{Kind: "freshness", Age: 24 * time.Hour, Clocked: true},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("tests (-want +got):\n%s", d)
	}
}

// TestTimedFaults names what is wrong with tests of time.
func TestTimedFaults(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ day, month, whole, want string }{
		{day: "fresh seen", want: "`fresh` is `fresh column within 6 hours`"},
		{day: "fresh seen within 0 hours", want: "within nothing cannot hold"},
		{day: "fresh seeen within 6 hours", want: `a has no column seeen, did you mean "seen"?`},
		{day: "fresh id within 6 hours", want: "id is BIGINT, and neither a date nor a timestamp"},
		{day: "fresh seen within 6 hours, at most 3", want: "`fresh` takes no `at most`"},
		{day: "rows within 30 of last 7 days", want: "`rows within` is `rows within 30 % of last 7 days`"},
		{day: "rows within 30 % of last 0 days", want: "compares with one unit before at least"},
		{day: "rows within 30 % of last 7 days, at most 2", want: "`rows within` takes no `at most`"},
		{day: "rows within 30 % of last 2 months", want: "the units of a are of a day: compare with the last days"},
		{month: "rows within 30 % of last 7 days", want: "the units of m are of a month: compare with the last months"},
		{whole: "rows within 30 % of last 7 days", want: "w is whole: it has no units to compare"},
	} {
		line := func(test string) string {
			if test == "" {
				return ""
			}
			return "-- test: " + test + "\n"
		}
		err := faultsOf(t, timedProject(line(tt.day), line(tt.month), line(tt.whole)))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s%s%s: %v, want %s", tt.day, tt.month, tt.whole, err, tt.want)
		}
	}
}

// TestDataTestLimit reads `at most` of a data test.
func TestDataTestLimit(t *testing.T) {
	t.Parallel()
	files := timedProject("", "", "")
	files["sql/tests/few.sql"] = &fstest.MapFile{Data: []byte("-- on: a, warn, at most 3\nselect id from a where id < 0\n")}
	p := sound(t, files)
	if d := p.DataTests[0]; !d.Warn || d.AtMost != 3 || len(d.On) != 1 {
		t.Errorf("%+v", d)
	}
	files["sql/tests/few.sql"] = &fstest.MapFile{Data: []byte("-- on: a, at most 3 %\nselect id from a where id < 0\n")}
	if err := faultsOf(t, files); err == nil || !strings.Contains(err.Error(), "nothing that it could be a share of") {
		t.Error(err)
	}
}

// TestDifferences puts expected and made rows side by side.
func TestDifferences(t *testing.T) {
	t.Parallel()
	files := timedProject("", "", "")
	files["sql/tests/a_day.sql"] = &fstest.MapFile{Data: []byte(`-- test of: a, on 2025-01-31
create or replace table raw_a as
select * from (values (1, date '2025-01-31', timestamp '2025-01-31 10:00:00'), (2, date '2025-01-31', null)) as g (id, d, seen);
select * from (values (1, timestamp '2025-01-31 11:00:00'), (3, null)) as e (id, seen);
`)}
	p := sound(t, files)
	found, err := p.RunUnitTest(t.Context(), newBinder(t), p.UnitTests[0])
	if err != nil {
		t.Fatal(err)
	}
	want := []model.Difference{
		{Key: []string{"1"}, Columns: []string{"seen"}, Expected: []string{"2025-01-31 11:00:00"}, Made: []string{"2025-01-31 10:00:00"}},
		{Key: []string{"3"}, Columns: []string{"id"}, Expected: []string{"3"}, Made: []string{"2"}},
	}
	if d := cmp.Diff(want, found.Differences); d != "" {
		t.Errorf("differences (-want +got):\n%s", d)
	}
}

// TestSelectTests chooses tests by their names and by their datasets.
func TestSelectTests(t *testing.T) {
	t.Parallel()
	files := timedProject("", "", "")
	files["sql/tests/few.sql"] = &fstest.MapFile{Data: []byte("-- on: a\nselect id from a where id < 0\n")}
	files["sql/tests/m_test.sql"] = &fstest.MapFile{Data: []byte("-- test of: m, on 2025-01-31\nselect * from (values (1)) as e (id);\n")}
	p := sound(t, files)
	for pattern, want := range map[string]string{"": "1 [few] nil", "few": "0 [few]", "m_*": "1 []", "a": "0 [few] a", "m": "1 [] m", "+m": "1 [] raw_m,m"} {
		chosen, err := p.SelectTests(pattern)
		got := strings.TrimSpace(strings.Join([]string{string(rune('0' + len(chosen.Unit))), "[" + strings.Join(chosen.Data, " ") + "]", strings.Join(chosen.Datasets, ",")}, " "))
		if chosen.Datasets == nil {
			got += " nil"
		}
		if err != nil || got != want {
			t.Errorf("%s: %s, %v, want %s", pattern, got, err, want)
		}
	}
	if _, err := p.SelectTests("feww"); err == nil || !strings.Contains(err.Error(), `did you mean "few"?`) {
		t.Error(err)
	}
}

func sound(t *testing.T, files fstest.MapFS) *model.Project {
	t.Helper()
	p, _, err := load(t, files, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func faultsOf(t *testing.T, files fstest.MapFS) error {
	t.Helper()
	_, _, err := load(t, files, nil)
	return err
}
