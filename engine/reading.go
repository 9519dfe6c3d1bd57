package engine

import (
	"fmt"
	"strings"

	"ledgermill/engine/lake"
)

// The ways in which objects of an object store are read.
const (
	InPlace = "in place"    // where they lie, as far as they prove themselves
	Fetched = "fetch first" // copied to the local disk, and counted on the way
)

// atOnce is how many objects of a store are asked for at the same time.
const atOnce = 16

// Reading says how objects of an object store are read. Directories need none.
type Reading struct {
	Way    string   `json:"way"`              // InPlace or Fetched
	HTTPFS string   `json:"httpfs,omitempty"` // version of the extension, and where it came from
	Causes []string `json:"causes,omitempty"` // why it is Fetched

	// Lake: the engine opens the lake's files itself, whatever is done about raw objects.
	Lake bool `json:"lake,omitempty"`

	// TrustReader: an object without a control file is read in place, too.
	TrustReader bool `json:"trust_reader,omitempty"`

	Objects int64 `json:"in_place"` // raw objects that this run read in place
	Copied  int64 `json:"fetched"`  // raw objects that it fetched
}

// String is a line for people.
func (r Reading) String() string {
	if r.Way == InPlace {
		text := "in place through httpfs " + r.HTTPFS
		if r.TrustReader {
			text += ", objects without a control file too"
		}
		return text
	}
	if len(r.Causes) == 0 {
		return "fetched first"
	}
	return "fetched first: " + strings.Join(r.Causes, "; ")
}

// line is what a run says of it: the way, and how many objects went which.
func (r Reading) line() string {
	return fmt.Sprintf("%s; %s objects in place, %s fetched", r, count(r.Objects), count(r.Copied))
}

// reading is what the run has done so far; nil where no object store has a part in it.
func (m *Mill) reading() *Reading {
	if !remote(m.Input) && !remote(m.Lake) {
		return nil
	}
	r := Reading{Way: Fetched}
	if m.Reading != nil {
		r = *m.Reading
	}
	r.Objects, r.Copied = m.inPlace.Load(), m.fetched.Load()
	return &r
}

// remote reports whether engines need help to open what lies in a store.
func remote(s lake.Reader) bool { return strings.Contains(s.Location("x"), "://") }
