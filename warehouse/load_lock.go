package warehouse

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// lockPatience is how long a killed load's connection may take to end.
const lockPatience = time.Second

// lock refuses a second load in the database: this one's staged leaves would
// be orphans to it.
func (l *load) lock(ctx context.Context) error {
	deadline := time.Now().Add(lockPatience)
	for {
		var ok bool
		if err := l.main.QueryRow(ctx, "select pg_try_advisory_lock($1, $2)", lockClass, loadLock).Scan(&ok); err != nil {
			return fmt.Errorf("lock loads: %w", err)
		}
		if ok {
			return nil
		}
		if time.Now().After(deadline) {
			return ErrBusy
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(lockPoll):
		}
	}
}

// unlock is explicit because a backend outlives its closed connection a little.
func (l *load) unlock(ctx context.Context) error {
	if l.main.IsClosed() {
		return nil
	}
	if _, err := l.main.Exec(ctx, "select pg_advisory_unlock($1, $2)", lockClass, loadLock); err != nil {
		return fmt.Errorf("unlock loads: %w", err)
	}
	return nil
}

// connectLoader opens a connection for a stream or a build. A server that can,
// looks each second whether its client is still there: a killed load must not
// go on building.
func (w *Warehouse) connectLoader(ctx context.Context) (*pgx.Conn, error) {
	conn, err := w.connect(ctx)
	if err != nil {
		return nil, err
	}
	var refused *pgconn.PgError
	if _, err := conn.Exec(ctx, "set client_connection_check_interval = '1s'"); err != nil && !errors.As(err, &refused) {
		return nil, errors.Join(err, conn.Close(context.WithoutCancel(ctx)))
	}
	return conn, nil
}
