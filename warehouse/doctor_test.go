package warehouse_test

import (
	"strings"
	"testing"

	"ledgermill/warehouse"
)

// finding is one of a diagnosis: its level and its value.
func finding(t *testing.T, f *fixture, name string) string {
	t.Helper()
	d, err := f.Doctor(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range d.Findings {
		if one.Name == name {
			if one.Wanted == "" || one.Reason == "" {
				t.Errorf("%+v lacks what is wanted or why", one)
			}
			return string(one.Level) + " " + one.Value
		}
	}
	t.Fatalf("no finding %s", name)
	return ""
}

func TestDoctorReadsWhatSessionsGet(t *testing.T) {
	t.Parallel()
	f := open(t)
	name := f.one("select quote_ident(current_database())")
	cases := []struct{ setting, value, want string }{
		{"work_mem", "64MB", "ok 64MB"},
		{"work_mem", "15MB", "advice 15MB"},
		{"random_page_cost", "1.1", "ok 1.1"},
		{"random_page_cost", "2.5", "advice 2.5"},
		{"jit", "on", "advice on"},
		{"TimeZone", "Europe/Paris", "advice Europe/Paris"},
		{"idle_in_transaction_session_timeout", "10min", "ok 10min"},
		{"idle_in_transaction_session_timeout", "0", "advice 0"},
		{"default_statistics_target", "50", "advice 50"},
		{"effective_cache_size", "2GB", "ok 2GB"},
		{"max_parallel_workers_per_gather", "0", "advice 0"},
	}
	for _, c := range cases {
		f.exec("alter database " + name + " set " + c.setting + " = '" + c.value + "'")
		diff(t, c.setting+" "+c.value, c.want, finding(t, f, c.setting))
	}
	// The tests' server gives up what it may.
	diff(t, "fsync", "danger off", finding(t, f, "fsync"))
	diff(t, "encoding", "ok UTF8", finding(t, f, "encoding"))
	if f.Version() >= 17 {
		diff(t, "collation", "ok C.UTF-8", finding(t, f, "collation"))
	}
}

func TestDoctorPrintsReasons(t *testing.T) {
	t.Parallel()
	d := warehouse.Diagnosis{Version: "18.3", Server: "postgres://x", Findings: []warehouse.Finding{
		{Name: "a", Value: "1", Wanted: "2", Level: warehouse.Advice, Reason: "because"},
		{Name: "b", Value: "1", Wanted: "1", Level: warehouse.Fine, Reason: "not shown"},
		{Name: "c", Value: "off", Wanted: "on", Level: warehouse.Danger, Reason: "data"},
	}}
	var b strings.Builder
	if err := d.Text(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"because\n", "data\n", "3 settings looked at, 1 to think about, 1 dangerous; nothing was changed\n"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("text lacks %q:\n%s", want, b.String())
		}
	}
	if strings.Contains(b.String(), "not shown") {
		t.Errorf("the reason of what is well is printed:\n%s", b.String())
	}
}
