package lake

import (
	"cmp"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Usage is what the objects of a dataset, format and month take.
type Usage struct {
	Dataset string `json:"dataset"` // first segment of the keys; "." where there is none
	Format  string `json:"format"`  // parquet, csv.gz, ...; "" where the name has no ending
	Month   string `json:"month"`   // 2025-12, or 2025 of year units; "" where the key has no date
	Objects int64  `json:"objects"`
	Bytes   int64  `json:"bytes"`
}

// Usages adds up objects, in order of dataset, format and month.
func Usages(objects []Object) []Usage {
	sums := map[Usage]*Usage{}
	for _, o := range objects {
		group := Usage{Dataset: datasetOf(o.Key), Format: formatOf(o.Key), Month: monthOf(o.Key)}
		if sums[group] == nil {
			sums[group] = &Usage{Dataset: group.Dataset, Format: group.Format, Month: group.Month}
		}
		sums[group].Objects++
		sums[group].Bytes += o.Size
	}
	out := make([]Usage, 0, len(sums))
	for _, u := range slices.Collect(maps.Values(sums)) {
		out = append(out, *u)
	}
	slices.SortFunc(out, func(a, b Usage) int {
		return cmp.Or(Compare(a.Dataset, b.Dataset), cmp.Compare(a.Format, b.Format), cmp.Compare(a.Month, b.Month))
	})
	return out
}

// datasetOf is the first segment of a key, and the second of rejects and of what is
// kept of former versions.
func datasetOf(key string) string {
	first, rest, nested := strings.Cut(key, "/")
	switch second, _, deeper := strings.Cut(rest, "/"); {
	case !nested, strings.Contains(first, "="):
		return "."
	case (first == "_rejects" || first == "_kept") && deeper:
		return path.Join(first, second)
	}
	return first
}

func formatOf(key string) string {
	name := path.Base(key)
	ending := path.Ext(name)
	if packed := strings.ToLower(ending); packed == ".gz" || packed == ".zst" || packed == ".zip" {
		ending = path.Ext(strings.TrimSuffix(name, ending)) + ending
	}
	return strings.ToLower(strings.TrimPrefix(ending, "."))
}

// What a key says of its month: hive directories, or a date in it.
var (
	hiveMonth = regexp.MustCompile(`(?:^|/)year=(\d{4})(?:/month=(\d{1,2}))?(?:/|$)`)
	dateMonth = regexp.MustCompile(`(?:^|\D)((?:19|20)\d{2})[-_/]?(0[1-9]|1[0-2])(?:\D|$|[0-3]\d(?:\D|$))`)
)

func monthOf(key string) string {
	if m := hiveMonth.FindStringSubmatch(key); m != nil {
		if m[2] == "" {
			return m[1]
		}
		return m[1] + "-" + strings.Repeat("0", 2-len(m[2])) + m[2]
	}
	if m := dateMonth.FindStringSubmatch(key); m != nil {
		return m[1] + "-" + m[2]
	}
	return ""
}
