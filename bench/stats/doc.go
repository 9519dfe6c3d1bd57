// Package stats judges repetitions of timed work. It is robust rather than
// clever: medians, ratios of medians, and intervals by resampling, because times
// are skewed and their worst values are the machine's, not the program's.
//
// A ratio is always of the thing looked at by the thing it is compared with, so
// that 0.25 of a time means that a quarter is left; Inverse turns it into 4 times
// faster. Its interval holds 95 % of 10,000 resamples. The random numbers are
// seeded by nothing but the size of the samples: the same samples give the same
// interval on every machine.
//
// The percentile interval is used, not BCa: the acceleration of BCa is a
// jackknife, and a median hardly moves when one value is left out, so that it
// corrects by noise. TestIntervalCovers holds how often the interval covers the
// truth.
//
// Fewer than six repetitions have no 95 % interval of their median at all
// (1 - 2/2^6 is the first above 95 %). The range of every ratio that the samples
// allow stands in for it, and the Basis of the ratio says so.
package stats
