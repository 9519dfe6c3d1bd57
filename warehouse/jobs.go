package warehouse

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"github.com/jackc/pgx/v5"
)

// jobs say how much a load does at once.
type jobs struct {
	streams int   // COPY streams and index builds
	leaves  int   // leaves under way
	memory  int64 // of an index build, kB
	workers int   // parallel workers of an index build
}

const (
	// mostJobs bounds what is chosen: beyond it the disk is the limit.
	mostJobs = 8
	// mostMemory is what a build is given at most, in kB.
	mostMemory = 1 << 20
)

// chooseJobs sizes the load to the server. A server on this machine has its
// cores; another shows none, but its max_parallel_workers is set by them. A
// load never takes more than half of the connections that are free. Builds
// share what shared_buffers tells of the memory, if that is more than
// maintenance_work_mem.
func (w *Warehouse) chooseJobs(ctx context.Context, conn *pgx.Conn) (jobs, error) {
	var local bool
	var workers, free int
	var buffers, memory int64
	err := conn.QueryRow(ctx, `
		select coalesce(inet_server_addr() <<= '127.0.0.0/8' or inet_server_addr() = '::1', true),
		       current_setting('max_parallel_workers')::int,
		       current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
		         - (select count(*)::int from pg_stat_activity where backend_type = 'client backend'),
		       pg_size_bytes(current_setting('shared_buffers')) / 1024,
		       pg_size_bytes(current_setting('maintenance_work_mem')) / 1024`).Scan(&local, &workers, &free, &buffers, &memory)
	if err != nil {
		return jobs{}, fmt.Errorf("read settings of the server: %w", err)
	}
	cores := workers
	if local {
		cores = runtime.NumCPU()
	}
	j := jobs{streams: w.options.Streams}
	if j.streams == 0 {
		j.streams = max(1, min(max(2, cores), mostJobs, free/2))
	}
	j.leaves = j.streams
	j.memory = max(memory, min(buffers/2/int64(j.streams), mostMemory))
	j.workers = max(0, cores/j.streams-1)
	return j, nil
}

// connect opens a connection for a stream or a build.
func (l *load) connect(ctx context.Context) (*pgx.Conn, error) {
	conn, err := l.w.connectLoader(ctx)
	if err != nil {
		return nil, err
	}
	_, err = conn.Exec(ctx, fmt.Sprintf("set maintenance_work_mem = '%dkB'; set max_parallel_maintenance_workers = %d", l.jobs.memory, l.jobs.workers))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("prepare a connection: %w", err), conn.Close(context.WithoutCancel(ctx)))
	}
	return conn, nil
}
