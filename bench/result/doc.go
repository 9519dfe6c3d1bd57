// Package result is what a run of the bench leaves: every raw sample, and all
// that is needed to make each again. It holds no statistics.
//
// A file is one Result as JSON: suites hold cases, cases hold samples in the
// order in which they were taken. Durations are seconds, sizes bytes, hashes
// lower case hexadecimal. A figure that was not measured is absent, which reads
// as 0; a sample's rows and hash are always there.
//
// A case that could not be run, or whose answer was wrong, stays in the file with
// its reason: Skipped has no samples to judge by, Void has samples that must not
// be judged.
package result
