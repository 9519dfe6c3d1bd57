// Package report turns results of the bench into a report for people: Markdown and
// one HTML file that opens offline, of the same document.
//
// A report first answers whether the pipeline's promise held. Every figure in it
// knows the cases that it comes from and how, as a Figure: the pages link it to
// the case's row at the end, where the command stands that makes its samples again,
// and TestEveryFigureIsInTheResult makes each again from the raw samples. A case
// that was skipped, or whose answer was wrong, is shown with its reason and counts
// for nothing.
//
// A result says what its comparisons are for (package result); no case is known
// here by its name.
package report
