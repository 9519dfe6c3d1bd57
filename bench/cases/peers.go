package cases

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"ledgermill/bench"
	"ledgermill/bench/peers"
	"ledgermill/bench/pipeline"
	"ledgermill/bench/result"
)

// warmRuns is how often a JVM does the work before it counts as warm.
const warmRuns = 5

// peerSuite does the same work by other programs.
type peerSuite struct {
	floorSuite
}

// peersOf compares how long others take for what the mill does: the lake, and the lake
// with the load. Rows must be the same.
func peersOf(p bench.Place, project fs.FS) bench.Suite {
	s := &peerSuite{floorSuite{data: dataOf(p), project: project}}
	make := func(name, work, program, start, answers string, missing func() string, ready func(context.Context) (*bench.Trial, error)) bench.Case {
		c := bench.Case{Name: name, Answers: answers, Same: work, Missing: missing, Ready: ready, Repeats: map[bool]int{true: warmRuns}[start == "warm"],
			Parameters: []result.Pair{{Name: result.Work, Value: work}, {Name: result.Program, Value: program}, {Name: result.Start, Value: start}}}
		if program != "ledgermill" {
			c.Against = []result.Comparison{{Kind: result.Peer, Case: "ledgermill-" + work}}
		}
		return c
	}
	noSpark := func() string { _, err := peers.FindSpark(context.Background()); return peers.Missing(err) }
	noDriver := func() string { _, err := peers.FindDriver(context.Background()); return peers.Missing(err) }
	noShells := func() string { _, _, err := peers.FindShells(); return peers.Missing(err) }
	return bench.Suite{Name: "peers", Weight: 12, Server: true, Answers: "How long do other programs take for the same rows?",
		Prepare: s.prepare,
		Cases: []bench.Case{
			make("ledgermill-lake", "lake", "ledgermill", "cold", "the mill makes the lake, with its accounts, audits and tests", nil, s.lakePart),
			make("spark-lake", "lake", "ledgermill on spark", "cold", "the mill makes the lake, with its accounts, audits and tests, and has Spark evaluate the SQL", noSpark, s.onSpark),
			make("pyspark-lake-cold", "lake", "pyspark", "cold", "PySpark makes the same rows, from the start of Python and the JVM on", noSpark, s.sparkCold(false)),
			make("pyspark-lake-warm", "lake", "pyspark", "warm", "PySpark makes the same rows again in a JVM that has made them five times", noSpark, s.sparkWarm),
			make("duckdb-lake", "lake", "duckdb and psql", "cold", "a script for the duckdb shell makes the same rows, keeping no accounts", noShells, s.scripts(false)),
			make("ledgermill-load", "load", "ledgermill", "cold", "the mill makes the lake and loads the warehouse", nil, func(ctx context.Context) (*bench.Trial, error) { return s.productTrial(ctx, project) }),
			make("pyspark-load-cold", "load", "pyspark", "cold", "PySpark makes the lake and loads heaps by JDBC on every core; their indexes are built afterwards", noDriver, s.sparkCold(true)),
			make("duckdb-load", "load", "duckdb and psql", "cold", "scripts for duckdb and psql make the lake and load frozen leaves from files of the server, one psql a core", noShells, s.scripts(true)),
		}}
}

func (s *peerSuite) prepare(ctx context.Context) error {
	if err := s.makeTemplate(ctx, s.project); err != nil {
		return err
	}
	if err := os.WriteFile(s.job(), peers.Job, 0o600); err != nil {
		return err
	}
	files, err := fs.Sub(s.project, "sql/models")
	if err != nil {
		return err
	}
	if err := os.RemoveAll(s.models()); err != nil {
		return err
	}
	return os.CopyFS(s.models(), files)
}

func (s *peerSuite) job() string    { return filepath.Join(s.dir(), "pyspark_job.py") }
func (s *peerSuite) models() string { return filepath.Join(s.dir(), "models") }

// spark is the command of the job, into a directory.
func (s *peerSuite) spark(ctx context.Context, found peers.Spark, dir string, more ...string) *exec.Cmd {
	arguments := append([]string{s.job(), "--input", filepath.Join(s.input(), "transactions", "*.csv"), "--models", s.models(), "--output", filepath.Join(dir, "lake")}, more...)
	cmd := exec.CommandContext(ctx, found.Python, arguments...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "SPARK_LOCAL_DIRS="+dir, "PYSPARK_PYTHON="+found.Python, "JDBC_URL=") // not what the shell has for another database
	return cmd
}

// measured runs a command and notes the memory of all its processes.
func measured(cmd *exec.Cmd, sample *result.Sample) error {
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		return err
	}
	family := bench.Follow(cmd.Process.Pid)
	err := cmd.Wait()
	sample.PeakRSS = max(sample.PeakRSS, family.Peak())
	if err != nil {
		return fmt.Errorf("%s: %w: %s", filepath.Base(cmd.Path), err, lastWords(said.String()))
	}
	return nil
}

