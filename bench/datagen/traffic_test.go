package datagen_test

import (
	"slices"
	"strings"
	"testing"

	"ledgermill/bench/datagen"
)

func TestTrafficLooksLikeABank(t *testing.T) {
	t.Parallel()
	m, report := generate(t, options(func(o *datagen.Options) { o.RowsPerDay, o.Defects = 80_000, 0 }))
	records := sound(t, m.objects[report.Objects[0].Key])
	all := float64(len(records))
	count := func(is func(judged) bool) float64 {
		n := 0
		for _, r := range records {
			if is(r) {
				n++
			}
		}
		return float64(n)
	}
	share := func(column, value string) float64 {
		return count(func(r judged) bool { return r.values[column] == value }) / all
	}
	hours := func(from, to string) float64 {
		return count(func(r judged) bool {
			hour := r.values["transaction_timestamp"][11:13]
			return hour >= from && hour <= to
		}) / all
	}
	perCustomer, perMerchant := tally(records, "customer_id"), tally(records, "merchant_id")
	delete(perMerchant, "UNKNOWN")
	busy := count(func(r judged) bool { return perCustomer[r.values["customer_id"]] > 20 }) / all
	topTen := 0
	for i, n := range descending(perMerchant) {
		if i < 10 {
			topTen += n
		}
	}
	for _, c := range []struct {
		what           string
		got, low, high float64
	}{
		{"completed", share("status", "COMPLETED"), 0.945, 0.955},
		{"pending", share("status", "PENDING"), 0.017, 0.023},
		{"failed", share("status", "FAILED"), 0.017, 0.023},
		{"cancelled", share("status", "CANCELLED"), 0.008, 0.012},
		{"EUR", share("currency", "EUR"), 0.88, 0.95},
		{"USD", share("currency", "USD"), 0.01, 0.06},
		{"GBP", share("currency", "GBP"), 0.02, 0.08},
		{"labelled fraud", share("is_fraudulent", "true"), 0.001, 0.004},
		{"at night (0 to 5)", hours("00", "05"), 0.01, 0.05},
		{"at noon (11 to 13)", hours("11", "13"), 0.18, 0.26},
		{"of customers with more than 20", busy, 0.005, 0.09},
		{"of the ten first merchants", float64(topTen) / all, 0.05, 0.5},
		{"at the median merchant, of the first", float64(median(perMerchant)) / float64(descending(perMerchant)[0]), 0.0001, 0.1},
	} {
		t.Logf("%-40s %.4f", c.what, c.got)
		if c.got < c.low || c.got > c.high {
			t.Errorf("share %s is %.4f, want %g to %g", c.what, c.got, c.low, c.high)
		}
	}
}

// sound judges the records of an object and refuses to go on if one is not
// accepted.
func sound(t *testing.T, object []byte) []judged {
	t.Helper()
	var out []judged
	for _, line := range strings.Split(strings.TrimSpace(string(object)), "\n")[1:] {
		j := judge(line)
		if j.reason != "" {
			t.Fatalf("%s: %s", j.reason, line)
		}
		out = append(out, j)
	}
	return out
}

func tally(records []judged, column string) map[string]int {
	out := map[string]int{}
	for _, r := range records {
		out[r.values[column]]++
	}
	return out
}

func descending(m map[string]int) []int {
	var out []int
	for _, n := range m {
		out = append(out, n)
	}
	slices.SortFunc(out, func(a, b int) int { return b - a })
	return out
}

func median(m map[string]int) int { return descending(m)[len(m)/2] }

