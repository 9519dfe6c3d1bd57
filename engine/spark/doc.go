// Package spark evaluates contracts and models in the user's Apache Spark: their own
// text, rendered where the two engines spell a thing differently, as statements of one
// application that spark-submit starts. What Spark has no part in, the reading of raw
// bytes and the one file of a unit, is another engine's, which it is given.
package spark
