// Package draft looks at samples of a feed and drafts its contract: how text is cut
// into fields, the columns' types and formats, and candidates for the key, the
// business date and the control totals.
//
// What it writes is a beginning for a person to read and correct. It guesses; the
// mill, which reads by the contract alone, never does.
package draft
