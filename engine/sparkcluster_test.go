package engine_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ledgermill/engine"
	"ledgermill/engine/spark"
)

// cluster is a standalone Spark of one master and two workers on this machine.
type cluster struct {
	t       *testing.T
	home    string
	master  string
	workers []*exec.Cmd
}

var (
	masterAt   = regexp.MustCompile(`Starting Spark master at (spark://\S+)`)
	registered = regexp.MustCompile(`Successfully registered with master`)
)

func startCluster(t *testing.T, s spark.Settings) *cluster {
	t.Helper()
	c := &cluster{t: t, home: s.Home}
	_, m := c.start(masterAt, "org.apache.spark.deploy.master.Master", "--host", "127.0.0.1", "--port", "0", "--webui-port", "0")
	c.master = m[1]
	var starting sync.WaitGroup
	c.workers = make([]*exec.Cmd, 2)
	for i := range c.workers {
		starting.Go(func() {
			c.workers[i], _ = c.start(registered, "org.apache.spark.deploy.worker.Worker", "--host", "127.0.0.1", "--port", "0", "--webui-port", "0",
				"--cores", "1", "--memory", "1g", "--work-dir", t.TempDir(), c.master)
		})
	}
	starting.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return c
}

// start runs one of Spark's daemons until the test ends, and waits for a line.
func (c *cluster) start(ready *regexp.Regexp, args ...string) (*exec.Cmd, []string) {
	cmd := exec.Command(filepath.Join(c.home, "bin", "spark-class"), args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Env = append(os.Environ(), "SPARK_LOCAL_IP=127.0.0.1", "SPARK_LOCAL_DIRS="+c.t.TempDir(), "SPARK_DAEMON_MEMORY=256m",
		"SPARK_DAEMON_JAVA_OPTS=-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
	out, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		c.t.Errorf("start %s: %v", args[0], err)
		return nil, nil
	}
	c.t.Cleanup(func() { end(cmd) })
	lines, said := bufio.NewScanner(out), &strings.Builder{}
	for lines.Scan() {
		fmt.Fprintln(said, lines.Text())
		if m := ready.FindStringSubmatch(lines.Text()); m != nil {
			go io.Copy(io.Discard, out)
			return cmd, m
		}
	}
	c.t.Errorf("%s ended: %s", args[0], said)
	return nil, nil
}

// end kills a process and all that it started.
func end(cmd *exec.Cmd) {
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	_ = cmd.Wait() // that it was killed is known
}

// settings have an application run on the cluster.
func (c *cluster) settings(s spark.Settings) spark.Settings {
	s.Master = c.master
	s.Conf = map[string]string{"spark.executor.memory": "512m", "spark.executor.cores": "1", "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1",
		"spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "4", "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1",
		"spark.executor.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"}
	return s
}

// TestSparkClusterLosesAWorker: one of two workers is killed while models are made, and
// the accounts, the rejects and all files are those that DuckDB makes.
func TestSparkClusterLosesAWorker(t *testing.T) {
	s := findSpark(t)
	inLength(t)
	c := startCluster(t, s)
	b := newBench(t, bank())
	generate(t, b, 5_000, 2, "2025-01-31")
	want := b.run(engine.Selection{})
	other := b.onSpark(c.settings(s))
	m := other.open(true)
	var once sync.Once
	m.Progress = func(p engine.Progress) {
		if p.Step == "models" {
			once.Do(func() { go end(c.workers[0]) })
		}
	}
	report, err := m.Execute(t.Context(), engine.Selection{})
	if err := errors.Join(err, m.Close()); err != nil {
		t.Fatal(err)
	}
	if report.Exit != want.Exit {
		t.Errorf("exit %d, and %d with DuckDB", report.Exit, want.Exit)
	}
	if d := cmp.Diff(b.accounts(), other.accounts()); d != "" {
		t.Errorf("accounts (-duckdb +spark):\n%s", d)
	}
	if d := cmp.Diff(published(t, b.lake), published(t, other.lake)); d != "" {
		t.Errorf("files (-duckdb +spark):\n%s", d)
	}
}

// TestSparkDriverDies: nothing of the batch is published, and the next run, with the
// other engine, ends where an undisturbed one ends. The driver dies as a whole, or its
// Java alone, which the machine takes when it is out of memory: Python lives on. It is
// started as spark-defaults.conf says.
func TestSparkDriverDies(t *testing.T) {
	inLength(t)
	s := findSpark(t)
	defaults := t.TempDir()
	text := "spark.master local[2]\nspark.driver.extraJavaOptions -XX:TieredStopAtLevel=1 -Dby=defaults\n"
	if err := os.WriteFile(filepath.Join(defaults, "spark-defaults.conf"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	s.Master, s.Conf = "", nil
	for name, value := range map[string]string{"SPARK_CONF_DIR": defaults, "SPARK_HOME": defaults, "TZ": "Europe/Paris"} {
		t.Setenv(name, value)
	}
	b := lendingDesks(t, os.DirFS(libraryDir))
	pid := filepath.Join(t.TempDir(), "pid")
	real := s.Home
	s.Home = t.TempDir()
	script := fmt.Sprintf("#!/bin/sh\necho $$ > %s\nexec %s/bin/spark-submit \"$@\"\n", pid, real)
	if err := errors.Join(os.Mkdir(filepath.Join(s.Home, "bin"), 0o755), os.WriteFile(filepath.Join(s.Home, "bin", "spark-submit"), []byte(script), 0o755)); err != nil {
		t.Fatal(err)
	}
	b.run(engine.Selection{})
	for name, sign := range map[string]int{"as a whole": -1, "its Java alone": 1} {
		t.Run(name, func(t *testing.T) {
			other := b.onSpark(s)
			m := other.open(true)
			var once sync.Once
			m.Progress = func(p engine.Progress) {
				if p.Step == "models" {
					once.Do(func() {
						go killAtWork(t, pid, sign, filepath.Join(other.lake, "_staging", "*", "spark", "rows", "*", "_temporary"))
					})
				}
			}
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			_, err := m.Execute(ctx, engine.Selection{})
			var gone *spark.ApplicationError
			if !errors.As(err, &gone) {
				t.Errorf("got %v", err)
			}
			if err := m.Close(); err != nil {
				t.Error(err)
			}
			if made := published(t, other.lake); len(made) > 0 {
				t.Errorf("published %v", made)
			}
			other.onDuckDB().run(engine.Selection{})
			if d := cmp.Diff(published(t, b.lake), published(t, other.lake)); d != "" {
				t.Errorf("files (-undisturbed +repaired):\n%s", d)
			}
		})
	}
}

// killAtWork kills a process, or with -1 its group, once there is a file of a pattern:
// a statement is at work.
func killAtWork(t *testing.T, pid string, sign int, pattern string) {
	for found := []string(nil); len(found) == 0; found, _ = filepath.Glob(pattern) {
		if t.Context().Err() != nil {
			return
		}
		time.Sleep(time.Millisecond)
	}
	text, err := os.ReadFile(pid)
	if err != nil {
		t.Error(err)
		return
	}
	id := strings.TrimSpace(string(text))
	for file, want := range map[string]string{"cmdline": "-Dby=defaults", "environ": "TZ=UTC"} {
		all, err := os.ReadFile(filepath.Join("/proc", id, file))
		if err != nil || !slices.Contains(strings.Split(string(all), "\x00"), want) {
			t.Errorf("no %s in %s: %v", want, file, err)
		}
	}
	n, err := strconv.Atoi(id)
	if err == nil {
		err = syscall.Kill(sign*n, syscall.SIGKILL)
	}
	if err != nil {
		t.Error(err)
	}
}
