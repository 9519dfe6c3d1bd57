// Package dictionary writes the data dictionary of a project: every dataset and column
// with its type, its meaning, what holds it to that, where it comes from and who reads
// it. It is made of the SQL files alone, as Markdown and as one page that opens
// offline.
package dictionary
