package monitor

import (
	"context"
	"errors"
	"strings"
	"sync"

	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/disk"
	"github.com/shirou/gopsutil/v4/load"
	"github.com/shirou/gopsutil/v4/mem"
	"github.com/shirou/gopsutil/v4/net"
)

// machine reads the figures of the machine that the monitor runs on. What cannot be
// read is not there, with its reason.
type machine struct {
	mu         sync.Mutex
	busy, idle float64 // seconds of all cores, when they were last looked at
}

// Machine is the source of the panel machine: processors, memory, disks, network.
func Machine() Source { return &machine{} }

// Rows implements Source.
func (m *machine) Rows(ctx context.Context) (Table, error) {
	t := NewTable("#cores", "#cpu_percent", "#load_1", "#load_5", "#memory_bytes", "#memory_used_bytes", "#swap_used_bytes",
		"#disk_read_bytes", "#disk_write_bytes", "#network_in_bytes", "#network_out_bytes")
	t.Absent = map[string]string{"cpu_percent": firstSample}
	row := make([]Value, len(t.Columns))
	set := func(err error, values map[string]Value) {
		for name, v := range values {
			if err == nil {
				row[t.index(name)] = v
			} else {
				t.Absent[name] = err.Error()
			}
		}
	}
	cores, err := cpu.CountsWithContext(ctx, true)
	set(err, map[string]Value{"cores": Int(int64(cores))})
	percent, err := m.percent(ctx)
	if percent.Known || err != nil {
		set(err, map[string]Value{"cpu_percent": percent})
	}
	average, err := load.AvgWithContext(ctx)
	if err != nil {
		average = &load.AvgStat{}
	}
	set(err, map[string]Value{"load_1": Float(average.Load1, 2), "load_5": Float(average.Load5, 2)})
	memory, err := mem.VirtualMemoryWithContext(ctx)
	if err != nil {
		memory = &mem.VirtualMemoryStat{}
	}
	set(err, map[string]Value{"memory_bytes": Int(int64(memory.Total)), "memory_used_bytes": Int(int64(memory.Total - memory.Available))})
	swap, err := mem.SwapMemoryWithContext(ctx)
	if err != nil {
		swap = &mem.SwapMemoryStat{}
	}
	set(err, map[string]Value{"swap_used_bytes": Int(int64(swap.Used))})
	read, written, err := diskBytes(ctx)
	set(err, map[string]Value{"disk_read_bytes": Int(read), "disk_write_bytes": Int(written)})
	in, out, err := networkBytes(ctx)
	set(err, map[string]Value{"network_in_bytes": Int(in), "network_out_bytes": Int(out)})
	t.Add(row...)
	return t, ctx.Err()
}

// percent is how busy the cores were since they were last looked at.
func (m *machine) percent(ctx context.Context) (Value, error) {
	times, err := cpu.TimesWithContext(ctx, false)
	if err != nil {
		return Value{}, err
	}
	if len(times) == 0 {
		return Value{}, errors.New("the machine does not tell")
	}
	t := times[0]
	idle := t.Idle + t.Iowait
	busy := t.User + t.System + t.Nice + t.Irq + t.Softirq + t.Steal
	m.mu.Lock()
	defer m.mu.Unlock()
	first, wasBusy, wasIdle := m.busy+m.idle == 0, m.busy, m.idle
	m.busy, m.idle = busy, idle
	if all := busy + idle - wasBusy - wasIdle; !first && all > 0 {
		return Float(100*(busy-wasBusy)/all, 1), nil
	}
	return Value{}, nil
}

// diskBytes are those of whole disks: partitions and mapped devices would count twice.
func diskBytes(ctx context.Context) (read, written int64, err error) {
	counters, err := disk.IOCountersWithContext(ctx)
	for name, c := range counters {
		if strings.HasPrefix(name, "loop") || strings.HasPrefix(name, "ram") || strings.HasPrefix(name, "dm-") || strings.HasPrefix(name, "md") || partOf(name, counters) {
			continue
		}
		read += int64(c.ReadBytes)
		written += int64(c.WriteBytes)
	}
	return read, written, err
}

// partOf reports whether a device is a partition of another one.
func partOf(name string, all map[string]disk.IOCountersStat) bool {
	whole := strings.TrimRight(name, "0123456789")
	if whole == name {
		return false
	}
	_, plain := all[whole]
	_, numbered := all[strings.TrimSuffix(whole, "p")]
	return plain || strings.HasSuffix(whole, "p") && numbered
}

func networkBytes(ctx context.Context) (in, out int64, err error) {
	counters, err := net.IOCountersWithContext(ctx, true)
	for _, c := range counters {
		if c.Name == "lo" {
			continue
		}
		in += int64(c.BytesRecv)
		out += int64(c.BytesSent)
	}
	return in, out, err
}

// Disks is the source of the panel disks: what is free where the places lie, by what
// they are for.
func Disks(places map[string]string) Source {
	return SourceFunc(func(ctx context.Context) (Table, error) {
		t := NewTable("place", "#free_bytes", "#size_bytes", "#used_percent", "path")
		t.Absent = map[string]string{}
		for _, name := range sortedKeys(places) {
			usage, err := disk.UsageWithContext(ctx, places[name])
			if err != nil {
				t.Absent["free_bytes"], t.Absent["size_bytes"], t.Absent["used_percent"] = err.Error(), err.Error(), err.Error()
				t.Add(Text(name), Value{}, Value{}, Value{}, Text(places[name]))
				continue
			}
			t.Add(Text(name), Int(int64(usage.Free)), Int(int64(usage.Total)), Float(usage.UsedPercent, 1), Text(places[name]))
		}
		return t, ctx.Err()
	})
}
