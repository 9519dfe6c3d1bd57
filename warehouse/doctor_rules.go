package warehouse

import (
	"slices"
	"strings"
)

// rule is what is wanted of one setting: a least or a most number, or one of some
// words.
type rule struct {
	setting string
	wanted  string
	reason  string
	level   Level // of a value that is not wanted
	least   float64
	most    float64 // 0: no bound
	words   []string
	primary bool // asked of a server that is loaded only
	replica bool // asked of a replica only
}

const (
	megabyte = 1 << 20
	minute   = 60_000 // milliseconds
)

// rules are what loads and queries want, in the order in which they are printed.
func rules() []rule {
	return slices.Concat(safetyRules(), memoryRules(), logRules(), plannerRules(), parallelRules(), replicaRules())
}

func safetyRules() []rule {
	return []rule{
		{setting: "fsync", wanted: "on", words: []string{"on"}, level: Danger,
			reason: "a crash of the machine leaves a database that cannot be repaired; the lake can load it anew, nothing else in it comes back"},
		{setting: "full_page_writes", wanted: "on", words: []string{"on"}, level: Danger,
			reason: "a crash of the machine can leave half-written pages that nobody notices"},
		{setting: "data_checksums", wanted: "on", words: []string{"on"}, level: Advice,
			reason: "a disk that returns other bytes than were written is not noticed; pg_checksums --enable while the server is down"},
		{setting: "autovacuum", wanted: "on", words: []string{"on"}, level: Danger,
			reason: "transaction ids run out and the server stops; loaded leaves are frozen, but dimensions and the system's own tables are not"},
		{setting: "track_counts", wanted: "on", words: []string{"on"}, level: Danger, reason: "autovacuum does not know what to do without it"},
		{setting: "idle_in_transaction_session_timeout", wanted: "above 0, such as 10min", least: 1, level: Advice,
			reason: "a session that somebody left open in a transaction keeps its tables, and a load waits for it until warehouse.swap_deadline; ledgermill's own sessions set it to 0"},
	}
}

func memoryRules() []rule {
	return []rule{
		{setting: "shared_buffers", wanted: "512MB or more", least: 512 * megabyte, level: Advice,
			reason: "a leaf should stay in memory while its indexes are built and its sums compared; a quarter of the machine's memory is usual"},
		{setting: "effective_cache_size", wanted: "1GB or more", least: 1024 * megabyte, level: Advice,
			reason: "the planner takes indexes for dearer than they are; three quarters of the machine's memory is usual"},
		{setting: "work_mem", wanted: "16MB or more", least: 16 * megabyte, level: Advice,
			reason: "sorts and aggregates over a month by customer or merchant spill to disk"},
		{setting: "maintenance_work_mem", wanted: "256MB or more", least: 256 * megabyte, level: Advice,
			reason: "each index build sorts in it, and several run at once during a load"},
	}
}

func logRules() []rule {
	return []rule{
		{setting: "max_wal_size", wanted: "4GB or more", least: 4096 * megabyte, level: Advice, primary: true,
			reason: "a load fills less than that with log in minutes, and each checkpoint that this forces slows the load down"},
		{setting: "checkpoint_timeout", wanted: "15min or more", least: 15 * minute, level: Advice, primary: true,
			reason: "checkpoints during a load write the same pages again and again; a longer one means a longer recovery after a crash"},
		{setting: "wal_compression", wanted: "on, lz4 or zstd", words: []string{"on", "pglz", "lz4", "zstd"}, level: Advice, primary: true,
			reason: "whole pages after a checkpoint are the larger part of the log of index builds, and they compress well"},
		{setting: "wal_level", wanted: "replica, or minimal without replicas and archive", words: []string{"minimal", "replica", "logical"}, level: Advice, primary: true,
			reason: "with minimal a COPY into a new leaf writes no log, and there can be neither a replica nor a recovery to a point in time"},
	}
}

func plannerRules() []rule {
	return []rule{
		{setting: "random_page_cost", wanted: "2 or less", most: 2, level: Advice,
			reason: "4 is a rotating disk's; on flash and in memory it keeps the planner from indexes that are faster"},
		{setting: "default_statistics_target", wanted: "100 or more", least: 100, level: Advice,
			reason: "customers and merchants are far from evenly distributed; columns that need more have their own target"},
		{setting: "jit", wanted: "off", words: []string{"off"}, level: Advice,
			reason: "plans over many leaves are taken for dear, and compiling them costs short queries more than it saves"},
		{setting: "TimeZone", wanted: "UTC", words: []string{"UTC", "Etc/UTC", "GMT", "Etc/GMT"}, level: Advice,
			reason: "timestamps are UTC without a zone; people's sessions compare them with now() of another zone"},
	}
}

func parallelRules() []rule {
	return []rule{
		{setting: "max_worker_processes", wanted: "8 or more", least: 8, level: Advice,
			reason: "parallel queries and index builds, autovacuum not among them, share these"},
		{setting: "max_parallel_workers", wanted: "2 or more", least: 2, level: Advice, reason: "no query and no index build gets a second process otherwise"},
		{setting: "max_parallel_workers_per_gather", wanted: "2 or more", least: 2, level: Advice,
			reason: "a scan of several months runs in one process"},
		{setting: "max_parallel_maintenance_workers", wanted: "2 or more", least: 2, level: Advice, primary: true,
			reason: "the index of a large month is built by one process"},
		{setting: "max_connections", wanted: "20 or more", least: 20, level: Advice,
			reason: "a load takes one connection a stream and one more, and readers should not be turned away meanwhile"},
	}
}

func replicaRules() []rule {
	return []rule{
		{setting: "max_standby_streaming_delay", wanted: "30s or more, or -1", least: 30_000, level: Advice, replica: true,
			reason: "a query that reads a unit while its swap is replayed is cancelled after so long"},
		{setting: "hot_standby_feedback", wanted: "on", words: []string{"on"}, level: Advice, replica: true,
			reason: "long queries on the replica are cancelled when the server that is loaded cleans up what they still see"},
	}
}

// judge compares a setting with the rule. A number of -1 is the setting's "no limit".
func (r rule) judge(s serverSetting) Finding {
	f := Finding{Name: r.setting, Value: s.Shown, Wanted: r.wanted, Level: Fine, Reason: r.reason}
	if r.words != nil {
		if !slices.ContainsFunc(r.words, func(word string) bool { return strings.EqualFold(word, s.Value) }) {
			f.Level = r.level
		}
		return f
	}
	n, err := s.number()
	if err != nil || n < r.least && s.Value != "-1" || r.most > 0 && n > r.most {
		f.Level = r.level
	}
	return f
}
