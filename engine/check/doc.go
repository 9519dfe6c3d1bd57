// Package check says what is wrong with a project's SQL files, and what will be: it
// has every file bound, and then reads the trees and plans that the binder makes of
// the sound ones for what an engine accepts and a bank should not. Each finding has a
// rule with a name, a reason, and a way out; a comment beside the place silences it.
//
// Money is what is DECIMAL: the package knows no column by name.
package check
