package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// nightCanary is in the private column of a record that is rejected: it may be in the raw
// objects alone.
const nightCanary = "canary-0815-4711"

// nightObject is a raw object and what a reader that knows how it was made says of it.
type nightObject struct {
	text                        []byte
	control                     string
	read, accepted, dup, reject int
}

// nightInput are the objects of one version of the input, by key, and the loans that
// count, in cents by date and desk.
type nightInput struct {
	objects map[string]nightObject
	loans   map[string]map[string]int // cents by desk, by date
	counts  map[string]int            // loans by date
}

// makeNight writes the input down with all that is wrong with it. In the second version
// a day is corrected and has lost its defects, a new one brings a late loan of it, the
// catalogue has changed, and an object is torn.
func makeNight(version int) nightInput {
	in := nightInput{objects: map[string]nightObject{}, loans: map[string]map[string]int{}, counts: map[string]int{}}
	for day := 1; day <= 2+version; day++ {
		in.day(day, version)
	}
	in.objects["books/books.csv"] = nightObject{read: 2, accepted: 2, text: fmt.Appendf(nil, "book_no,title,shelf\nB0,Emma,A%d\nB1,Ivanhoe,\n", version)}
	in.objects["desks/desks.ndjson"] = nightObject{read: 2, accepted: 2, text: []byte("{\"desk\": \"north\", \"floor\": 1}\n{\"desk\": \"south\", \"floor\": 2}\n")}
	if version == 2 {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = z.Write(bytes.Repeat([]byte("L9,2025-05-09,2025-05-09 09:00:00,north,x,B0,1.00\n"), 99)) // to memory
		_ = z.Close()
		in.objects["loans/2025-05-09.csv.gz"] = nightObject{text: b.Bytes()[:b.Len()-9]}
	}
	return in
}

func (in nightInput) day(day, version int) {
	date := fmt.Sprintf("2025-05-%02d", day)
	o := nightObject{}
	var b bytes.Buffer
	line := func(format string, args ...any) { o.read++; fmt.Fprintf(&b, format+"\n", args...) }
	b.WriteString("Loan No,lent_on,lent_at,desk,reader,book_no,fee\n")
	for i := range 6 {
		cents := 100*day + 7*i
		if day == 2 {
			cents += version - 1 // what was corrected
		}
		desk := []string{"north", "south"}[i%2]
		line("L%d-%d,%s,%s 09:%02d:00,%s,reader %d,B%d,%d.%02d", day, i, date, date, i, desk, i, i%2, cents/100, cents%100)
		o.accepted++
		in.lend(date, desk, cents)
	}
	if day != 2 || version == 1 {
		o.dup, o.reject = 1, 6
		line("L%d-0,%s,%s 09:00:00,north,reader 0,B0,%d.00", day, date, date, day)
		line("L%d-1,%s,%s 08:00:00,south,reader 1,B1,9.00", day, date, date) // earlier than the one above
		line("D%d-1,%s,%s 10:00:00,north,%s,B0,1e3", day, date, date, nightCanary)
		line("D%d-2,%s,%s 10:00:00,north,%s,B0,99.00", day, date, date, nightCanary)
		line("D%d-3,31.02.2025,%s 10:00:00,north,%s,B0,1.00", day, date, nightCanary)
		line("D%d-4,%s,%s 10:00:00,north,%s,B0,1.00,more", day, date, date, nightCanary)
		line("D%d-5,%s,%s 10:00:00,,%s,B0,1.00", day, date, date, nightCanary)
	}
	if day == 4 {
		line("late,2025-05-02,2025-05-02 12:00:00,north,reader 9,B1,1.25")
		o.accepted++
		in.lend("2025-05-02", "north", 125)
		o.control = fmt.Sprintf(`{"records": %d}`, o.read)
	}
	o.text = b.Bytes()
	in.objects["loans/"+date+".csv"] = o
}

func (in nightInput) lend(date, desk string, cents int) {
	if in.loans[date] == nil {
		in.loans[date] = map[string]int{}
	}
	in.loans[date][desk] += cents
	in.counts[date]++
}

// write makes a directory hold the objects; what is there already keeps its inode and
// its times.
func (in nightInput) write(t *testing.T, dir string) {
	t.Helper()
	put := func(key string, data []byte) {
		path := filepath.Join(dir, filepath.FromSlash(key))
		if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, data) {
			return
		}
		err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path+".new", data, 0o644), os.Rename(path+".new", path))
		if err != nil {
			t.Fatal(err)
		}
	}
	for key, o := range in.objects {
		put(key, o.text)
		if o.control != "" {
			put(key+".control.json", []byte(o.control))
		}
	}
}

func sortedNames[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// desks are "date desk cents" lines, in order.
func (in nightInput) desks() string {
	var lines []string
	for date, desks := range in.loans {
		for desk, cents := range desks {
			lines = append(lines, fmt.Sprintf("%s %s %d", date, desk, cents))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
