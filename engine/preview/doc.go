// Package preview shows what an edited model makes, before anything is published: its
// rows, what they cost, and how they differ from what was there. A [Session] stays
// open over edits: raw records that were landed and upstream units that are the same
// as before are not made again, so that a file can be looked at on every save.
package preview
