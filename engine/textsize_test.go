package engine

import "testing"

func TestTextSize(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]int64{
		"a/b.csv": 10, "a/b.txt": 10, "a/b.ndjson": 10, "a/b.json": 10, "a/b.csv.gz": 60, "a/b.csv.zst": 60, "a/b.ndjson.GZ": 60, "a/b.parquet": 80, "a/b.parquet.gz": 80,
	} {
		if got := textSize(key, 10); got != want {
			t.Errorf("%s of 10 bytes: %d, want %d", key, got, want)
		}
	}
}