func lastWords(text string) string {
	text = strings.TrimSpace(text)
	return text[max(0, len(text)-1500):]
}

// storedBy are the tables as another program has stored them.
func storedBy(dir string) func(pipeline.Table) string {
	return func(t pipeline.Table) string { return published(filepath.Join(dir, "lake"), t) }
}

// checkLake is lakeFigures for a lake alone.
func (s *peerSuite) checkLake(dir string) func(context.Context, *result.Sample) error {
	return func(ctx context.Context, sample *result.Sample) error {
		all, err := s.lakeFigures(ctx, sample, filepath.Join(dir, "lake"), storedBy(dir))
		sample.Hash = pipeline.Combine(all...)
		return err
	}
}

func (s *peerSuite) sparkCold(load bool) func(context.Context) (*bench.Trial, error) {
	return func(ctx context.Context) (*bench.Trial, error) {
		found, err := peers.FindSpark(ctx)
		if err != nil {
			return nil, err
		}
		dir, err := s.scratch()
		if err != nil {
			return nil, err
		}
		if !load {
			return &bench.Trial{
				Run: func(ctx context.Context, sample *result.Sample) error {
					return measured(s.spark(ctx, found, dir), sample)
				},
				Check: s.checkLake(dir),
				Close: func(context.Context) error { return os.RemoveAll(dir) },
			}, nil
		}
		return s.sparkLoad(ctx, found, dir)
	}
}

// sparkLoad loads one heap a table, and builds the indexes when the rows are there:
// JDBC knows no leaves.
func (s *peerSuite) sparkLoad(ctx context.Context, found peers.Spark, dir string) (*bench.Trial, error) {
	url, drop, err := s.database(ctx, dir)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	closing := func(ctx context.Context) error { return errors.Join(drop(ctx), os.RemoveAll(dir)) }
	p := &pipeline.Pipeline{URL: url, Switches: pipeline.Switches{IndexLast: true}}
	parsed, err := pgx.ParseConfig(url)
	if err := errors.Join(err, p.Prepare(ctx)); err != nil {
		return nil, errors.Join(err, closing(ctx))
	}
	jdbc := fmt.Sprintf("jdbc:postgresql://%s:%d/%s?user=%s&password=%s&reWriteBatchedInserts=true&stringtype=unspecified", parsed.Host, parsed.Port, parsed.Database, parsed.User, parsed.Password)
	return &bench.Trial{
		Run: func(ctx context.Context, sample *result.Sample) error {
			clock := newClock(sample)
			cmd := s.spark(ctx, found, dir, "--jar", found.Driver)
			cmd.Env = append(cmd.Env, "JDBC_URL="+jdbc) // no argument: other users see those
			if err := measured(cmd, sample); err != nil {
				return err
			}
			clock.stage("lake and load")
			err := p.Finish(ctx)
			clock.stage("index")
			return err
		},
		Check: func(ctx context.Context, sample *result.Sample) error {
			return s.checkOutput(ctx, sample, url, filepath.Join(dir, "lake"), storedBy(dir))
		},
		Close: closing,
	}, nil
}

// sparkWarm is a JVM that does the work whenever it gets a line.
func (s *peerSuite) sparkWarm(ctx context.Context) (*bench.Trial, error) {
	found, err := peers.FindSpark(ctx)
	if err != nil {
		return nil, err
	}
	dir, err := s.scratch()
	if err != nil {
		return nil, err
	}
	cmd := s.spark(ctx, found, dir, "--warm", strconv.Itoa(warmRuns))
	var said bytes.Buffer
	cmd.Stderr = &said
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	family, lines := bench.Follow(cmd.Process.Pid), bufio.NewScanner(out)
	closing := func(context.Context) error {
		err := in.Close()
		if ended := cmd.Wait(); ended != nil {
			err = errors.Join(err, fmt.Errorf("pyspark: %w: %s", ended, lastWords(said.String())))
		}
		family.Peak()
		return errors.Join(err, os.RemoveAll(dir))
	}
	if !lines.Scan() || lines.Text() != "ready" {
		return nil, errors.Join(fmt.Errorf("pyspark said %q and not that it is ready", lines.Text()), lines.Err(), closing(ctx))
	}
	return &bench.Trial{
		Run: func(_ context.Context, sample *result.Sample) error {
			if _, err := io.WriteString(in, "\n"); err != nil {
				return err
			}
			if !lines.Scan() {
				return errors.Join(errors.New("pyspark ended"), lines.Err())
			}
			var err error
			sample.Wall, err = strconv.ParseFloat(lines.Text(), 64)
			sample.PeakRSS = family.SoFar()
			return err
		},
		Check: s.checkLake(dir),
		Close: closing,
	}, nil
}
