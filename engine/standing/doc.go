// Package standing says how a lake stands, from its ledger alone: how fresh datasets
// are, what waits for a correction, whether the night's run is late, and which figures
// are unlike those of the weeks before. It reads nothing and decides nothing.
package standing
