package lake_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine/lake"
)

func TestUsages(t *testing.T) {
	t.Parallel()
	var objects []lake.Object
	for _, key := range []string{
		"facts/year=2025/month=12/day=1/part-0000.parquet", "facts/year=2025/month=12/day=31/part-0000.parquet", "facts/year=2025/month=2/part-0000.parquet",
		"yearly/year=2024/part-0000.parquet", "dim/part-0000.parquet", "_rejects/facts/year=2025/month=12/day=1/part-0000.parquet", "_ledger/00000000000000000001.json",
		"_ledger/00000000000000000050.checkpoint.json.zst", "loans/2025-03-03.csv.gz", "loans/20250304.CSV.GZ", "loans/2025/03/x.csv.gz", "loans/export_2025_04_01.csv",
		"loans/8202504019.csv", "alone.txt", "none", "year=2025/month=1/x.csv",
	} {
		objects = append(objects, lake.Object{Key: key, Size: 2})
	}
	want := []lake.Usage{
		{".", "", "", 1, 2}, {".", "csv", "2025-01", 1, 2}, {".", "txt", "", 1, 2},
		{"_ledger", "json", "", 1, 2}, {"_ledger", "json.zst", "", 1, 2}, {"_rejects/facts", "parquet", "2025-12", 1, 2},
		{"dim", "parquet", "", 1, 2}, {"facts", "parquet", "2025-02", 1, 2}, {"facts", "parquet", "2025-12", 2, 4},
		{"loans", "csv", "", 1, 2}, {"loans", "csv", "2025-04", 1, 2}, {"loans", "csv.gz", "2025-03", 3, 6}, {"yearly", "parquet", "2024", 1, 2},
	}
	if diff := cmp.Diff(want, lake.Usages(objects)); diff != "" {
		t.Errorf("usage (-want +got):\n%s", diff)
	}
}
