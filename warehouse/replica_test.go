package warehouse_test

import (
	"errors"
	"testing"
	"time"

	"ledgermill/engine/config"
	"ledgermill/warehouse"
	"ledgermill/warehouse/warehousetest"
)

func TestReplicaIsReadWhenItHasTheLastLoad(t *testing.T) {
	t.Parallel()
	pair := warehousetest.Replicated(t, nil)
	f := openAt(t, pair.Primary)
	f.load(payments(day1, day1, day2, payment{"old", "1.00", nil, nil, nil}))
	o := warehouse.Options{URL: config.Secret(pair.Replica), ReplicaPatience: 30 * time.Second}
	read := func() string {
		t.Helper()
		replica, err := f.OpenReplica(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		return one(t, replica, "select id from payments")
	}
	if got := read(); got != "old" {
		t.Errorf("replica has %q", got)
	}

	// Behind: waited for, then refused with how far it is behind.
	pair.Pause()
	f.load(payments(day1, day1, day2, payment{"new", "1.00", nil, nil, nil}))
	o.ReplicaPatience = 200 * time.Millisecond
	_, err := f.OpenReplica(t.Context(), o)
	var lag *warehouse.LagError
	if !errors.As(err, &lag) || lag.Bytes <= 0 || lag.Waited < o.ReplicaPatience || lag.Try() == "" || lag.ExitCode() != 5 {
		t.Fatalf("error %v, want a LagError", err)
	}
	// Caught up while somebody waits.
	o.ReplicaPatience = 30 * time.Second
	done := make(chan string, 1)
	go func() { done <- read() }()
	pair.Resume()
	if got := <-done; got != "new" {
		t.Errorf("replica has %q", got)
	}

	// Figures are the same there, and nothing can be loaded.
	replica, err := f.OpenReplica(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := replica.Load(t.Context(), warehouse.Request{Run: "r", Parts: []warehouse.Part{payments(day1, day1, day2)}}); err == nil {
		t.Error("loaded into a replica")
	}
	diagnosis, err := replica.Doctor(t.Context())
	if err != nil || !diagnosis.Replica {
		t.Errorf("doctor: %+v, %v", diagnosis, err)
	}
}

func TestReplicaOfAnotherServerIsRefused(t *testing.T) {
	t.Parallel()
	f := open(t)
	var refused *warehouse.ReplicaError
	_, err := f.OpenReplica(t.Context(), warehouse.Options{URL: config.Secret(f.url)})
	if !errors.As(err, &refused) || refused.Try() == "" || refused.ExitCode() != 2 {
		t.Errorf("itself: %v", err)
	}
	other := warehousetest.Own(t, nil)
	if _, err = f.OpenReplica(t.Context(), warehouse.Options{URL: config.Secret(other.URL)}); !errors.As(err, &refused) {
		t.Errorf("another server: %v", err)
	}
	_, err = f.OpenReplica(t.Context(), warehouse.Options{URL: "postgres://u@127.0.0.1:1/x"})
	if !errors.Is(err, warehouse.ErrUnreachable) {
		t.Errorf("nobody listens: %v", err)
	}
}