func TestAmountsFollowTheType(t *testing.T) {
	t.Parallel()
	m, report := generate(t, options(func(o *datagen.Options) { o.RowsPerDay, o.Defects = 50_000, 0 }))
	amounts := map[string][]int64{}
	for _, r := range sound(t, m.objects[report.Objects[0].Key]) {
		kind := r.values["transaction_type"]
		amounts[kind] = append(amounts[kind], r.cents.Int64())
	}
	middle := map[string]int64{}
	for kind, all := range amounts {
		slices.Sort(all)
		middle[kind] = all[len(all)/2]
		// Log-normal: the mean lies well above the median.
		var sum int64
		for _, amount := range all {
			sum += amount
		}
		if mean := sum / int64(len(all)); mean < middle[kind]*11/10 {
			t.Errorf("%s: mean %d, median %d", kind, mean, middle[kind])
		}
	}
	order := []string{"MOBILE_PAYMENT", "ONLINE_PURCHASE", "WITHDRAWAL", "TRANSFER", "DEPOSIT"}
	for i := range order[1:] {
		if middle[order[i]] >= middle[order[i+1]] {
			t.Errorf("median of %s %d is not below that of %s %d", order[i], middle[order[i]], order[i+1], middle[order[i+1]])
		}
	}
}

func TestWeekHasARhythm(t *testing.T) {
	t.Parallel()
	_, report := generate(t, options(func(o *datagen.Options) { o.Days, o.RowsPerDay = 14, 1000 }))
	byDate := map[string]int64{}
	for _, object := range report.Objects {
		byDate[object.Date] = object.Records
	}
	friday, sunday := byDate["2025-01-31"], byDate["2025-01-26"]
	if total := report.Total().Read.Records; total != 14_000 || friday <= sunday {
		t.Errorf("two weeks have %d records, Friday %d, Sunday %d", total, friday, sunday)
	}
}

func TestRecordsNameKnownCustomersAndMerchants(t *testing.T) {
	t.Parallel()
	m, report := generate(t, options(func(o *datagen.Options) { o.Defects, o.RowsPerDay = 0, 30_000 }))
	merchants, customers := dataset(t, m.objects["merchants/merchants.csv"]), dataset(t, m.objects["customers/customers.csv"])
	if len(merchants) != 150 || len(customers) != 3750 {
		t.Errorf("%d merchants and %d customers", len(merchants), len(customers))
	}
	quoted := 0
	for _, r := range sound(t, m.objects[report.Objects[0].Key]) {
		if _, ok := customers[r.values["customer_id"]]; !ok {
			t.Fatalf("unknown customer %s", r.values["customer_id"])
		}
		id := r.values["merchant_id"]
		if id == "UNKNOWN" {
			continue
		}
		want := merchants[id]
		if len(want) != 5 || r.values["merchant_name"] != want[1] || r.values["merchant_category"] != want[2] {
			t.Fatalf("merchant %s is %q, %s in a record and %q in the dataset", id, r.values["merchant_name"],
				r.values["merchant_category"], want)
		}
		if strings.ContainsAny(want[1], `,"`) {
			quoted++
		}
	}
	if quoted == 0 {
		t.Error("no name that CSV must quote")
	}
}

// dataset reads a whole dataset by its first column, which must be unique.
func dataset(t *testing.T, object []byte) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	for _, line := range strings.Split(strings.TrimSpace(string(object)), "\n")[1:] {
		fields, ok := parseLine(line)
		if !ok || out[fields[0]] != nil {
			t.Fatalf("line %q", line)
		}
		out[fields[0]] = fields
	}
	return out
}

func TestFraudScenariosShow(t *testing.T) {
	t.Parallel()
	m, report := generate(t, options(func(o *datagen.Options) { o.RowsPerDay, o.Defects = 80_000, 0 }))
	var tiny, night, fast int
	labelled := map[string]int{}
	for _, r := range sound(t, m.objects[report.Objects[0].Key]) {
		if r.values["is_fraudulent"] != "true" {
			continue
		}
		cents, hour := r.cents.Int64(), r.values["transaction_timestamp"][11:13]
		labelled[r.values["customer_id"]]++
		if cents < 2_00 {
			tiny++
		}
		if cents >= 800_00 && hour < "05" {
			night++
		}
	}
	for _, n := range labelled {
		if n > 20 {
			fast++
		}
	}
	if tiny < 25 || night < 10 || fast < 1 {
		t.Errorf("%d tiny tries, %d high amounts at night, %d customers in a rush", tiny, night, fast)
	}
}
