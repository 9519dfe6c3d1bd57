package result

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// Schema is the version of the form that this package writes and reads.
const Schema = 1

// Result is one run of the bench.
type Result struct {
	Schema   int       `json:"schema"`
	Commit   string    `json:"commit"`             // of the program, with -dirty if its tree was
	Program  string    `json:"program,omitempty"`  // SHA-256 of it, where the commit is unknown or dirty: it names no build then
	Started  time.Time `json:"started"`            // UTC
	Finished time.Time `json:"finished,omitzero"`  // UTC; zero in a file that was cut off
	Ended    string    `json:"ended,omitempty"`    // why before its time; empty if it was not
	Command  string    `json:"command"`            // makes the whole run again
	Runs     int       `json:"runs,omitzero"`      // that it was measured in, one going on with the other, if more than one
	Machine  Machine   `json:"machine"`            // that it ran on
	Versions []Pair    `json:"versions"`           // of go, duckdb, postgresql and each peer that was found
	Settings []Pair    `json:"settings,omitempty"` // that bear on time: memory limit, threads, the server's
	Seed     uint64    `json:"seed"`               // of the generated data
	Data     string    `json:"data"`               // SHA-256 of the generated objects, in order of their names
	Budget   float64   `json:"budget"`             // seconds that the run was allowed, 0 without limit
	Suites   []Suite   `json:"suites"`             // in the order of `bench list`
}

// Machine is where a run took place.
type Machine struct {
	CPU    string `json:"cpu"`            // model
	Cores  int    `json:"cores"`          // that the program may use
	Memory int64  `json:"memory"`         // bytes
	Limit  int64  `json:"limit,omitzero"` // bytes that a control group allows, 0 without
	Disk   string `json:"disk"`           // file system and device of the working directory
	Kernel string `json:"kernel"`         // system, release and architecture
}

// Pair is a name with its value. Lists of pairs keep the order that they are told in.
type Pair struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Suite is the cases that answer one question, interleaved in time.
type Suite struct {
	Name    string `json:"name"`
	Answers string `json:"answers"` // the question, as a sentence
	Cases   []Case `json:"cases"`
}

// Case is one thing measured in one way.
type Case struct {
	Name       string       `json:"name"`                 // unique in its suite
	Answers    string       `json:"answers"`              // what it is, as a sentence
	Parameters []Pair       `json:"parameters,omitempty"` // rows, days, layout, format, query ...
	Against    []Comparison `json:"against,omitempty"`    // what it is to be read beside
	Command    string       `json:"command"`              // makes its samples again
	Wanted     int          `json:"wanted"`               // repetitions that the method asks for; fewer samples: the budget ended
	Times      int          `json:"times,omitzero"`       // that each repetition does the work, if more than one; times of a sample are those of one
	Warmups    int          `json:"warmups"`              // repetitions before the first sample
	Skipped    string       `json:"skipped,omitempty"`    // why it has no samples
	Void       string       `json:"void,omitempty"`       // why its samples do not count
	Samples    []Sample     `json:"samples,omitempty"`    // in order of time
}

// Comparison names a case of the same suite as what another is measured by.
type Comparison struct {
	Kind    string `json:"kind"`              // one of the constants below
	Case    string `json:"case"`              // the other's name
	Promise string `json:"promise,omitempty"` // that this comparison bears on, if any: see promise.go
}

// Kinds of comparison. The ratio is always this case's figure by the other's.
const (
	Naive    = "naive"    // the naive pipeline: a rung, or what was added alone
	Previous = "previous" // the rung below
	Full     = "full"     // the full pipeline: what was taken alone
	Floor    = "floor"    // what the machine allows for the same work
	Plain    = "plain"    // the same without the layout: one heap, no index, or raw CSV
	Peer     = "peer"     // the same work by another program
	Smaller  = "smaller"  // the same at the next smaller size
)

// Sample is one repetition.
type Sample struct {
	Order      int     `json:"order"`                // among all repetitions of the suite, warm-ups not counted, from 0
	Wall       float64 `json:"wall"`                 // seconds
	CPU        float64 `json:"cpu,omitzero"`         // seconds of its processes, the server's not among them
	PeakRSS    int64   `json:"peak_rss,omitzero"`    // bytes of its own process; absent if it shares one
	Rows       int64   `json:"rows"`                 // that came out
	Read       int64   `json:"read,omitzero"`        // bytes read, as counted by what reads
	Written    int64   `json:"written,omitzero"`     // bytes that it leaves in storage
	BlocksHit  int64   `json:"blocks_hit,omitzero"`  // server's blocks of 8 KiB found in its cache
	BlocksRead int64   `json:"blocks_read,omitzero"` // and not found there
	Hash       string  `json:"hash"`                 // of the rows that came out, whatever their order
	Stages     []Stage `json:"stages,omitempty"`     // what Wall is made of, in order; need not add up to it
}

// Stage is a part of a sample.
type Stage struct {
	Name string  `json:"name"`
	Wall float64 `json:"wall"` // seconds
}

// Blocks is how many blocks of the server the sample touched.
func (s Sample) Blocks() int64 { return s.BlocksHit + s.BlocksRead }

// Begun tells whether any case has samples or, if the run was not ended before its time,
// a reason why it has none.
func (r *Result) Begun() bool {
	return slices.ContainsFunc(r.Suites, func(s Suite) bool {
		return slices.ContainsFunc(s.Cases, func(c Case) bool {
			return len(c.Samples) > 0 || r.Ended == "" && (c.Skipped != "" || c.Void != "")
		})
	})
}

// Counts tells whether the case has samples that may be judged.
func (c Case) Counts() bool { return c.Skipped == "" && c.Void == "" && len(c.Samples) > 0 }

// Parameter is the value of a parameter, empty without it.
func (c Case) Parameter(name string) string {
	for _, p := range c.Parameters {
		if p.Name == name {
			return p.Value
		}
	}
	return ""
}

// Baseline is the name of the case that this one is compared with in that way,
// empty if it is not.
func (c Case) Baseline(kind string) string {
	for _, a := range c.Against {
		if a.Kind == kind {
			return a.Case
		}
	}
	return ""
}

// Sizes are the rows a day and the days of the run's data.
func (r *Result) Sizes() (rows, days int, err error) {
	for _, size := range []struct {
		name string
		to   *int
	}{{RowsADay, &rows}, {Days, &days}} {
		value := r.Setting(size.name)
		if value == "" {
			return 0, 0, fmt.Errorf("the run does not tell its %s", size.name)
		}
		if *size.to, err = strconv.Atoi(value); err != nil {
			return 0, 0, fmt.Errorf("the run's %s: %w", size.name, err)
		}
	}
	return rows, days, nil
}

// MemoryLimit is the setting that tells what the engine may use before it spills.
const MemoryLimit = "engine.memory_limit"

// Setting is the value of a setting, "" if the run does not tell it.
func (r *Result) Setting(name string) string {
	i := slices.IndexFunc(r.Settings, func(p Pair) bool { return p.Name == name })
	if i < 0 {
		return ""
	}
	return r.Settings[i].Value
}

// Suite is the suite of that name, nil without it.
func (r *Result) Suite(name string) *Suite {
	i := slices.IndexFunc(r.Suites, func(s Suite) bool { return s.Name == name })
	if i < 0 {
		return nil
	}
	return &r.Suites[i]
}

// Case is the case of that name, nil without it.
func (s *Suite) Case(name string) *Case {
	i := slices.IndexFunc(s.Cases, func(c Case) bool { return c.Name == name })
	if i < 0 {
		return nil
	}
	return &s.Cases[i]
}
