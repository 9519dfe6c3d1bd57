package job

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"ledgermill/engine/sqltext"
)

// CountError says that an engine found another number of records in an object
// than the independent count: none of its records can be trusted.
type CountError struct {
	Object         string
	Counted, Found int64
}

func (e *CountError) Error() string {
	return fmt.Sprintf("object %s: %d records by the independent count, %d by the engine", e.Object, e.Counted, e.Found)
}

// ObjectError says that one object cannot be read by an engine.
type ObjectError struct {
	Object string
	Err    error
}

func (e *ObjectError) Error() string { return fmt.Sprintf("read object %s: %v", e.Object, e.Err) }

// Unwrap returns the engine's error.
func (e *ObjectError) Unwrap() error { return e.Err }

// SpaceError says that the disk or the memory that an engine was given is full.
type SpaceError struct{ Err error }

func (e *SpaceError) Error() string { return e.Err.Error() }

// Unwrap returns the engine's error.
func (e *SpaceError) Unwrap() error { return e.Err }

// Try returns the remedy.
func (e *SpaceError) Try() string {
	return "free space, point engine.temp_directory at a larger disk, raise engine.memory_limit or lower engine.batch_days"
}

// ModelError says that a model could not be evaluated on a unit.
type ModelError struct {
	Model string
	Pos   sqltext.Pos // in the model's file
	Unit  Unit
	Err   error
}

func (e *ModelError) Error() string {
	return fmt.Sprintf("%s: model %s of %s: %v", e.Pos, e.Model, e.Unit, e.Err)
}

// Unwrap returns the engine's error.
func (e *ModelError) Unwrap() error { return e.Err }

// UnprovenError says that objects which were read in their store did not prove
// themselves: nothing of them is landed, and all others are.
type UnprovenError struct {
	Objects map[string]error // why, by key
}

func (e *UnprovenError) Error() string {
	var lines []string
	for _, key := range slices.Sorted(maps.Keys(e.Objects)) {
		lines = append(lines, fmt.Sprintf("object %s, read in its store: %v", key, e.Objects[key]))
	}
	return strings.Join(lines, "; ")
}
