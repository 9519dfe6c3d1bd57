package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestFlagsFirst moves flags before arguments, and nothing else.
func TestFlagsFirst(t *testing.T) {
	t.Parallel()
	for _, c := range [][2]string{
		{"", ""},
		{"run", "run"},
		{"--project p run --date d", "--project p run --date d"},
		{"query name --on lake", "query --on lake name"},
		{"query name --on=lake other", "query --on=lake name other"},
		{"query - --on lake", "query --on lake -"},
		{"query --sql query name", "query --sql query name"},
		{"runs show id --project p", "runs show --project p id"},
		{"runs --project p show id", "runs --project p show id"},
		{"--project run run", "--project run run"},
		{"render loans --shell again --project p", "render --shell --project p loans again"},
		{"render --project p -- --odd", "render --project p -- --odd"},
		{"render one --project p -- --odd", "render --project p one -- --odd"},
		{"run extra --bogus x", "run --bogus extra x"},
		{"query name --set", "query --set name"},
		{"query name --limit -5", "query --limit -5 name"},
		{"nothing --project p", "--project p nothing"},
		{"help run", "run --help"},
		{"help runs show", "runs show --help"},
		{"help nothing", "help nothing"},
		{"run help", "run help"},
	} {
		args := append([]string{"ledgermill"}, strings.Fields(c[0])...)
		want := append([]string{"ledgermill"}, strings.Fields(c[1])...)
		if d := cmp.Diff(want, flagsFirst((&app{}).command(), args)); d != "" {
			t.Errorf("%s (-want +got):\n%s", c[0], d)
		}
	}
}
