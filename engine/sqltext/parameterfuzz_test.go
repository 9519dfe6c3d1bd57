package sqltext_test

import (
	"testing"

	"ledgermill/engine/sqltext"
)

// FuzzParameters: a parameter's literal stands where it says, and the source with a
// literal bound has the same parameters.
func FuzzParameters(f *testing.F) {
	for _, seed := range []string{"select /* $a */ -5, /* $b */ date '2025-01-31' /*$a*/ -5", "/* $x */", "/* $n */ null /* $s */ 'it''s'", "/*$i*/interval '1 day'"} {
		f.Add(seed, "7")
	}
	f.Fuzz(func(t *testing.T, src, value string) {
		parameters, _ := sqltext.Parameters("f", src)
		values := map[string]string{}
		for _, p := range parameters {
			if p.Off < 0 || p.End > len(src) || p.Off >= p.End || p.Name == "" || p.Literal != src[p.Off:p.End] {
				t.Fatalf("%+v of %q", p, src)
			}
			values[p.Name] = value
		}
		bound, err := sqltext.Bind("f", src, values)
		if err != nil {
			return
		}
		again, _ := sqltext.Parameters("f", bound)
		if len(again) != len(parameters) {
			t.Fatalf("%q has %d parameters, and %q has %d", src, len(parameters), bound, len(again))
		}
	})
}
