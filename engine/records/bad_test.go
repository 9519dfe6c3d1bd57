package records

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestBadList: a list of broken records is read again as they were sent.
func TestBadList(t *testing.T) {
	t.Parallel()
	text := "a,b\n1\n1,2\n1,\xff\n\"x,\n" + strings.Repeat("y", MaxRecord+1) + "\n\n1,\x00\x00\n1,2,3"
	var broken list
	rep, err := Scan(t.Context(), strings.NewReader(text), RFC4180(), &broken)
	if err != nil {
		t.Fatal(err)
	}
	long := int64(MaxRecord + 2)
	want := []Bad{
		{1, 4, 2, FieldCount, 1, "1"}, {3, 10, 4, Encoding, 2, "1,\uFFFD"}, {4, 14, 4, Quote, 0, `"x,`},
		{5, 18, long, LineTooLong, 0, strings.Repeat("y", maxRaw)}, {6, 19 + long, 5, Encoding, 2, "1,\uFFFD\uFFFD"}, {7, 24 + long, 5, FieldCount, 3, "1,2,3"},
	}
	if diff := cmp.Diff(want, broken.read(t, rep)); diff != "" {
		t.Errorf("(-want +got):\n%.2000s", diff)
	}
}

// TestDamagedBadList: what is no list, or ends within a record, is an error and never
// a shorter list.
func TestDamagedBadList(t *testing.T) {
	t.Parallel()
	var broken bytes.Buffer
	if _, err := Scan(t.Context(), strings.NewReader("a,b\nabc\n"), RFC4180(), &broken); err != nil {
		t.Fatal(err)
	}
	whole := broken.String()
	for name, damaged := range map[string]string{"no text": whole[:6], "cut text": whole[:len(whole)-1], "one number": whole[:1],
		"reason": "\x01\x04\x04\x05\x01\x00", "endless": "\x01\x04\x04\x00\x01\xff\xff\xff\xff\x0f", "number": strings.Repeat("\xff", 20)} {
		n, err := 0, error(nil)
		for _, err = range ReadBad(strings.NewReader(damaged)) {
			n++
		}
		if n != 1 || !errors.Is(err, errBadList) {
			t.Errorf("%s: %d records, %v", name, n, err)
		}
	}
}

// TestBadListFails: a list that cannot be written is an error of the scan.
func TestBadListFails(t *testing.T) {
	t.Parallel()
	full := errors.New("the disk is full")
	for name, text := range map[string]string{"at its end": "a,b\nx\n", "before": "a,b\n" + strings.Repeat("x\n", 100_000)} {
		if _, err := Scan(t.Context(), strings.NewReader(text), RFC4180(), fullDisk{full}); !errors.Is(err, full) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := ScanJSON(t.Context(), strings.NewReader(text), JSONOptions{}, fullDisk{full}); !errors.Is(err, full) {
			t.Errorf("JSON, %s: %v", name, err)
		}
	}
}

type fullDisk struct{ error }

func (f fullDisk) Write([]byte) (int, error) { return 0, f.error }

// TestMemoryOfBadRecords: what a scan leaves in memory does not depend on how many
// records are broken. Not parallel: it reads the process' heap.
func TestMemoryOfBadRecords(t *testing.T) {
	const lines = MaxBad - 1
	for name, scan := range map[string]func() (Report, error){
		"csv": func() (Report, error) {
			return Scan(t.Context(), io.MultiReader(strings.NewReader("a,b\n"), &endless{piece: "x\n", left: 2 * lines}), RFC4180(), io.Discard)
		},
		"json": func() (Report, error) {
			return ScanJSON(t.Context(), &endless{piece: "x\n", left: 2 * lines}, JSONOptions{}, io.Discard)
		},
	} {
		before := heap()
		rep, err := scan()
		used := heap() - before
		if err != nil || rep.Broken() != lines || len(rep.Bad) != 1 {
			t.Fatalf("%s: %v, %v", name, rep.Bad, err)
		}
		if used > 1<<20 {
			t.Errorf("%s: the report of %d broken records holds %d bytes", name, lines, used)
		}
		t.Logf("%s: %d bytes", name, used)
		runtime.KeepAlive(rep)
	}
}

// heap is how many bytes are in use.
func heap() int64 {
	runtime.GC()
	var now runtime.MemStats
	runtime.ReadMemStats(&now)
	return int64(now.HeapAlloc)
}
