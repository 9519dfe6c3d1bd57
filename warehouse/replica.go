package warehouse

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// defaultReplicaPatience is how long a replica may take to catch up.
	defaultReplicaPatience = 10 * time.Second
	replicaPoll            = 50 * time.Millisecond
)

// LagError is a replica that has not replayed the last load in the time that it
// was given: what is read from it would be of the day before.
type LagError struct {
	URL    string    // masked
	Bytes  int64     // of log between the last load and what is replayed; 0 where it is not known
	Loaded time.Time // when the last load was, UTC
	Waited time.Duration
}

func (e *LagError) Error() string {
	behind := ""
	if e.Bytes > 0 {
		behind = fmt.Sprintf(" by %d bytes of log", e.Bytes)
	}
	return fmt.Sprintf("replica %s is behind the load of %s UTC%s, after waiting %s", e.URL, e.Loaded.Format("2006-01-02 15:04:05"), behind,
		e.Waited.Round(time.Millisecond))
}

// Try names both ways out.
func (e *LagError) Try() string {
	return "look whether replication runs (pg_stat_replication on the server that is loaded), or unset warehouse.replica_url to read from that server"
}

// ExitCode is that of a database that cannot be used.
func (e *LagError) ExitCode() int { return 5 }

// ReplicaError is a server that is no replica of the one that is loaded.
type ReplicaError struct {
	URL    string // masked
	Reason string
}

func (e *ReplicaError) Error() string { return fmt.Sprintf("replica %s %s", e.URL, e.Reason) }

// Try names the setting.
func (e *ReplicaError) Try() string {
	return "correct warehouse.replica_url: a streaming replica of the server of warehouse.url, or nothing"
}

// ExitCode is that of configuration.
func (e *ReplicaError) ExitCode() int { return 2 }

// progress is how far a server has come.
type progress struct {
	number int64
	lsn    string
	at     time.Time
}

func readProgress(ctx context.Context, conn *pgx.Conn) (p progress, err error) {
	if err = requireMigrated(ctx, conn); err != nil {
		return p, err
	}
	err = conn.QueryRow(ctx, "select number, lsn::text, at from ledgermill.progress").Scan(&p.number, &p.lsn, &p.at)
	if err != nil {
		return p, fmt.Errorf("read ledgermill.progress: %w", err)
	}
	return p, nil
}

// OpenReplica opens a streaming replica of w for reading, once it shows the last
// load. It waits for that as long as o.ReplicaPatience says; then the error is a
// [*LagError]. A server that is no replica of w is a [*ReplicaError].
func (w *Warehouse) OpenReplica(ctx context.Context, o Options) (*Warehouse, error) {
	if o.ReplicaPatience == 0 {
		o.ReplicaPatience = defaultReplicaPatience
	}
	replica, err := Open(ctx, o)
	if err != nil {
		return nil, err
	}
	var target progress
	var cluster string
	err = w.with(ctx, func(conn *pgx.Conn) error {
		if err := conn.QueryRow(ctx, clusterQuery).Scan(&cluster, new(bool)); err != nil {
			return fmt.Errorf("look at %s: %w", w.masked, err)
		}
		target, err = readProgress(ctx, conn)
		return err
	})
	if err != nil {
		return nil, err
	}
	err = replica.with(ctx, func(conn *pgx.Conn) error {
		if err := replica.replicaOf(ctx, conn, cluster); err != nil {
			return err
		}
		return replica.awaitReplay(ctx, conn, target)
	})
	if err != nil {
		return nil, err
	}
	return replica, nil
}

// clusterQuery tells which data a server has, and whether it only replays them.
const clusterQuery = "select (select system_identifier::text from pg_control_system()), pg_is_in_recovery()"

func (w *Warehouse) replicaOf(ctx context.Context, conn *pgx.Conn, cluster string) error {
	var own string
	var replays bool
	if err := conn.QueryRow(ctx, clusterQuery).Scan(&own, &replays); err != nil {
		return fmt.Errorf("look at replica %s: %w", w.masked, err)
	}
	switch {
	case own != cluster:
		return &ReplicaError{URL: w.masked, Reason: "has other data than the server that is loaded"}
	case !replays:
		return &ReplicaError{URL: w.masked, Reason: "is no replica: it takes writes itself"}
	}
	return nil
}

// awaitReplay waits until the replica shows what the target says. That the row is
// shown proves that the commit is replayed; its position alone would be reached a
// little before.
func (w *Warehouse) awaitReplay(ctx context.Context, conn *pgx.Conn, target progress) error {
	begun := time.Now()
	tick := time.NewTicker(replicaPoll)
	defer tick.Stop()
	for {
		shown, behind, err := w.replayed(ctx, conn, target)
		if shown || err != nil {
			return err
		}
		if time.Since(begun) > w.options.ReplicaPatience {
			return &LagError{URL: w.masked, Bytes: max(behind, 0), Loaded: target.at, Waited: time.Since(begun)}
		}
		w.log.DebugContext(ctx, "waiting for the replica", "behind", behind)
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}

// replayed reports whether the replica shows the target, and how many bytes of log
// lie before it.
func (w *Warehouse) replayed(ctx context.Context, conn *pgx.Conn, target progress) (shown bool, behind int64, err error) {
	var there bool // a replica may not even have the table yet
	err = conn.QueryRow(ctx, "select coalesce(pg_wal_lsn_diff($1::pg_lsn, pg_last_wal_replay_lsn()), 0)::bigint, to_regclass('ledgermill.progress') is not null",
		target.lsn).Scan(&behind, &there)
	if err == nil && there {
		err = conn.QueryRow(ctx, "select number >= $1 from ledgermill.progress", target.number).Scan(&shown)
	}
	if err != nil {
		err = fmt.Errorf("ask replica %s how far it is: %w", w.masked, err)
	}
	return shown, behind, err
}
