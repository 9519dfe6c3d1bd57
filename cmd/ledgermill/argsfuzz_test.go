package main

import (
	"slices"
	"strings"
	"testing"
)

// FuzzFlagsFirst: moving the flags loses no argument and makes none up.
func FuzzFlagsFirst(f *testing.F) {
	for _, seed := range []string{"query top --on lake", "run 2025-01-31 --until lake", "help warehouse", "rejects show --limit 5 x -- --y", "--project x runs show 8c21", "- -- -"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		args := append([]string{"ledgermill"}, strings.Fields(line)...)
		got := flagsFirst((&app{}).command(), slices.Clone(args))
		if len(args) > 2 && args[1] == "help" {
			return // becomes COMMAND --help
		}
		slices.Sort(args)
		if slices.Sort(got); !slices.Equal(args, got) {
			t.Fatalf("%q became %q", args, got)
		}
	})
}
