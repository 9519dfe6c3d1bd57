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

// Reading says how objects of an object store are read. Directories need none.
type Reading struct {
	Way    string   `json:"way"`              // InPlace or Fetched
	HTTPFS string   `json:"httpfs,omitempty"` // version of the extension, and where it came from
	Causes []string `json:"causes,omitempty"` // why it is Fetched

	// TrustReader: an object without a control file is read in place, too.
	TrustReader bool `json:"trust_reader,omitempty"`

	Objects int `json:"in_place"` // raw objects that were read in place, in this run
	Copied  int `json:"fetched"`  // raw objects that were fetched
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

// counts is how many objects were read which way.
func (r Reading) counts() string {
	return fmt.Sprintf("%s in place, %s fetched", count(int64(r.Objects)), count(int64(r.Copied)))
}

// remote reports whether engines need help to open what lies in a store.
func remote(s lake.Reader) bool { return strings.Contains(s.Location("x"), "://") }
