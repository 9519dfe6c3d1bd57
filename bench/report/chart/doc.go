// Package chart draws the pictures of a report as SVG: on gonum's plot, with the
// rows, marks and labels that a comparison of ratios needs.
//
// A drawing names no colour of its own. Each element is of a Tone, which becomes a
// class with the light colour as its fallback, so that one picture serves a light
// and a dark page, and a page whose policy allows no style attribute. Rules says
// what the classes mean.
//
// Every chart is drawn for a width, so that its text has one size on a wide page
// and on a phone. Labels stand above their bars rather than beside them: nothing
// overlaps however long a name is.
package chart
