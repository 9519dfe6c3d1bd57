package pipeline

// Switches are the optimisations. The zero value is the naive pipeline.
type Switches struct {
	Vectorised  bool // DuckDB instead of a loop over records
	Declared    bool // column types known, instead of found by reading everything first
	Threads     bool // as many as the machine has cores, for the transformation
	Parquet     bool // stored as Parquet with Snappy, instead of CSV
	Partitioned bool // stored and loaded by business date
	Copy        bool // COPY, instead of INSERTs of a thousand rows
	IndexLast   bool // indexes built once the rows are there
	Swap        bool // rows go to a fresh table that takes the old one's place, with FREEZE where they are copied
	Parallel    bool // tables and leaves loaded at the same time, one a core
}

// Optimisation is one of the switches.
type Optimisation struct {
	Name, About string
	flip        func(*Switches) *bool
}

// Optimisations are the switches in the order in which they are added.
func Optimisations() []Optimisation {
	return []Optimisation{
		{"vectorised", "a vectorised engine transforms, not a loop over records", func(s *Switches) *bool { return &s.Vectorised }},
		{"declared", "column types are declared, not found by reading everything first", func(s *Switches) *bool { return &s.Declared }},
		{"threads", "every core transforms", func(s *Switches) *bool { return &s.Threads }},
		{"parquet", "the lake holds Parquet with Snappy, not CSV", func(s *Switches) *bool { return &s.Parquet }},
		{"partitioned", "lake and warehouse are divided by business date", func(s *Switches) *bool { return &s.Partitioned }},
		{"copy", "rows come by COPY, not by INSERTs of a thousand rows", func(s *Switches) *bool { return &s.Copy }},
		{"index-last", "indexes are built after the rows have come", func(s *Switches) *bool { return &s.IndexLast }},
		{"swap", "rows go to a fresh leaf that is swapped in, frozen where they are copied", func(s *Switches) *bool { return &s.Swap }},
		{"parallel", "leaves are loaded at the same time", func(s *Switches) *bool { return &s.Parallel }},
	}
}

// With returns the switches with this one on.
func (o Optimisation) With(s Switches) Switches {
	*o.flip(&s) = true
	return s
}

// Without returns the switches with this one off.
func (o Optimisation) Without(s Switches) Switches {
	*o.flip(&s) = false
	return s
}

// Full is every switch on.
func Full() (s Switches) {
	for _, o := range Optimisations() {
		s = o.With(s)
	}
	return s
}
