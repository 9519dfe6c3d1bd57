package result

// Promises of the pipeline. A comparison names the one that it bears on; where
// several name the same, as queries do, their geometric mean is what counts.
const (
	Time    = "time"    // 2 hours to 30 minutes: the naive pipeline's time by the full one's is 4
	Rate    = "rate"    // 140 to 560 records a second: 4 times the records a second
	Storage = "storage" // 70 % less: bytes left in storage
	Queries = "queries" // named queries 5 to 10 times faster
	Pruning = "pruning" // partitions let 80 % less be read: bytes, of the server blocks
	Indexes = "indexes" // look-ups 10 to 100 times faster by an index
)

// Parameters that a report understands. A case has those that tell it apart.
const (
	Optimisation = "optimisation" // what was added alone to the naive pipeline, or taken alone from the full one: the same word in both
	RowsADay     = "rows"         // of the generated data, a number
	Days         = "days"         // of the generated data, a number
	Format       = "format"       // of storage: csv, csv.gz, parquet
	Codec        = "codec"        // of Parquet: none, snappy, zstd, lz4
	Sorted       = "sorted"       // yes or no
	RowGroup     = "row group"    // rows a group, a number
	Query        = "query"        // its name
	Layout       = "layout"       // how the queried data lies: one heap, partitions, indexes, both; csv, parquet, partitioned parquet
	On           = "on"           // warehouse or lake
	Work         = "work"         // what peers and floors do the same of
	Program      = "program"      // that does it: ledgermill, pyspark, duckdb and psql
	Start        = "start"        // cold or warm
)
