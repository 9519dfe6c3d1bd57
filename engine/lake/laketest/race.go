package laketest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"ledgermill/engine/lake"
)

func testCreateRace(t *testing.T, s lake.Store) {
	for round := range 10 {
		key := fmt.Sprintf("_ledger/%020d.json", round)
		var winner atomic.Int64
		var writers sync.WaitGroup
		for n := range int64(8) {
			writers.Go(func() {
				err := s.Create(t.Context(), key, fmt.Appendf(nil, "%d", n+1))
				switch {
				case err == nil:
					if other := winner.Swap(n + 1); other != 0 {
						t.Errorf("%s created by %d and %d", key, other, n+1)
					}
				case !errors.Is(err, lake.ErrExists):
					t.Error(err)
				}
			})
		}
		writers.Wait()
		wantObject(t, s, key, fmt.Sprint(winner.Load()))
	}
}

func testPutWhole(t *testing.T, s lake.Store) {
	one, two := strings.Repeat("1", 200_000), strings.Repeat("2", 300_000)
	must(t, s.Put(t.Context(), "a", []byte(one)))
	done := make(chan struct{})
	var writer sync.WaitGroup
	writer.Go(func() {
		defer close(done)
		for range 20 {
			if err := errors.Join(s.Put(t.Context(), "a", []byte(two)), s.Put(t.Context(), "a", []byte(one))); err != nil {
				t.Error(err)
			}
		}
	})
	for reading := true; reading; {
		select {
		case <-done:
			reading = false
		default:
		}
		if got := read(t, s, "a"); got != one && got != two {
			t.Errorf("read %d bytes: neither the one object nor the other", len(got))
			break
		}
	}
	writer.Wait()
}

// testPublishRace completes one upload from several sides, as processes do that
// all find the same unfinished commit.
func testPublishRace(t *testing.T, s lake.Store) {
	for round := range 10 {
		u := stage(t, s, fmt.Sprintf("d%d/a", round), "data")
		var sides sync.WaitGroup
		for range 4 {
			sides.Go(func() {
				if _, err := s.Complete(t.Context(), u); err != nil {
					t.Error(err)
				}
			})
		}
		sides.Wait()
		wantObject(t, s, u.Key, "data")
	}
}
