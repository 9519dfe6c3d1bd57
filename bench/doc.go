// Package bench measures the mill against floors: what the machine allows for
// the same bytes in the same run. Its benchmarks compare outputs before any time
// counts.
//
// It is for people who look at figures; no test's verdict rests on a time.
package bench
