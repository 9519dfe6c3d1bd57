package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/klauspost/compress/zstd"

	"ledgermill/engine"
)

// peakMemory is what a run may take at most, with the settings that it has where none
// are given.
const peakMemory = 1_500_000_000

// started runs the program as a process of its own, by a shell that sets the umask
// where one is given, and returns what it took at most of memory.
func (p *loans) started(want int, umask string, args ...string) (out string, peak int64) {
	p.Helper()
	if _, err := exec.LookPath("ledgermill"); err != nil {
		p.Skip("the tests' own main puts the program into the path")
	}
	args = append([]string{"ledgermill", "--project", p.dir}, args...)
	if umask != "" {
		args = append([]string{"sh", "-c", "umask " + umask + "; exec \"$@\"", "sh"}, args...)
	}
	cmd := exec.CommandContext(p.Context(), args[0], args[1:]...)
	cmd.Env = append(os.Environ(), "TMPDIR="+filepath.Join(p.dir, "tmp"), "XDG_CACHE_HOME="+filepath.Join(p.dir, "cache"), "LEDGERMILL_LAKE_SETTLE=0s")
	text, err := cmd.CombinedOutput()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		p.Fatal(err)
	}
	if exit := cmd.ProcessState.ExitCode(); exit != want {
		p.Fatalf("%v: exit %d, want %d\n%s", args, exit, want, text)
	}
	return string(text), cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss << 10
}

