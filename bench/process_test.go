package bench_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"ledgermill/bench"
	"ledgermill/engine"
)

// runnerVariable holds the arguments of the program to measure, as JSON.
const runnerVariable = "MILL_BENCH_RUN"

// measured is what a runner says of its child.
type measured struct {
	Seconds float64
	Peak    int64 // bytes of memory at most
	Report  json.RawMessage
}

// runMeasured is the runner: a small process of its own, since a child inherits
// the peak of the process that started it, and a benchmark has grown large.
func runMeasured() (handled bool, exit int) {
	text := os.Getenv(runnerVariable)
	if text == "" {
		return false, 0
	}
	if err := runChild(text); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return true, 1
	}
	return true, 0
}

func runChild(text string) error {
	var args []string
	if err := json.Unmarshal([]byte(text), &args); err != nil {
		return err
	}
	var out, said bytes.Buffer
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdout, cmd.Stderr = &out, &said
	began := time.Now()
	err := cmd.Run()
	took := time.Since(began)
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", args[0], err, said.String())
	}
	peak := cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss
	if runtime.GOOS == "linux" {
		peak *= 1024 // kilobytes there, bytes elsewhere
	}
	return json.NewEncoder(os.Stdout).Encode(measured{Seconds: took.Seconds(), Peak: peak, Report: out.Bytes()})
}

// build builds the program that is measured.
func build(b *testing.B) string {
	b.Helper()
	program := filepath.Join(workDir(b), "ledgermill")
	if out, err := exec.CommandContext(b.Context(), "go", "build", "-o", program, "../cmd/ledgermill").CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	return program
}

// measureRuns runs the program on a fresh lake and database each time, after
// one run that does not count, and returns the times and the largest peak of
// memory in bytes. Only the program itself is timed: generation, databases and
// the server's start are not.
func measureRuns(b *testing.B, program string, server *server, in *input) (sample bench.Sample, peak int64) {
	b.Helper()
	runProgram(b, program, server, in)
	for b.Loop() {
		b.StopTimer()
		m := runProgram(b, program, server, in)
		sample, peak = append(sample, time.Duration(m.Seconds*float64(time.Second))), max(peak, m.Peak)
		b.StartTimer()
	}
	b.ReportMetric(float64(sample.Median().Nanoseconds()), "ns/op")
	return sample, peak
}

func runProgram(b *testing.B, program string, server *server, in *input) (m measured) {
	b.Helper()
	dir := workDir(b)
	database, drop := server.database(b)
	defer drop()
	root := filepath.Join(dir, "lake")
	args, err := json.Marshal([]string{program, "--project", dir, "run", "--format", "json"})
	if err != nil {
		b.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.CommandContext(b.Context(), self)
	cmd.Env = append(os.Environ(), runnerVariable+"="+string(args), "LEDGERMILL_INPUT="+in.dir, "LEDGERMILL_LAKE_ROOT="+root,
		"LEDGERMILL_LAKE_SETTLE=0s", "LEDGERMILL_WAREHOUSE_URL="+database.Reveal(), "LEDGERMILL_ENGINE_CACHE_DIRECTORY="+filepath.Join(dir, "cache"))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		b.Fatal(err)
	}
	var report engine.Report
	if err := json.Unmarshal(out, &m); err != nil {
		b.Fatal(err)
	}
	if err := json.Unmarshal(m.Report, &report); err != nil {
		b.Fatal(err)
	}
	if report.Exit != engine.ExitDone || report.Load == nil {
		b.Fatalf("the run ended with exit %d: %v", report.Exit, report.Verdicts)
	}
	compareLake(b, in, root)
	return m
}
