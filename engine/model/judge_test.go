package model_test

import (
	"testing"

	"ledgermill/engine/contract"
	"ledgermill/engine/duckdb"
)

func newJudge(t testing.TB) contract.Judge {
	t.Helper()
	j, err := duckdb.NewJudge(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	})
	return j
}