// poison are objects that no engine should have to read, by key.
func poison(t *testing.T) map[string]string {
	t.Helper()
	const head = "Loan No,lent_on,lent_at,desk,reader,book_no,fee\n"
	random := rand.New(rand.NewPCG(3, 3))
	noise := make([]byte, 3<<20)
	for i := range noise {
		noise[i] = byte(random.UintN(256))
	}
	packed := func(open func(io.Writer) (io.WriteCloser, error), head string, fill byte, n int) string {
		var b bytes.Buffer
		w, err := open(&b)
		if err == nil {
			_, err = io.WriteString(w, head)
		}
		block := bytes.Repeat([]byte{fill}, 1<<20)
		for range n {
			if err == nil {
				_, err = w.Write(block)
			}
		}
		if err != nil || w.Close() != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	gz := func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriterLevel(w, gzip.BestSpeed) }
	zst := func(w io.Writer) (io.WriteCloser, error) {
		return zstd.NewWriter(w, zstd.WithEncoderLevel(zstd.SpeedFastest))
	}
	objects := map[string]string{
		"noise.csv": string(noise), "noise.csv.gz": string(noise), "noise.json": string(noise), "noise.parquet": "PAR1" + string(noise) + "PAR1",
		"empty.csv": "", "cut.csv.gz": packed(gz, head, 'x', 1)[:1000], "cut.parquet": "PAR1" + string(noise[:1000]),
		"bomb.csv.gz": packed(gz, head, '\n', 1500), "bomb.csv.zst": packed(zst, head, ',', 3000), "bomb.json.gz": packed(gz, "[", ' ', 1500),
		"line.csv.zst": packed(zst, head, 'x', 3000), "bomb.parquet.gz": packed(gz, "PAR1", 0, 1500),
		"deep.json": "[" + strings.Repeat(`{"a":[`, 300_000), "wide.csv": strings.Repeat("a,", 3_000_000) + "\n",
		"keys.ndjson": manyKeys(), "array.json": `[{"loan_no":"1"} {`, "zeros.csv": strings.Repeat("\x00", 20<<20),
	}
	shared, err := filepath.Glob(filepath.Join("..", "..", "..", "shared", "data", "hostile", "parquet_bad", "*.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range shared {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		objects["shared "+filepath.Base(path)] = string(data)
	}
	if len(shared) == 0 {
		t.Log("the corrupt Parquet objects are not beside the repository")
	}
	return objects
}

func manyKeys() string {
	var b strings.Builder
	for i := range 20_000 {
		b.WriteString(`{"k` + strings.Repeat("x", i%50) + string(rune('a'+i%26)) + strings.Repeat("y", i/500) + `":1}` + "\n")
	}
	return b.String()
}

// TestPoisonBesideGoodDays sends a month of good days with all that is poison among
// them: the good days are published, each bad object has its reason, the process lives
// and keeps to its memory.
func TestPoisonBesideGoodDays(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("writes a hundred megabytes")
	}
	p := newLoans(t)
	if err := os.Mkdir(filepath.Join(p.dir, "tmp"), 0o700); err != nil {
		t.Fatal(err)
	}
	contract := filepath.Join(p.dir, "sql", "contracts", "raw_loans.sql")
	text, err := os.ReadFile(contract)
	if err != nil {
		t.Fatal(err)
	}
	edited := strings.Replace(string(text), "loans/*.csv{,.gz}", "loans/*.{csv,json,ndjson,parquet}{,.gz,.zst}", 1)
	if err := os.WriteFile(contract, []byte(edited), 0o600); err != nil || edited == string(text) {
		t.Fatal(err)
	}
	p.days(30, 20_000)
	good, err := filepath.Glob(filepath.Join(p.dir, "raw", "loans", "*.csv"))
	if err != nil {
		t.Fatal(err)
	}
	objects := poison(t)
	for key, content := range objects {
		if err := os.WriteFile(filepath.Join(p.dir, "raw", "loans", key), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, peak := p.started(engine.ExitRefused, "", "run", "--until", "lake") // of one all records are beyond the limit
	t.Logf("%d good and %d poisonous objects: at most %d MB of memory", len(good), len(objects), peak/1e6)
	if peak > peakMemory {
		t.Errorf("%d bytes of memory", peak)
	}
	for key := range objects {
		if !strings.Contains(out, "object refused loans/"+key+": ") {
			t.Errorf("%s is not refused:\n%s", key, out)
		}
	}
	rows, _ := p.started(engine.ExitDone, "", "query", "--on", "lake", "--format", "csv", "--sql", "select count(distinct lent_on), count(*) from loans where lent_on >= '2025-04-01'")
	if want := "30,600000"; !strings.Contains(rows, want) {
		t.Errorf("published %q, want %s", rows, want)
	}
	if again, _ := p.started(engine.ExitRefused, "", "run", "--until", "lake"); !strings.Contains(again, "object refused loans/noise.csv: ") {
		t.Errorf("the second run:\n%s", again)
	}
	var left []string
	err = filepath.WalkDir(filepath.Join(p.dir, "tmp"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			left = append(left, path)
		}
		return err
	})
	if left = append(left, p.staged()...); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// TestModes runs under a umask that takes nothing away: what is written is not for
// everybody, and only its owner may write to it.
func TestModes(t *testing.T) {
	t.Parallel()
	p := newLoans(t)
	if err := os.Mkdir(filepath.Join(p.dir, "tmp"), 0o777); err != nil {
		t.Fatal(err)
	}
	given := map[string]bool{}
	look := func(see func(path string, mode fs.FileMode)) {
		err := filepath.WalkDir(p.dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := d.Info()
			if err == nil {
				see(path, info.Mode())
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	look(func(path string, _ fs.FileMode) { given[path] = true })
	p.started(engine.ExitDone, "000", "run", "--until", "lake")
	p.started(engine.ExitDone, "000", "rejects", "export", "--feed", "raw_loans", "--output", filepath.Join(p.dir, "fix.csv"))
	p.started(engine.ExitDone, "000", "new", "contract", filepath.Join(p.dir, "raw", "loans", "2025-03-03.csv"), "--output", filepath.Join(p.dir, "raw_new.sql"), "--name", "new")
	p.started(engine.ExitDone, "000", "init", filepath.Join(p.dir, "other"))
	metrics := filepath.Join(p.dir, "night.prom")
	for output, format := range map[string]string{"night.json": "json", "night.txt": "text", "night.prom": "prometheus"} {
		p.started(engine.ExitDone, "000", "monitor", "--once", "--interval", "100ms", "--view", "batch", "--format", format, "--output", filepath.Join(p.dir, output),
			"--setting", "warehouse.private_directory="+filepath.Join(os.DevNull, "none"))
	}
	seen := map[string]bool{}
	look(func(path string, mode fs.FileMode) {
		if given[path] {
			return
		}
		seen[strings.SplitN(strings.TrimPrefix(path, p.dir+"/"), "/", 2)[0]] = true
		if path == metrics { // an exporter is another user's
			if mode.Perm() != 0o644 {
				t.Errorf("the metrics have the mode %v", mode)
			}
			return
		}
		if mode.Perm()&0o027 != 0 {
			t.Errorf("%s has the mode %v", strings.TrimPrefix(path, p.dir), mode)
		}
	})
	for _, part := range []string{"lake", "cache", "fix.csv", "raw_new.sql", "other", "night.json", "night.txt", "night.prom"} {
		if !seen[part] {
			t.Errorf("nothing was written to %s: %v", part, slices.Sorted(maps.Keys(seen)))
		}
	}
}
