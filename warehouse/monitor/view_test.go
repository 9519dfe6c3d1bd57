package monitor_test

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"ledgermill/engine/sqltext"
	"ledgermill/warehouse/monitor"
)

// TestViews reads the views that the program carries, and holds their metrics to what
// promtool wants of names.
func TestViews(t *testing.T) {
	t.Parallel()
	views := theViews(t)
	want := []string{"overview", "batch", "tables", "indexes", "queries", "activity", "progress", "transactions", "lake", "replication", "doctor"}
	if got := monitor.Names(views); !slices.Equal(got, want) {
		t.Errorf("views %v, want %v", got, want)
	}
	seen := map[string]monitor.Metric{}
	for _, v := range views {
		if v.About == "" || len(v.Panels) == 0 {
			t.Errorf("view %s says nothing", v.Name)
		}
		for _, p := range v.Panels {
			for _, m := range p.Metrics {
				seen[m.Name] = m
				if own := strings.HasPrefix(m.Name, "ledgermill_"); own && m.Counter != strings.HasSuffix(m.Name, "_total") {
					t.Errorf("%s: counters, and they alone, end with _total", m.Name)
				} else if !own && !strings.HasPrefix(m.Name, "pg_") {
					t.Errorf("%s is nobody's name", m.Name)
				}
			}
		}
	}
	if names := monitor.MetricNames(views); len(names) != len(seen)+1 || names[0] > names[1] {
		t.Errorf("%d names of %d metrics", len(names), len(seen))
	}
}

// two are two panels with a metric each.
func two(first, second string) string {
	return "-- about: x\n-- panel: p\n-- key: a\n-- metric a: " + first + "\nselect 1;\n\n-- panel: q\n-- key: a\n-- metric a: " + second + "\nselect 2;\n"
}

// TestOneMetric compares metrics over all views, a project's and the mill's: what is the
// same may be in both.
func TestOneMetric(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{"09_mill_lake.sql": {Data: []byte("-- about: x\n-- panel: p\n-- key: a\n-- metric a: gauge m help\nselect 1;")},
		"12_own.sql": {Data: []byte("-- about: x\n-- panel: p\n-- key: a\n-- metric a: gauge m help\nselect 1;")}}
	if views, err := monitor.ReadViews(files); err != nil || len(views) != 2 {
		t.Fatal(err)
	}
	files["12_own.sql"].Data = []byte("-- about: x\n-- panel: p\n-- key: a\n-- metric a: gauge m my own\nselect 1;")
	var faults sqltext.Errors
	if _, err := monitor.ReadViews(files); !errors.As(err, &faults) || len(faults) != 1 || !strings.Contains(err.Error(), "12_own.sql:4:") || !strings.Contains(err.Error(), "09_mill_lake.sql:4:") {
		t.Errorf("%v", err)
	}
}

// TestViewFaults names what is wrong with a file and where.
func TestViewFaults(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ file, text, want string }{
		"name":       {"views.sql", "", `views.sql:1:1: is no name of a view`},
		"word":       {"01_a.sql", "-- about: x\n-- panel: p\n-- kye: a\nselect 1 as a;", `01_a.sql:3:4: .*kye`},
		"no key":     {"01_a.sql", "-- about: x\n\n-- panel: p\nselect 1 as a;", `01_a.sql:3:1: panel p needs .key.`},
		"two":        {"01_a.sql", "-- about: x\n-- panel: p\n-- key: a\nselect 1 as a; select 2;", `01_a.sql:2:1: panel p has 2 statements`},
		"none":       {"01_a.sql", "-- about: x\n-- panel: p\n-- key: a\n", `panel p has 0 statements`},
		"both":       {"01_a.sql", "-- about: x\n-- panel: p\n-- key: a\n-- source: run\nselect 1;", `panel p has a source and a statement`},
		"every":      {"01_a.sql", "-- about: x\n-- panel: p\n-- key: a\n-- every: often\nselect 1;", `01_a.sql:4:\d+: "often" is no time`},
		"limit":      {"01_a.sql", "-- about: x\n-- panel: p\n-- key: a\n-- limit: -1\nselect 1;", `is no number above 0`},
		"metric":     {"01_a.sql", "-- about: x\n-- panel: p\n-- key: a\n-- metric a: histogram b c\nselect 1;", `a metric is`},
		"help":       {"01_a.sql", "-- about: x\n-- panel: p\n-- key: a\n-- metric a: gauge b\nselect 1;", `a metric is`},
		"alarm":      {"01_a.sql", "-- about: x\n-- panel: p\n-- key: a\n-- alarm: yes\nselect 1;", `an alarm is`},
		"empty":      {"01_a.sql", "-- about: x\n-- panel: p\n-- key:\nselect 1;", "`key` needs a value"},
		"about":      {"01_a.sql", "-- key: x\n-- panel: p\n-- key: a\nselect 1;", "`about` stands above"},
		"same twice": {"01_a.sql", "-- about: x\n", `has the number or the name of`},
		"pg_up":      {"01_a.sql", "-- about: x\n-- panel: p\n-- key: a\n-- metric a: gauge pg_up b\nselect 1;", `01_a.sql:4:\d+: metric pg_up is the monitor's own`},
		"help twice": {"01_a.sql", two("gauge m help", "gauge m other"), `01_a.sql:9:\d+: metric m has another help or kind at 01_a.sql:4:\d+$`},
		"kind twice": {"01_a.sql", two("gauge m help", "counter m help"), `01_a.sql:9:\d+: metric m has another`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := fstest.MapFS{c.file: {Data: []byte(c.text)}, "README": {}}
			if name == "same twice" {
				files["01_mill_a.sql"] = files[c.file]
			}
			_, err := monitor.ReadViews(files)
			var faults sqltext.Errors
			if !errors.As(err, &faults) || !regexp.MustCompile(c.want).MatchString(err.Error()) {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
}

// TestSelect takes views by name and number.
func TestSelect(t *testing.T) {
	t.Parallel()
	views := theViews(t)
	chosen, err := monitor.Select(views, []string{"9", "batch"})
	if err != nil || !slices.Equal(monitor.Names(chosen), []string{"lake", "batch"}) {
		t.Errorf("%v, %v", monitor.Names(chosen), err)
	}
	var unknown *monitor.UnknownViewError
	if _, err = monitor.Select(views, []string{"12"}); !errors.As(err, &unknown) || unknown.ExitCode() != 2 || !strings.Contains(unknown.Try(), "overview") {
		t.Errorf("%v", err)
	}
	if all, err := monitor.Select(views, nil); err != nil || len(all) != len(views) {
		t.Errorf("%d views, %v", len(all), err)
	}
}
