// Package progress is what a run leaves for others to see while it is at work: one
// small file in its staging directory, which goes with it. Nothing depends on the
// file: where it cannot be written there is none, and the run goes on.
package progress
