package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/disk"
	"github.com/shirou/gopsutil/v4/host"
	"github.com/shirou/gopsutil/v4/mem"

	"ledgermill/bench/result"
	"ledgermill/engine/config"
	"ledgermill/engine/duckdb"
)

// machine describes this one; dir is where the work is done.
func machine(ctx context.Context, dir string) (m result.Machine, err error) {
	m.Cores = runtime.NumCPU()
	m.CPU = runtime.GOARCH
	// A virtual machine may not tell its model.
	if all, err := cpu.InfoWithContext(ctx); err == nil && len(all) > 0 {
		m.CPU = cmp.Or(strings.TrimSpace(all[0].ModelName), m.CPU)
	}
	memory, err := mem.VirtualMemoryWithContext(ctx)
	if err != nil {
		return m, fmt.Errorf("describe the machine: %w", err)
	}
	m.Memory = int64(memory.Total)
	m.Limit = memoryLimit()
	if m.Disk, err = diskOf(ctx, dir); err != nil {
		return m, fmt.Errorf("describe the machine: %w", err)
	}
	m.Kernel = runtime.GOOS + " " + runtime.GOARCH
	if about, err := host.InfoWithContext(ctx); err == nil {
		m.Kernel = fmt.Sprintf("%s %s %s", about.OS, about.KernelVersion, about.KernelArch)
	}
	return m, nil
}

// memoryLimit is what a control group of Linux allows in bytes, 0 without.
func memoryLimit() int64 {
	for _, path := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		// "max" is no number; the first version writes a huge one instead.
		if n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil && n < 1<<60 {
			return n
		}
	}
	return 0
}

// diskOf is the file system that a directory is on.
func diskOf(ctx context.Context, dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	all, err := disk.PartitionsWithContext(ctx, true)
	if err != nil {
		return "", err
	}
	best := disk.PartitionStat{}
	for _, p := range all {
		inside := p.Mountpoint == "/" || dir == p.Mountpoint || strings.HasPrefix(dir, p.Mountpoint+"/")
		if inside && len(p.Mountpoint) >= len(best.Mountpoint) {
			best = p
		}
	}
	return strings.TrimSpace(best.Fstype + " on " + best.Device), nil
}

// versions are those of what is always measured.
func versions(ctx context.Context, server string) ([]result.Pair, error) {
	list := []result.Pair{{Name: "go", Value: runtime.Version()}, {Name: "duckdb", Value: duckdb.Version}}
	if server == "" {
		return list, nil
	}
	var version string
	err := administer(ctx, server, func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, "show server_version").Scan(&version)
	})
	return append(list, result.Pair{Name: "postgresql", Value: version}), err
}

// settings are what bears on time besides the sizes: those of the engine, and of the
// server.
func settings(ctx context.Context, place Place) ([]result.Pair, error) {
	engine := config.Default().Engine
	list := []result.Pair{{Name: result.MemoryLimit, Value: config.Size(place.Memory).String()}, {Name: "engine.threads", Value: strconv.Itoa(engine.Threads)},
		{Name: "engine.batch_days", Value: strconv.Itoa(engine.BatchDays)}}
	if place.Server == "" {
		return list, nil
	}
	err := administer(ctx, place.Server, func(conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, `select name, current_setting(name) from pg_settings
			where name in ('fsync', 'synchronous_commit', 'wal_level', 'full_page_writes', 'shared_buffers', 'maintenance_work_mem', 'work_mem', 'max_wal_size',
				'wal_compression', 'jit', 'autovacuum', 'checkpoint_timeout', 'io_method', 'max_parallel_workers_per_gather', 'max_parallel_maintenance_workers') order by name`)
		if err != nil {
			return err
		}
		var p result.Pair
		_, err = pgx.ForEachRow(rows, []any{&p.Name, &p.Value}, func() error {
			list = append(list, result.Pair{Name: "postgresql." + p.Name, Value: p.Value})
			return nil
		})
		return err
	})
	return list, err
}

func administer(ctx context.Context, url string, do func(*pgx.Conn) error) (err error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	return do(conn)
}

// Prefix is how the names of a run's databases begin: what is left of them is dropped
// in the end.
func (p Place) Prefix() string { return fmt.Sprintf("bench_%d_", p.Owner) }

func dropDatabases(ctx context.Context, p Place) error {
	return administer(ctx, p.Server, func(conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, "select format('%I', datname) from pg_database where starts_with(datname, $1)", p.Prefix())
		if err != nil {
			return err
		}
		names, err := pgx.CollectRows(rows, pgx.RowTo[string])
		for _, name := range names {
			_, dropped := conn.Exec(ctx, "drop database "+name+" with (force)")
			err = errors.Join(err, dropped)
		}
		return err
	})
}
