package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"ledgermill/engine"
	"ledgermill/engine/faulttest"
	"ledgermill/engine/lake/s3test"
	"ledgermill/warehouse/warehousetest"
)

// networkFault is what happens between a run and its stores at one of its messages.
type networkFault struct {
	name  string
	early bool // instead of the message
	fault func(*faulttest.Proxy)
	exits []int // nil: the run has to come through
	long  bool  // it takes longer than everybody waits for
}

func networkFaults(http bool) []networkFault {
	failed := []int{engine.ExitFailed, engine.ExitUnreachable}
	faults := []networkFault{
		{name: "cut instead", early: true, fault: (*faulttest.Proxy).Cut, exits: failed},
		{name: "cut behind", fault: (*faulttest.Proxy).Cut, exits: failed},
		{name: "reset", fault: (*faulttest.Proxy).Reset, exits: failed},
		{name: "delayed", fault: func(p *faulttest.Proxy) { p.Delay(10 * time.Millisecond) }},
		{name: "throttled", fault: func(p *faulttest.Proxy) { p.Throttle(50_000) }},
	}
	if http {
		faults = append(faults,
			networkFault{name: "500", early: true, fault: func(p *faulttest.Proxy) { p.Answer("500 Internal Server Error", 1) }, exits: failed},
			networkFault{name: "503 twice", early: true, fault: func(p *faulttest.Proxy) { p.Answer("503 Slow Down", 2) }, exits: failed},
			networkFault{name: "503 for ever", early: true, fault: func(p *faulttest.Proxy) { p.Answer("503 Slow Down", 0) }, exits: failed, long: true})
	}
	return append(faults, networkFault{name: "refused for ever", early: true, fault: (*faulttest.Proxy).Refuse, exits: failed, long: http})
}

// TestNetwork disturbs what a run sends to its bucket, which it reads in place or by
// fetching, and to its warehouse: it comes through, or says what is wrong.
func TestNetwork(t *testing.T) {
	t.Parallel()
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		n := newNight(t, nil, 0)
		n.through(t, networkFaults(false), func(t *testing.T, s *nightSite) (*faulttest.Proxy, []string) {
			p := faulttest.NewProxy(t, s.url, faulttest.PostgreSQL)
			s.direct, s.url = s.url, p.URL
			return p, nil
		})
	})
	for _, way := range []string{"in place", "fetched"} {
		t.Run("s3 "+way, func(t *testing.T) {
			t.Parallel()
			if !s3test.Wanted() {
				t.Skip("LEDGERMILL_TEST_NO_S3 is set")
			}
			n := newNight(t, s3test.MinIO().Shared(t), 0)
			n.through(t, networkFaults(true), func(t *testing.T, s *nightSite) (*faulttest.Proxy, []string) {
				p := faulttest.NewProxy(t, n.server.Settings.Endpoint, faulttest.Bytes)
				s.endpoint = p.URL
				return p, []string{"--setting", fmt.Sprintf("engine.fetch_first=%t", way == "fetched")}
			})
		})
	}
}

// through puts a proxy before a server and has each fault happen at some messages.
func (n *night) through(t *testing.T, faults []networkFault, between func(*testing.T, *nightSite) (*faulttest.Proxy, []string)) {
	t.Helper()
	site := n.copy(t)
	proxy, more := between(t, site)
	proxy.Arm(0, false, nil)
	if exit, out := site.run(t, more...); exit != n.exit {
		t.Fatalf("exit %d through the proxy, want %d\n%s", exit, n.exit, out)
	}
	messages := proxy.Disarm()
	random := rand.New(rand.NewPCG(*crashSeed, 3))
	var mu sync.Mutex
	came := map[string]int{}
	t.Cleanup(func() {
		t.Logf("%s, seed %d, %s", t.Name(), *crashSeed, table(fmt.Sprintf("%d messages of an undisturbed run; what came of the runs:", messages), came))
	})
	for _, fault := range faults {
		if fault.long && !warehousetest.Long() {
			continue
		}
		count := warehousetest.Stride(1, 4, 20)
		if fault.long {
			count = 1
		}
		for range count {
			at := 1 + random.IntN(messages*9/10)
			t.Run(fmt.Sprintf("%s at %d", fault.name, at), func(t *testing.T) {
				t.Parallel()
				site := n.copy(t)
				defer site.drop(t)
				proxy, more := between(t, site)
				d := disturbance{site: site, kind: sweepKind{name: fault.name, exits: fault.exits, says: "error: |failed"}}
				proxy.Arm(at, fault.early, func() { fault.fault(proxy) })
				began := time.Now()
				// In a process of its own: a lock that it could not give back is a dead one's.
				d.run = site.killed(t, 2*nightLimit, more...)
				if d.took = time.Since(began); d.took > 2*nightLimit {
					t.Errorf("it took %s", d.took)
				}
				if proxy.Disarm() < at {
					t.Logf("there were not so many messages")
				}
				site.straight()
				d.repair(t)
				if found := d.violations(); len(found) > 0 {
					t.Errorf("%s\nthe run printed:\n%s", strings.Join(found, "\n"), d.run.Output)
				}
				mu.Lock()
				defer mu.Unlock()
				came[fmt.Sprintf("%s: exit %d", fault.name, d.run.Exit)]++
			})
		}
	}
}
