// Package bench measures: cases in suites, each repetition in its turn, what came
// out compared before any time counts.
//
// A [Suite] answers a question with cases that are interleaved in time; a [Case] is a
// small value that gets ready, runs, is checked and cleans up. [Run] is the method:
// a repetition that warms up and does not count, then rounds in an order that is
// shuffled anew, each repetition in a process of its own, until each case has what
// the method asks for or the budget has ended. A case whose rows are not those of
// the others is void. What was measured is a [result.Result], raw.
//
// The package knows no case: those are in bench/cases.
package bench
